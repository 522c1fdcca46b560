package batch

import (
	batchv1 "k8s.io/api/batch/v1"

	"skiff/internal/api"
)

// CronJob makes Jobs at set times.
var CronJob = api.Define(api.Kind[*batchv1.CronJob]{
	GVK: gv.WithKind("CronJob"), Plural: "cronjobs", Prefix: "cronjobs", Namespaced: true,
	ShortNames: []string{"cj"}, Categories: []string{"all"},
	New: api.New[batchv1.CronJob], NewList: api.NewList[batchv1.CronJobList],
	Spec: func(o *batchv1.CronJob) any { return o.Spec },
	Parts: []api.PartOf[*batchv1.CronJob]{
		api.Status(func(dst, src *batchv1.CronJob) { dst.Status = src.Status }),
	},
})
