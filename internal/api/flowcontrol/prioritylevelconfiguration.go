package flowcontrol

import (
	"fmt"
	"math"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// PriorityLevelConfiguration bounds the requests of a level.
var PriorityLevelConfiguration = api.Define(api.Kind[*flowcontrolv1.PriorityLevelConfiguration]{
	GVK: gv.WithKind("PriorityLevelConfiguration"), Plural: "prioritylevelconfigurations", Prefix: "prioritylevelconfigurations",
	New: api.New[flowcontrolv1.PriorityLevelConfiguration], NewList: api.NewList[flowcontrolv1.PriorityLevelConfigurationList],
	Spec: func(o *flowcontrolv1.PriorityLevelConfiguration) any { return o.Spec },
	Parts: []api.PartOf[*flowcontrolv1.PriorityLevelConfiguration]{
		api.Status(func(dst, src *flowcontrolv1.PriorityLevelConfiguration) { dst.Status = src.Status }).
			Validated(func(o, _ *flowcontrolv1.PriorityLevelConfiguration) field.ErrorList {
				return validateConditions(levelConditions(o))
			}),
	},
	Validate: validateLevel,

	Default: func(o *flowcontrolv1.PriorityLevelConfiguration) {
		if e := o.Spec.Exempt; e != nil {
			meta.FillPtr(&e.NominalConcurrencyShares, 0)
			meta.FillPtr(&e.LendablePercent, 0)
		}
		l := o.Spec.Limited
		if l == nil {
			return
		}
		meta.FillPtr(&l.NominalConcurrencyShares, 30)
		meta.FillPtr(&l.LendablePercent, 0)
		if q := l.LimitResponse.Queuing; q != nil {
			meta.Fill(&q.Queues, 64)
			meta.Fill(&q.HandSize, 8)
			meta.Fill(&q.QueueLengthLimit, 50)
		}
	},
	Columns: table.Of("Name", "Type", "NominalConcurrencyShares", "Queues", "HandSize", "QueueLengthLimit", "Age").Docs(map[string]string{
		"Type":                     flowcontrolv1.PriorityLevelConfigurationSpec{}.SwaggerDoc()["type"],
		"NominalConcurrencyShares": flowcontrolv1.LimitedPriorityLevelConfiguration{}.SwaggerDoc()["nominalConcurrencyShares"],
		"Queues":                   flowcontrolv1.QueuingConfiguration{}.SwaggerDoc()["queues"],
		"HandSize":                 flowcontrolv1.QueuingConfiguration{}.SwaggerDoc()["handSize"],
		"QueueLengthLimit":         flowcontrolv1.QueuingConfiguration{}.SwaggerDoc()["queueLengthLimit"],
	}),
	Row: levelRow,
})

func levelRow(o *flowcontrolv1.PriorityLevelConfiguration) []any {
	var shares, queues, hand, length any = table.None, table.None, table.None, table.None
	if l := o.Spec.Limited; l != nil {
		shares = table.Number(l.NominalConcurrencyShares)
		if q := l.LimitResponse.Queuing; q != nil {
			queues, hand, length = int64(q.Queues), int64(q.HandSize), int64(q.QueueLengthLimit)
		}
	}
	return []any{o.Name, string(o.Spec.Type), shares, queues, hand, length, table.Age(o.CreationTimestamp)}
}

func levelConditions(o *flowcontrolv1.PriorityLevelConfiguration) (types []string) {
	for _, c := range o.Status.Conditions {
		types = append(types, string(c.Type))
	}
	return types
}

func validateLevel(o *flowcontrolv1.PriorityLevelConfiguration) field.ErrorList {
	s, p := &o.Spec, field.NewPath("spec")
	var errs field.ErrorList
	if (o.Name == flowcontrolv1.PriorityLevelConfigurationNameExempt) != (s.Type == flowcontrolv1.PriorityLevelEnablementExempt) {
		errs = append(errs, field.Invalid(p.Child("type"), s.Type, "type must be 'Exempt' if and only if name is 'exempt'"))
	}
	switch s.Type {
	case flowcontrolv1.PriorityLevelEnablementExempt:
		if s.Limited != nil {
			errs = append(errs, field.Forbidden(p.Child("limited"), "must be nil if the type is not Limited"))
		}
		if e := s.Exempt; e != nil {
			errs = append(errs, validateShares(e.NominalConcurrencyShares, e.LendablePercent, p.Child("exempt"))...)
		}
	case flowcontrolv1.PriorityLevelEnablementLimited:
		if s.Exempt != nil {
			errs = append(errs, field.Forbidden(p.Child("exempt"), "must be nil if the type is Limited"))
		}
		if s.Limited == nil {
			errs = append(errs, field.Required(p.Child("limited"), "must not be empty when type is Limited"))
		} else {
			errs = append(errs, validateLimited(s.Limited, p.Child("limited"))...)
		}
	default:
		errs = append(errs, field.NotSupported(p.Child("type"), s.Type, []flowcontrolv1.PriorityLevelEnablement{
			flowcontrolv1.PriorityLevelEnablementExempt, flowcontrolv1.PriorityLevelEnablementLimited}))
	}
	return append(errs, validateConditions(levelConditions(o))...)
}

func validateShares(shares, lendable *int32, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if shares != nil && *shares < 0 {
		errs = append(errs, field.Invalid(p.Child("nominalConcurrencyShares"), *shares, "must be a non-negative integer"))
	}
	if lendable != nil && (*lendable < 0 || *lendable > 100) {
		errs = append(errs, field.Invalid(p.Child("lendablePercent"), *lendable, "must be between 0 and 100, inclusive"))
	}
	return errs
}

func validateLimited(l *flowcontrolv1.LimitedPriorityLevelConfiguration, p *field.Path) field.ErrorList {
	errs := validateShares(l.NominalConcurrencyShares, l.LendablePercent, p)
	if b := l.BorrowingLimitPercent; b != nil && *b < 0 {
		errs = append(errs, field.Invalid(p.Child("borrowingLimitPercent"), *b, "if specified, must be a non-negative integer"))
	}
	r, rp := &l.LimitResponse, p.Child("limitResponse")
	switch qp := rp.Child("queuing"); r.Type {
	case flowcontrolv1.LimitResponseTypeReject:
		if r.Queuing != nil {
			errs = append(errs, field.Forbidden(qp, "must be nil if limited.limitResponse.type is not Limited"))
		}
	case flowcontrolv1.LimitResponseTypeQueue:
		if r.Queuing == nil {
			return append(errs, field.Required(qp, "must not be empty if limited.limitResponse.type is Limited"))
		}
		errs = append(errs, validateQueuing(r.Queuing, qp)...)
	default:
		errs = append(errs, field.NotSupported(rp.Child("type"), r.Type, []flowcontrolv1.LimitResponseType{
			flowcontrolv1.LimitResponseTypeQueue, flowcontrolv1.LimitResponseTypeReject}))
	}
	return errs
}

// Bounds on queues: how many there are, and how many bits of a hash it takes
// to deal a hand of them to a flow.
const (
	maxQueues   = 10_000_000
	maxHashBits = 60
)

func validateQueuing(q *flowcontrolv1.QueuingConfiguration, p *field.Path) field.ErrorList {
	const positive = "must be positive"
	var errs field.ErrorList
	if q.QueueLengthLimit <= 0 {
		errs = append(errs, field.Invalid(p.Child("queueLengthLimit"), q.QueueLengthLimit, positive))
	}
	switch {
	case q.Queues <= 0:
		errs = append(errs, field.Invalid(p.Child("queues"), q.Queues, positive))
	case q.Queues > maxQueues:
		errs = append(errs, field.Invalid(p.Child("queues"), q.Queues, fmt.Sprintf("must not be greater than %d", maxQueues)))
	}
	switch hp := p.Child("handSize"); {
	case q.HandSize <= 0:
		errs = append(errs, field.Invalid(hp, q.HandSize, positive))
	case q.HandSize > q.Queues:
		errs = append(errs, field.Invalid(hp, q.HandSize, fmt.Sprintf("should not be greater than queues (%d)", q.Queues)))
	case hashBits(q.Queues, q.HandSize) > maxHashBits:
		errs = append(errs, field.Invalid(hp, q.HandSize, fmt.Sprintf(
			"required entropy bits of deckSize %d and handSize %d should not be greater than %d", q.Queues, q.HandSize, maxHashBits)))
	}
	return errs
}

// hashBits is how many bits tell apart all hands of a deck.
func hashBits(deck, hand int32) int {
	bits := 0.0
	for i := range hand {
		bits += math.Log2(float64(deck - i))
	}
	return int(math.Ceil(bits))
}
