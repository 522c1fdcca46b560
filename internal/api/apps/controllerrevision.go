package apps

import (
	"encoding/json"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// ControllerRevision is a past state of a DaemonSet or StatefulSet.
var ControllerRevision = api.Define(api.Kind[*appsv1.ControllerRevision]{
	GVK: gv.WithKind("ControllerRevision"), Plural: "controllerrevisions", Prefix: "controllerrevisions", Namespaced: true,
	New: api.New[appsv1.ControllerRevision], NewList: api.NewList[appsv1.ControllerRevisionList],

	Validate: func(o *appsv1.ControllerRevision) field.ErrorList {
		return meta.NonNegative(field.NewPath("revision"), o.Revision)
	},
	ValidateNew: validateRevisionData,
	ValidateUpdate: func(o, old *appsv1.ControllerRevision) field.ErrorList {
		return meta.Immutable(field.NewPath("data"), o.Data, old.Data)
	},

	Columns: table.Of("Name", "Controller", "Revision", "Age").Docs(map[string]string{
		"Controller": "Controller of the object", "Revision": appsv1.ControllerRevision{}.SwaggerDoc()["revision"],
	}),
	Row: func(o *appsv1.ControllerRevision) []any {
		return []any{o.Name, controllerName(o), o.Revision, table.Age(o.CreationTimestamp)}
	},
})

// validateRevisionData wants an object, whatever is in it. What was stored before
// may be anything.
func validateRevisionData(o *appsv1.ControllerRevision) field.ErrorList {
	p := field.NewPath("data")
	if o.Data.Raw == nil {
		return field.ErrorList{field.Required(p, "data is mandatory")}
	}
	var v any
	if err := json.Unmarshal(o.Data.Raw, &v); err != nil {
		return field.ErrorList{field.Invalid(p, "<value omitted>", "error parsing data: "+err.Error())}
	}
	if v == nil {
		return field.ErrorList{field.Required(p, "data is mandatory")}
	}
	if _, ok := v.(map[string]any); !ok {
		return field.ErrorList{field.Required(p, "data must be a valid JSON object")}
	}
	return nil
}

func controllerName(o *appsv1.ControllerRevision) string {
	ref := metav1.GetControllerOf(o)
	if ref == nil {
		return table.None
	}
	gk := schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind).GroupKind()
	return strings.ToLower(gk.String()) + "/" + ref.Name
}

func itoa(n int32) string { return strconv.Itoa(int(n)) }
