package core

import (
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"

	"skiff/internal/api"
)

// Pod is a group of containers on one node.
var Pod = api.Define(api.Kind[*corev1.Pod]{
	GVK: gv.WithKind("Pod"), Plural: "pods", Prefix: "pods", Namespaced: true,
	ShortNames: []string{"po"}, Categories: []string{"all"},
	New: api.New[corev1.Pod], NewList: api.NewList[corev1.PodList],
	Spec: func(o *corev1.Pod) any { return o.Spec },
	Parts: []api.PartOf[*corev1.Pod]{
		api.Status(func(dst, src *corev1.Pod) { dst.Status = src.Status }),
		{Name: "ephemeralcontainers", Copy: func(dst, src *corev1.Pod) { dst.Spec.EphemeralContainers = src.Spec.EphemeralContainers }},
		{Name: "resize", Copy: func(dst, src *corev1.Pod) {}},
	},
	Subresources: []api.Subresource{
		api.Connect("attach", "PodAttachOptions"),
		{Name: "binding", Kind: gv.WithKind("Binding"), Verbs: []string{"create"}},
		{Name: "eviction", Kind: policyv1.SchemeGroupVersion.WithKind("Eviction"), Verbs: []string{"create"}},
		api.Connect("exec", "PodExecOptions"),
		{Name: "log", Kind: gv.WithKind("Pod"), Verbs: []string{"get"}},
		api.Connect("portforward", "PodPortForwardOptions"),
		api.Proxy("PodProxyOptions"),
	},
})
