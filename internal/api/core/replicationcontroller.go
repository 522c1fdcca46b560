package core

import (
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"skiff/internal/api"
)

// ReplicationController is the elder of ReplicaSet.
var ReplicationController = api.Define(api.Kind[*corev1.ReplicationController]{
	GVK: gv.WithKind("ReplicationController"), Plural: "replicationcontrollers", Prefix: "controllers", Namespaced: true,
	ShortNames: []string{"rc"}, Categories: []string{"all"},
	New: api.New[corev1.ReplicationController], NewList: api.NewList[corev1.ReplicationControllerList],
	OrphanByDefault: true,
	Spec:            func(o *corev1.ReplicationController) any { return o.Spec },
	Parts: []api.PartOf[*corev1.ReplicationController]{
		api.Status(func(dst, src *corev1.ReplicationController) { dst.Status = src.Status }),
	},
	Scale: &api.ScaleOf[*corev1.ReplicationController]{
		Get: func(o *corev1.ReplicationController) *autoscalingv1.Scale {
			return api.ScaleObject(o, o.Spec.Replicas, o.Status.Replicas, labels.SelectorFromSet(o.Spec.Selector).String())
		},
		Set: func(o *corev1.ReplicationController, replicas int32) { o.Spec.Replicas = &replicas },
	},
})
