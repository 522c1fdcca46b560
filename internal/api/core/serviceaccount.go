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

	PrepareCreate:  bareSecrets,
	PrepareUpdate:  func(o, _ *corev1.ServiceAccount) { bareSecrets(o) },
	Warnings:       accountWarnings,
	UpdateWarnings: newAccountWarnings,

	Subresources: []api.Subresource{{
		Name: "token", Kind: authenticationv1.SchemeGroupVersion.WithKind("TokenRequest"), Verbs: []string{"create"},
	}},

	Columns: table.Of("Name", "Secrets", "Age").Docs(map[string]string{"Secrets": corev1.ServiceAccount{}.SwaggerDoc()["secrets"]}),
	Row: func(o *corev1.ServiceAccount) []any {
		return []any{o.Name, int64(len(o.Secrets)), table.Age(o.CreationTimestamp)}
	},
})

// EnforceMountableSecrets is the annotation of accounts whose pods may use no
// other secrets than the account names.
const EnforceMountableSecrets = "kubernetes.io/enforce-mountable-secrets"

// bareSecrets keeps the names of secrets alone: they lie in the account's
// namespace, whatever else a reference says.
func bareSecrets(o *corev1.ServiceAccount) {
	for i, s := range o.Secrets {
		o.Secrets[i] = corev1.ObjectReference{Name: s.Name}
	}
}

func accountWarnings(o *corev1.ServiceAccount) []string {
	if _, ok := o.Annotations[EnforceMountableSecrets]; !ok {
		return nil
	}
	return []string{"metadata.annotations[" + EnforceMountableSecrets + "]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets"}
}

// newAccountWarnings remarks on an annotation that was not there before.
func newAccountWarnings(o, old *corev1.ServiceAccount) []string {
	if _, ok := old.Annotations[EnforceMountableSecrets]; ok {
		return nil
	}
	return accountWarnings(o)
}
