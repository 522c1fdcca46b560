package scheduling

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// PriorityClass names a priority of pods.
var PriorityClass = api.Define(api.Kind[*schedulingv1.PriorityClass]{
	GVK: gv.WithKind("PriorityClass"), Plural: "priorityclasses", Prefix: "priorityclasses",
	ShortNames: []string{"pc"},
	New:        api.New[schedulingv1.PriorityClass], NewList: api.NewList[schedulingv1.PriorityClassList],

	Default: func(o *schedulingv1.PriorityClass) {
		meta.FillPtr(&o.PreemptionPolicy, corev1.PreemptLowerPriority)
	},
	// Nothing raises it: no update changes what is wanted.
	PrepareCreate: func(o *schedulingv1.PriorityClass) { o.Generation = 1 },
	Validate:      validateClass,
	ValidateUpdate: func(o, old *schedulingv1.PriorityClass) field.ErrorList {
		var errs field.ErrorList
		if o.Value != old.Value {
			errs = append(errs, field.Forbidden(field.NewPath("value"), "may not be changed in an update."))
		}
		return append(errs, meta.Immutable(field.NewPath("preemptionPolicy"), o.PreemptionPolicy, old.PreemptionPolicy)...)
	},

	Columns: table.Of("Name", "Value", "Global-Default", "Age", "PreemptionPolicy").Integers("Value").Booleans("Global-Default").
		Docs(map[string]string{
			"Value":            schedulingv1.PriorityClass{}.SwaggerDoc()["value"],
			"Global-Default":   schedulingv1.PriorityClass{}.SwaggerDoc()["globalDefault"],
			"PreemptionPolicy": schedulingv1.PriorityClass{}.SwaggerDoc()["preemptionPolicy"],
		}),
	Row: func(o *schedulingv1.PriorityClass) []any {
		policy := string(corev1.PreemptLowerPriority)
		if o.PreemptionPolicy != nil {
			policy = string(*o.PreemptionPolicy)
		}
		return []any{o.Name, int64(o.Value), o.GlobalDefault, table.Age(o.CreationTimestamp), policy}
	},
})

// Users' priorities end where the system's begin.
const (
	highestUserPriority = 1000000000
	systemPrefix        = "system-"
)

// System are the classes that every cluster has, with their values. No other
// class may be called system-.
var System = map[string]int32{
	"system-cluster-critical": 2 * highestUserPriority,
	"system-node-critical":    2*highestUserPriority + 1000,
}

func validateClass(o *schedulingv1.PriorityClass) field.ErrorList {
	var errs field.ErrorList
	switch {
	case strings.HasPrefix(o.Name, systemPrefix):
		if why := notOfTheSystem(o); why != "" {
			errs = append(errs, field.Forbidden(field.NewPath("metadata", "name"),
				"priority class names with 'system-' prefix are reserved for system use only. error: "+why))
		}
	case o.Value > highestUserPriority:
		errs = append(errs, field.Forbidden(field.NewPath("value"),
			fmt.Sprintf("maximum allowed value of a user defined priority is %d", highestUserPriority)))
	}
	if policy := o.PreemptionPolicy; policy != nil {
		errs = append(errs, meta.Enum(field.NewPath("preemptionPolicy"), *policy, corev1.PreemptLowerPriority, corev1.PreemptNever)...)
	}
	return errs
}

// notOfTheSystem says why o is none of the classes that every cluster has; ""
// when it is one.
func notOfTheSystem(o *schedulingv1.PriorityClass) string {
	value, known := System[o.Name]
	switch {
	case !known:
		return o.Name + " is not a known system priority class"
	case o.Value != value:
		return fmt.Sprintf("value of %s PriorityClass must be %d", o.Name, value)
	case o.GlobalDefault:
		return fmt.Sprintf("globalDefault of %s PriorityClass must be false", o.Name)
	}
	return ""
}
