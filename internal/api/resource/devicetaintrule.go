package resource

import (
	"time"

	resourcev1 "k8s.io/api/resource/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// DeviceTaintRule taints devices.
var DeviceTaintRule = api.Define(api.Kind[*resourcev1.DeviceTaintRule]{
	GVK: gv.WithKind("DeviceTaintRule"), Plural: "devicetaintrules", Prefix: "devicetaintrules",
	New: api.New[resourcev1.DeviceTaintRule], NewList: api.NewList[resourcev1.DeviceTaintRuleList],
	Spec: func(o *resourcev1.DeviceTaintRule) any { return &o.Spec },

	RequireResourceVersion: true,

	Default:       func(o *resourcev1.DeviceTaintRule) { defaultTaint(&o.Spec.Taint) },
	PrepareUpdate: func(o, old *resourcev1.DeviceTaintRule) { renewTaint(&o.Spec.Taint, &old.Spec.Taint) },
	ValidateNew: func(o *resourcev1.DeviceTaintRule) field.ErrorList {
		return validateTaintRule(&o.Spec, nil)
	},
	ValidateUpdate: func(o, old *resourcev1.DeviceTaintRule) field.ErrorList {
		return validateTaintRule(&o.Spec, &old.Spec)
	},
	Parts: []api.PartOf[*resourcev1.DeviceTaintRule]{
		api.StatusOnly(func(dst, src *resourcev1.DeviceTaintRule) { dst.Status = src.Status }).
			Validated(func(o, _ *resourcev1.DeviceTaintRule) field.ErrorList {
				return validateTaintRuleStatus(&o.Status, field.NewPath("status", "conditions"))
			}),
	},

	Columns: table.Of("Name", "Age"),
	Row:     func(o *resourcev1.DeviceTaintRule) []any { return []any{o.Name, table.Age(o.CreationTimestamp)} },
})

// defaultTaint says since when the taint is there.
func defaultTaint(t *resourcev1.DeviceTaint) {
	if t.TimeAdded == nil {
		t.TimeAdded = &metav1.Time{Time: time.Now().Truncate(time.Second)}
	}
}

// renewTaint: a taint with another effect is new, unless a client says since
// when it is there.
func renewTaint(t, old *resourcev1.DeviceTaint) {
	if t.Effect != old.Effect && t.TimeAdded.Equal(old.TimeAdded) {
		t.TimeAdded = nil
		defaultTaint(t)
	}
}

func validateTaintRule(s, old *resourcev1.DeviceTaintRuleSpec) field.ErrorList {
	p := field.NewPath("spec")
	var errs field.ErrorList
	if d, dp := s.DeviceSelector, p.Child("deviceSelector"); d != nil {
		if d.Driver != nil {
			errs = append(errs, driverName(dp.Child("driver"), *d.Driver)...)
		}
		if d.Pool != nil {
			errs = append(errs, poolName(dp.Child("pool"), *d.Pool)...)
		}
		if d.Device != nil {
			errs = append(errs, label(dp.Child("device"), *d.Device)...)
		}
	}
	errs = append(errs, validateTaint(p.Child("taint"), &s.Taint)...)
	return append(errs, meta.Published(resourcev1.Validate_DeviceTaintRuleSpec, p, s, old, nil)...)
}

func validateTaint(p *field.Path, t *resourcev1.DeviceTaint) field.ErrorList {
	errs := metavalidation.ValidateLabelName(t.Key, p.Child("key"))
	return append(errs, meta.Optional(p.Child("value"), t.Value, validation.IsValidLabelValue)...)
}

func validateTaintRuleStatus(s *resourcev1.DeviceTaintRuleStatus, p *field.Path) field.ErrorList {
	errs := metavalidation.ValidateConditions(s.Conditions, p)
	if n, limit := len(s.Conditions), resourcev1.DeviceTaintRuleStatusMaxConditions; n > limit {
		errs = append(errs, field.TooMany(p, n, limit))
	}
	return errs
}
