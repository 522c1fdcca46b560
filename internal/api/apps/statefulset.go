package apps

import (
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"

	"skiff/internal/api"
)

// StatefulSet keeps numbered pods, each with its own storage.
var StatefulSet = api.Define(api.Kind[*appsv1.StatefulSet]{
	GVK: gv.WithKind("StatefulSet"), Plural: "statefulsets", Prefix: "statefulsets", Namespaced: true,
	ShortNames: []string{"sts"}, Categories: []string{"all"},
	New: api.New[appsv1.StatefulSet], NewList: api.NewList[appsv1.StatefulSetList],
	Spec: func(o *appsv1.StatefulSet) any { return o.Spec },
	Parts: []api.PartOf[*appsv1.StatefulSet]{
		api.Status(func(dst, src *appsv1.StatefulSet) { dst.Status = src.Status }),
	},
	Scale: &api.ScaleOf[*appsv1.StatefulSet]{
		Get: func(o *appsv1.StatefulSet) *autoscalingv1.Scale {
			return api.ScaleObject(o, o.Spec.Replicas, o.Status.Replicas, api.SelectorString(o.Spec.Selector))
		},
		Set: func(o *appsv1.StatefulSet, replicas int32) { o.Spec.Replicas = &replicas },
	},
})
