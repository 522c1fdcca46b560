package apps

import (
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"

	"skiff/internal/api"
)

// Deployment rolls pods from one template to the next.
var Deployment = api.Define(api.Kind[*appsv1.Deployment]{
	GVK: gv.WithKind("Deployment"), Plural: "deployments", Prefix: "deployments", Namespaced: true,
	ShortNames: []string{"deploy"}, Categories: []string{"all"},
	New: api.New[appsv1.Deployment], NewList: api.NewList[appsv1.DeploymentList],
	Spec: func(o *appsv1.Deployment) any { return o.Spec },
	Parts: []api.PartOf[*appsv1.Deployment]{
		api.Status(func(dst, src *appsv1.Deployment) { dst.Status = src.Status }),
	},
	Scale: &api.ScaleOf[*appsv1.Deployment]{
		Get: func(o *appsv1.Deployment) *autoscalingv1.Scale {
			return api.ScaleObject(o, o.Spec.Replicas, o.Status.Replicas, api.SelectorString(o.Spec.Selector))
		},
		Set: func(o *appsv1.Deployment, replicas int32) { o.Spec.Replicas = &replicas },
	},
})
