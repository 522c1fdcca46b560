package flowcontrol

import (
	"fmt"
	"math"
	"slices"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// PriorityLevelConfiguration bounds the requests of a level.
var PriorityLevelConfiguration = api.Define(api.Kind[*flowcontrolv1.PriorityLevelConfiguration]{
	GVK: gv.WithKind("PriorityLevelConfiguration"), Plural: "prioritylevelconfigurations", Prefix: "prioritylevelconfigurations",
	New: api.New[flowcontrolv1.PriorityLevelConfiguration], NewList: api.NewList[flowcontrolv1.PriorityLevelConfigurationList],
	Spec: func(o *flowcontrolv1.PriorityLevelConfiguration) any { return &o.Spec },
	Parts: []api.PartOf[*flowcontrolv1.PriorityLevelConfiguration]{
		api.StatusOnly(func(dst, src *flowcontrolv1.PriorityLevelConfiguration) { dst.Status = src.Status }).
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

// zeroShares was how v1beta3 said that a level has no shares of its own.
const zeroShares = "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares"

func validateLevel(o *flowcontrolv1.PriorityLevelConfiguration) field.ErrorList {
	s, p := &o.Spec, field.NewPath("spec")
	var errs field.ErrorList
	if _, ok := o.Annotations[zeroShares]; ok {
		errs = append(errs, field.Forbidden(field.NewPath("metadata", "annotations"), fmt.Sprintf("annotation '%s' is forbidden", zeroShares)))
	}
	if (o.Name == flowcontrolv1.PriorityLevelConfigurationNameExempt) != (s.Type == flowcontrolv1.PriorityLevelEnablementExempt) {
		errs = append(errs, field.Invalid(p.Child("type"), s.Type, "type must be 'Exempt' if and only if name is 'exempt'"))
	}
	types := []flowcontrolv1.PriorityLevelEnablement{flowcontrolv1.PriorityLevelEnablementExempt, flowcontrolv1.PriorityLevelEnablementLimited}
	switch s.Type {
	case flowcontrolv1.PriorityLevelEnablementExempt:
		if e := s.Exempt; e != nil {
			errs = append(errs, validateShares(e.NominalConcurrencyShares, p.Child("exempt"))...)
			errs = append(errs, validateLendable(e.LendablePercent, p.Child("exempt"))...)
		}
	case flowcontrolv1.PriorityLevelEnablementLimited:
		if s.Limited != nil {
			errs = append(errs, validateLimited(s.Limited, p.Child("limited"))...)
		}
	case "": // asked for below
	default:
		errs = append(errs, field.NotSupported(p.Child("type"), s.Type, types))
	}
	errs = append(errs, validateFixedLevel(o.Name, s, p)...)
	errs = append(errs, validateConditions(levelConditions(o))...)
	return append(errs, validateModes(s, p)...)
}

// validateFixedLevel keeps the levels that must be as they are.
func validateFixedLevel(name string, s *flowcontrolv1.PriorityLevelConfigurationSpec, p *field.Path) field.ErrorList {
	switch name {
	case flowcontrolv1.PriorityLevelConfigurationNameExempt:
		fixed := Exempt
		fixed.Exempt = s.Exempt
		if !equality.Semantic.DeepEqual(fixed, *s) {
			return field.ErrorList{field.Invalid(p, *s, "spec of 'exempt' except the 'spec.exempt' field must equal the fixed value")}
		}
	case flowcontrolv1.PriorityLevelConfigurationNameCatchAll:
		return validateFixed(name, p, *s, CatchAll)
	}
	return nil
}

// validateFixed wants spec to be the one that every cluster has by that name.
func validateFixed[T any](name string, p *field.Path, spec, fixed T) field.ErrorList {
	if equality.Semantic.DeepEqual(spec, fixed) {
		return nil
	}
	return field.ErrorList{field.Invalid(p, spec, fmt.Sprintf("spec of '%s' must equal the fixed value", name))}
}

// validateModes wants the fields that go with a type, and no others. Clients
// find these errors behind all others.
func validateModes(s *flowcontrolv1.PriorityLevelConfigurationSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if s.Exempt != nil && s.Type != flowcontrolv1.PriorityLevelEnablementExempt {
		errs = append(errs, field.Forbidden(p.Child("exempt"), ""))
	}
	errs = append(errs, mode(p.Child("limited"), s.Limited != nil, s.Type == flowcontrolv1.PriorityLevelEnablementLimited)...)
	errs = append(errs, meta.Required(p.Child("type"), string(s.Type), nil)...)
	if s.Limited != nil {
		r, rp := &s.Limited.LimitResponse, p.Child("limited", "limitResponse")
		errs = append(errs, mode(rp.Child("queuing"), r.Queuing != nil, r.Type == flowcontrolv1.LimitResponseTypeQueue)...)
		errs = append(errs, meta.Required(rp.Child("type"), string(r.Type), nil)...)
	}
	return errs
}

// mode wants a field to be there if, and only if, its mode is on.
func mode(p *field.Path, given, on bool) field.ErrorList {
	switch {
	case on && !given:
		return field.ErrorList{field.Required(p, "")}
	case given && !on:
		return field.ErrorList{field.Forbidden(p, "")}
	}
	return nil
}

func validateShares(shares *int32, p *field.Path) field.ErrorList {
	if shares == nil || *shares >= 0 {
		return nil
	}
	return field.ErrorList{field.Invalid(p.Child("nominalConcurrencyShares"), *shares, "must be a non-negative integer")}
}

func validateLendable(percent *int32, p *field.Path) field.ErrorList {
	if percent == nil || *percent >= 0 && *percent <= 100 {
		return nil
	}
	return field.ErrorList{field.Invalid(p.Child("lendablePercent"), *percent, "must be between 0 and 100, inclusive")}
}

func validateLimited(l *flowcontrolv1.LimitedPriorityLevelConfiguration, p *field.Path) field.ErrorList {
	errs := validateShares(l.NominalConcurrencyShares, p)
	errs = append(errs, validateResponse(&l.LimitResponse, p.Child("limitResponse"))...)
	errs = append(errs, validateLendable(l.LendablePercent, p)...)
	if b := l.BorrowingLimitPercent; b != nil && *b < 0 {
		errs = append(errs, field.Invalid(p.Child("borrowingLimitPercent"), *b, "if specified, must be a non-negative integer"))
	}
	return errs
}

func validateResponse(r *flowcontrolv1.LimitResponse, p *field.Path) field.ErrorList {
	types := []flowcontrolv1.LimitResponseType{flowcontrolv1.LimitResponseTypeQueue, flowcontrolv1.LimitResponseTypeReject}
	switch {
	case r.Type == flowcontrolv1.LimitResponseTypeQueue && r.Queuing != nil:
		return validateQueuing(r.Queuing, p.Child("queuing"))
	case r.Type != "" && !slices.Contains(types, r.Type):
		return field.ErrorList{field.NotSupported(p.Child("type"), r.Type, types)}
	}
	return nil
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
