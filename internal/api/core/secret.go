package core

import (
	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api"
)

// Secret holds what not everyone may read.
var Secret = api.Define(api.Kind[*corev1.Secret]{
	GVK: gv.WithKind("Secret"), Plural: "secrets", Prefix: "secrets", Namespaced: true,
	New: api.New[corev1.Secret], NewList: api.NewList[corev1.SecretList],
})
