package flowcontrol

import (
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// FlowSchema sorts requests into priority levels.
var FlowSchema = api.Define(api.Kind[*flowcontrolv1.FlowSchema]{
	GVK: gv.WithKind("FlowSchema"), Plural: "flowschemas", Prefix: "flowschemas",
	New: api.New[flowcontrolv1.FlowSchema], NewList: api.NewList[flowcontrolv1.FlowSchemaList],
	Spec: func(o *flowcontrolv1.FlowSchema) any { return o.Spec },
	Parts: []api.PartOf[*flowcontrolv1.FlowSchema]{
		api.Status(func(dst, src *flowcontrolv1.FlowSchema) { dst.Status = src.Status }),
	},

	Default: func(o *flowcontrolv1.FlowSchema) {
		meta.Fill(&o.Spec.MatchingPrecedence, matchingPrecedence)
	},
	Validate: func(o *flowcontrolv1.FlowSchema) field.ErrorList {
		p := field.NewPath("spec")
		errs := meta.Name(p.Child("priorityLevelConfiguration", "name"), o.Spec.PriorityLevelConfiguration.Name, meta.Subdomain)
		if n := o.Spec.MatchingPrecedence; n < 1 || n > maxPrecedence {
			errs = append(errs, field.Invalid(p.Child("matchingPrecedence"), n, "must be between 1 and 10000"))
		}
		return errs
	},
	Columns: table.Of("Name", "PriorityLevel", "MatchingPrecedence", "DistinguisherMethod", "Age", "MissingPL").Integers("MatchingPrecedence"),
	Row:     schemaRow,
})

const (
	matchingPrecedence = 1000
	maxPrecedence      = 10000
)

func schemaRow(o *flowcontrolv1.FlowSchema) []any {
	method, missing := table.None, "?"
	if m := o.Spec.DistinguisherMethod; m != nil {
		method = string(m.Type)
	}
	for _, c := range o.Status.Conditions {
		if c.Type == flowcontrolv1.FlowSchemaConditionDangling {
			missing = string(c.Status)
		}
	}
	return []any{
		o.Name, o.Spec.PriorityLevelConfiguration.Name, int64(o.Spec.MatchingPrecedence), method, table.Age(o.CreationTimestamp), missing,
	}
}
