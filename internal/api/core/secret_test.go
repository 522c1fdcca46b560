package core

import (
	"testing"

	"skiff/internal/api/apitest"
)

func TestSecretDefaults(t *testing.T) {
	apitest.Same(t, apitest.Created(t, Secret, `{metadata: {name: s}, data: {a: YQ==, b: Yg==}, stringData: {b: "2", c: "3"}}`),
		`{metadata: {name: s}, type: Opaque, data: {a: YQ==, b: Mg==, c: Mw==}}`)
}

func TestSecretTypes(t *testing.T) {
	for typ, tt := range map[string]struct {
		rest string
		want []string
	}{
		"Opaque":            {},
		"example.com/any":   {},
		"kubernetes.io/tls": {`, data: {tls.crt: ""}`, []string{"data[tls.key]: Required value"}},
		"kubernetes.io/dockerconfigjson": {`, stringData: {.dockerconfigjson: "{"}`,
			[]string{`data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": unexpected end of JSON input`}},
		"kubernetes.io/basic-auth": {"", []string{"data[username]: Required value", "data[password]: Required value"}},
		"kubernetes.io/ssh-auth":   {"", []string{"data[ssh-privatekey]: Required value"}},
		"kubernetes.io/service-account-token": {"",
			[]string{"metadata.annotations[kubernetes.io/service-account.name]: Required value"}},
	} {
		t.Run(typ, func(t *testing.T) {
			apitest.Refused(t, Secret, "{metadata: {name: s, namespace: ns}, type: "+typ+tt.rest+"}", tt.want...)
		})
	}
}

func TestSecretUpdate(t *testing.T) {
	apitest.Updated(t, Secret, `{metadata: {name: s, namespace: ns}, immutable: true}`, `{metadata: {name: s, namespace: ns}, type: x/y, immutable: true, data: {a: ""}}`,
		`type: Invalid value: "x/y": field is immutable`,
		"data: Forbidden: field is immutable when `immutable` is set")
	apitest.Row(t, Secret, `{metadata: {name: s}, type: Opaque, data: {a: ""}}`, "s | Opaque | 1 | <unknown>")
}
