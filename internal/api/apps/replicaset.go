package apps

import (
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"

	"skiff/internal/api"
)

// ReplicaSet keeps a number of like pods.
var ReplicaSet = api.Define(api.Kind[*appsv1.ReplicaSet]{
	GVK: gv.WithKind("ReplicaSet"), Plural: "replicasets", Prefix: "replicasets", Namespaced: true,
	ShortNames: []string{"rs"}, Categories: []string{"all"},
	New: api.New[appsv1.ReplicaSet], NewList: api.NewList[appsv1.ReplicaSetList],
	Spec: func(o *appsv1.ReplicaSet) any { return o.Spec },
	Parts: []api.PartOf[*appsv1.ReplicaSet]{
		api.Status(func(dst, src *appsv1.ReplicaSet) { dst.Status = src.Status }),
	},
	Scale: &api.ScaleOf[*appsv1.ReplicaSet]{
		Get: func(o *appsv1.ReplicaSet) *autoscalingv1.Scale {
			return api.ScaleObject(o, o.Spec.Replicas, o.Status.Replicas, api.SelectorString(o.Spec.Selector))
		},
		Set: func(o *appsv1.ReplicaSet, replicas int32) { o.Spec.Replicas = &replicas },
	},
})
