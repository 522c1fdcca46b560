package flowcontrol

import (
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"

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
		api.Status(func(dst, src *flowcontrolv1.PriorityLevelConfiguration) { dst.Status = src.Status }),
	},

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
	Columns: table.Of("Name", "Type", "NominalConcurrencyShares", "Queues", "HandSize", "QueueLengthLimit", "Age"),
	Row:     levelRow,
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
