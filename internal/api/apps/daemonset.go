package apps

import (
	appsv1 "k8s.io/api/apps/v1"

	"skiff/internal/api"
)

// DaemonSet keeps one pod on each node.
var DaemonSet = api.Define(api.Kind[*appsv1.DaemonSet]{
	GVK: gv.WithKind("DaemonSet"), Plural: "daemonsets", Prefix: "daemonsets", Namespaced: true,
	ShortNames: []string{"ds"}, Categories: []string{"all"},
	New: api.New[appsv1.DaemonSet], NewList: api.NewList[appsv1.DaemonSetList],
	Spec: func(o *appsv1.DaemonSet) any { return o.Spec },
	Parts: []api.PartOf[*appsv1.DaemonSet]{
		api.Status(func(dst, src *appsv1.DaemonSet) { dst.Status = src.Status }),
	},
})
