package core

import (
	"testing"

	"skiff/internal/api/apitest"
)

func TestServiceAccountKeepsNamesOfSecrets(t *testing.T) {
	const text = `{metadata: {name: a, namespace: ns}, secrets: [{name: s, namespace: other, uid: u, kind: Secret}], imagePullSecrets: [{name: p}]}`
	const want = `{metadata: {name: a, namespace: ns}, secrets: [{name: s}], imagePullSecrets: [{name: p}]}`
	apitest.Same(t, apitest.Created(t, ServiceAccount, text), want)
	o := apitest.Parse(t, ServiceAccount, text)
	ServiceAccount.PrepareUpdate(o, apitest.Parse(t, ServiceAccount, `{}`))
	apitest.Same(t, o, want)
	apitest.Row(t, ServiceAccount, text, "a | 1 | <unknown>")
}

func TestServiceAccountWarnings(t *testing.T) {
	const want = "metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets"
	plain, enforced := apitest.Parse(t, ServiceAccount, `{}`), apitest.Parse(t, ServiceAccount, `{metadata: {annotations: {kubernetes.io/enforce-mountable-secrets: "false"}}}`)
	warned(t, ServiceAccount.Warnings(plain))
	warned(t, ServiceAccount.Warnings(enforced), want)
	warned(t, ServiceAccount.UpdateWarnings(enforced, plain), want)
	warned(t, ServiceAccount.UpdateWarnings(enforced, enforced))
	warned(t, ServiceAccount.UpdateWarnings(plain, enforced))
}
