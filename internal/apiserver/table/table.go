// Package table turns objects into the rows that kubectl prints, from the
// columns and cells that each kind defines.
package table

import (
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/api"
	"skiff/internal/store"
)

// Row is the JSON of an object's row. include says what of the object goes
// with it: its metadata (the default), all, or nothing. version is that of
// meta.k8s.io.
func Row(r *api.Resource, i store.Item, include metav1.IncludeObjectPolicy, version string) ([]byte, error) {
	obj := i.Object()
	cells, err := json.Marshal(r.Row(obj))
	if err != nil {
		return nil, err
	}
	shown, err := shownObject(obj, i, include, version)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(cells)+len(shown)+32)
	out = append(append(out, `{"cells":`...), cells...)
	out = append(append(out, `,"object":`...), shown...)
	return append(out, '}'), nil
}

func shownObject(obj api.Object, i store.Item, include metav1.IncludeObjectPolicy, version string) ([]byte, error) {
	switch include {
	case metav1.IncludeNone:
		return []byte("null"), nil
	case metav1.IncludeObject:
		return i.JSON(), nil
	}
	// The object is decoded for its cells, so its metadata is at hand.
	holder, ok := obj.(metav1.ObjectMetaAccessor)
	if !ok {
		return nil, fmt.Errorf("%T has no metadata", obj)
	}
	meta, err := json.Marshal(holder.GetObjectMeta())
	if err != nil {
		return nil, err
	}
	head := `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/` + version + `","metadata":`
	return append(append([]byte(head), meta...), '}'), nil
}
