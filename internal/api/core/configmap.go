package core

import (
	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api"
)

// ConfigMap holds configuration as keys and values.
var ConfigMap = api.Define(api.Kind[*corev1.ConfigMap]{
	GVK: gv.WithKind("ConfigMap"), Plural: "configmaps", Prefix: "configmaps", Namespaced: true,
	ShortNames: []string{"cm"},
	New:        api.New[corev1.ConfigMap], NewList: api.NewList[corev1.ConfigMapList],
})
