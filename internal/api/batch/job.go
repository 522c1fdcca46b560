package batch

import (
	batchv1 "k8s.io/api/batch/v1"

	"skiff/internal/api"
)

// Job runs pods until enough have succeeded.
var Job = api.Define(api.Kind[*batchv1.Job]{
	GVK: gv.WithKind("Job"), Plural: "jobs", Prefix: "jobs", Namespaced: true,
	Categories: []string{"all"},
	New:        api.New[batchv1.Job], NewList: api.NewList[batchv1.JobList],
	OrphanByDefault: true,
	Spec:            func(o *batchv1.Job) any { return o.Spec },
	Parts: []api.PartOf[*batchv1.Job]{
		api.Status(func(dst, src *batchv1.Job) { dst.Status = src.Status }),
	},
})
