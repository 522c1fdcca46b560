package apiserver

import (
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"skiff/internal/api"
)

// storedFields is a field selector of a client by the names of the fields as
// they are stored. It refuses fields that the kind cannot select by.
func storedFields(r *api.Resource, sel fields.Selector) (fields.Selector, error) {
	out, err := sel.Transform(func(name, value string) (string, string, error) {
		if stored, ok := r.FieldAliases[name]; ok {
			return stored, value, nil
		}
		if !selectable(r, name) {
			return "", "", unselectable(r, name)
		}
		return name, value, nil
	})
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	return out, nil
}

// selectable says whether a field can be selected by. Kinds with fields of
// their own that lie in no namespace do not take metadata.namespace; others do.
func selectable(r *api.Resource, name string) bool {
	switch name {
	case "metadata.name":
		return true
	case "metadata.namespace":
		return r.Namespaced || !hasFields(r)
	}
	return slices.Contains(r.FieldNames, name)
}

// hasFields says whether the kind has selectable fields of its own.
func hasFields(r *api.Resource) bool { return len(r.FieldNames)+len(r.FieldAliases) > 0 }

// fieldFaults are the refusals of kinds that word them in their own way.
var fieldFaults = map[schema.GroupKind]string{
	{Group: "batch", Kind: "Job"}:                     "field label %q not supported for batchv1.Job",
	{Group: "resource.k8s.io", Kind: "ResourceSlice"}: "field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: %s",
}

// unselectable is the refusal of a field, in the words of upstream.
func unselectable(r *api.Resource, name string) error {
	if fault, ok := fieldFaults[r.GroupVersionKind.GroupKind()]; ok {
		return fmt.Errorf(fault, name)
	}
	if hasFields(r) {
		return fmt.Errorf("field label not supported: %s", name)
	}
	return fmt.Errorf("%q is not a known field selector: only %q, %q", name, "metadata.name", "metadata.namespace")
}
