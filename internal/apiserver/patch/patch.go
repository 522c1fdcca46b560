// Package patch applies patches to the JSON of an object: pure functions from
// bytes to bytes. Server-side apply is not here, as it needs the account of
// field managers.
package patch

import (
	"errors"
	"fmt"
	"mime"
	"net/http"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/mergepatch"
	"k8s.io/apimachinery/pkg/util/strategicpatch"

	"skiff/internal/apiserver/negotiate"
)

// maxOperations bounds what one JSON patch may do.
const maxOperations = 10000

// The types of server-side apply patches.
const (
	ApplyYAML = types.ApplyYAMLPatchType
	ApplyCBOR = types.ApplyCBORPatchType
)

// TypeOf is the patch type that a Content-Type names; the error is a 415.
func TypeOf(contentType string) (types.PatchType, error) {
	accepted := []types.PatchType{types.JSONPatchType, types.MergePatchType, types.StrategicMergePatchType, ApplyYAML, ApplyCBOR}
	media, _, _ := mime.ParseMediaType(contentType)
	names := make([]string, len(accepted))
	for i, t := range accepted {
		if media == string(t) {
			return t, nil
		}
		names[i] = string(t)
	}
	return "", negotiate.UnsupportedMediaType(names)
}

// Apply returns original with the patch applied. like is the Go type of the
// object, whose tags say how a strategic merge treats lists.
func Apply(t types.PatchType, original, patch []byte, like any) ([]byte, error) {
	switch t {
	case types.JSONPatchType:
		return applyJSON(original, patch)
	case types.MergePatchType:
		return applyMerge(original, patch)
	case types.StrategicMergePatchType:
		return applyStrategic(original, patch, like)
	}
	return nil, fmt.Errorf("unknown patch type %q", t)
}

func applyJSON(original, patch []byte) ([]byte, error) {
	p, err := jsonpatch.DecodePatch(patch)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	if len(p) > maxOperations {
		return nil, apierrors.NewRequestEntityTooLargeError(
			fmt.Sprintf("The allowed maximum operations in a JSON patch is %d, got %d", maxOperations, len(p)))
	}
	out, err := p.Apply(original)
	if err != nil {
		return nil, unprocessable(err)
	}
	return out, nil
}

func applyMerge(original, patch []byte) ([]byte, error) {
	if _, err := document(patch); err != nil {
		return nil, err
	}
	out, err := jsonpatch.MergePatch(original, patch)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	return out, nil
}

func applyStrategic(original, patch []byte, like any) ([]byte, error) {
	changes, err := document(patch)
	if err != nil {
		return nil, err
	}
	state, err := document(original)
	if err != nil {
		return nil, err
	}
	meta, err := strategicpatch.NewPatchMetaFromStruct(like)
	if err != nil {
		return nil, err
	}
	merged, err := strategicpatch.StrategicMergeMapPatchUsingLookupPatchMeta(state, changes, meta)
	if err != nil {
		return nil, strategicError(err)
	}
	return json.Marshal(merged)
}

// document decodes a JSON object, and keeps whole numbers whole.
func document(data []byte) (map[string]any, error) {
	var out map[string]any
	err := json.Unmarshal(data, &out)
	if err != nil {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("error decoding patch: %v", err))
	}
	return out, nil
}

func strategicError(err error) error {
	for _, bad := range []error{mergepatch.ErrBadJSONDoc, mergepatch.ErrBadPatchFormatForPrimitiveList,
		mergepatch.ErrBadPatchFormatForRetainKeys, mergepatch.ErrBadPatchFormatForSetElementOrderList,
		mergepatch.ErrUnsupportedStrategicMergePatchFormat} {
		if errors.Is(err, bad) {
			return apierrors.NewBadRequest(err.Error())
		}
	}
	if errors.Is(err, mergepatch.ErrNoListOfLists) {
		return unprocessable(err)
	}
	if mergepatch.IsPreconditionFailed(err) {
		return apierrors.NewConflict(schema.GroupResource{}, "", err)
	}
	return apierrors.NewBadRequest(err.Error())
}

// unprocessable is for a sound patch that does not fit the object.
func unprocessable(err error) error {
	return apierrors.NewGenericServerResponse(http.StatusUnprocessableEntity, "", schema.GroupResource{}, "", err.Error(), 0, false)
}
