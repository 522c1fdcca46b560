package patch

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"k8s.io/apimachinery/pkg/types"
)

// Members are the top-level members of an object that a merge patch names: it
// leaves all others, and metadata.managedFields, as they are. It is false of a
// patch that may reach further, or cannot be read.
func Members(t types.PatchType, data []byte) ([]string, bool) {
	if t != types.MergePatchType && t != types.StrategicMergePatchType {
		return nil, false
	}
	var top, meta map[string]jsontext.Value
	if json.Unmarshal(data, &top) != nil || top == nil {
		return nil, false
	}
	for name := range top {
		if strings.HasPrefix(name, "$") {
			return nil, false
		}
	}
	if sent, found := top["metadata"]; found && (json.Unmarshal(sent, &meta) != nil || meta == nil) {
		return nil, false
	}
	for name := range meta {
		if name == "$patch" || name == "$retainKeys" || strings.Contains(name, "managedFields") {
			return nil, false
		}
	}
	return slices.Sorted(maps.Keys(top)), true
}

// Clear empties the members of an object, a pointer to a struct, and its
// apiVersion and kind, so that a patched document can be decoded in their
// place.
func Clear(obj any, members []string) {
	v := reflect.ValueOf(obj).Elem()
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if name == "" || slices.Contains(members, name) { // TypeMeta has no name
			v.Field(i).SetZero()
		}
	}
}
