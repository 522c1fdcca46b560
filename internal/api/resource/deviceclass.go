package resource

import (
	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// DeviceClass names a kind of device.
var DeviceClass = api.Define(api.Kind[*resourcev1.DeviceClass]{
	GVK: gv.WithKind("DeviceClass"), Plural: "deviceclasses", Prefix: "deviceclasses", ReturnsDeleted: true,
	New: api.New[resourcev1.DeviceClass], NewList: api.NewList[resourcev1.DeviceClassList],
	Spec: func(o *resourcev1.DeviceClass) any { return &o.Spec },

	ValidateNew:    func(o *resourcev1.DeviceClass) field.ErrorList { return validateClass(&o.Spec, nil) },
	ValidateUpdate: func(o, old *resourcev1.DeviceClass) field.ErrorList { return validateClass(&o.Spec, &old.Spec) },

	Columns: table.Of("Name", "Age"),
	Row:     func(o *resourcev1.DeviceClass) []any { return []any{o.Name, table.Age(o.CreationTimestamp)} },
})

// validateClass judges the spec of a class; old is nil for a new one.
func validateClass(s, old *resourcev1.DeviceClassSpec) field.ErrorList {
	p := field.NewPath("spec")
	var errs field.ErrorList
	if old == nil || !equality.Semantic.DeepEqual(s.Selectors, old.Selectors) {
		errs = validateSelectors(s.Selectors, p.Child("selectors"))
	}
	kept := old != nil && equality.Semantic.DeepEqual(s.Config, old.Config)
	errs = append(errs, each(p.Child("config"), s.Config, resourcev1.DeviceConfigMaxSize,
		func(p *field.Path, c *resourcev1.DeviceClassConfiguration) field.ErrorList {
			return validateConfiguration(&c.DeviceConfiguration, kept, p)
		})...)
	return append(errs, meta.Published(resourcev1.Validate_DeviceClassSpec, p, s, old, nil)...)
}
