package core

import (
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api"
	"skiff/internal/api/table"
)

// ServiceAccount is the identity of pods.
var ServiceAccount = api.Define(api.Kind[*corev1.ServiceAccount]{
	GVK: gv.WithKind("ServiceAccount"), Plural: "serviceaccounts", Prefix: "serviceaccounts", Namespaced: true, ReturnsDeleted: true,
	ShortNames: []string{"sa"},
	New:        api.New[corev1.ServiceAccount], NewList: api.NewList[corev1.ServiceAccountList],
	Subresources: []api.Subresource{{
		Name: "token", Kind: authenticationv1.SchemeGroupVersion.WithKind("TokenRequest"), Verbs: []string{"create"},
	}},

	Columns: table.Of("Name", "Secrets", "Age").Docs(map[string]string{"Secrets": corev1.ServiceAccount{}.SwaggerDoc()["secrets"]}),
	Row: func(o *corev1.ServiceAccount) []any {
		return []any{o.Name, int64(len(o.Secrets)), table.Age(o.CreationTimestamp)}
	},
})
