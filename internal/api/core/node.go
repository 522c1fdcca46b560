package core

import (
	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api"
)

// Node is a machine that runs pods.
var Node = api.Define(api.Kind[*corev1.Node]{
	GVK: gv.WithKind("Node"), Plural: "nodes", Prefix: "minions",
	ShortNames: []string{"no"},
	New:        api.New[corev1.Node], NewList: api.NewList[corev1.NodeList],
	Spec: func(o *corev1.Node) any { return o.Spec },
	Parts: []api.PartOf[*corev1.Node]{
		api.Status(func(dst, src *corev1.Node) { dst.Status = src.Status }),
	},
	Subresources: []api.Subresource{api.Proxy("NodeProxyOptions")},
})
