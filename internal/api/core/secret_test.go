package core

import (
	"strings"
	"testing"

	"skiff/internal/api/apitest"
)

func TestSecretDefaults(t *testing.T) {
	apitest.Same(t, apitest.Created(t, Secret, `{metadata: {name: s}, data: {a: YQ==, b: Yg==}, stringData: {b: "2", c: "3"}}`),
		`{metadata: {name: s}, type: Opaque, data: {a: YQ==, b: Mg==, c: Mw==}}`)
	apitest.Same(t, apitest.Created(t, Secret, `{metadata: {name: s}, type: a/b, stringData: {c: "3"}}`), `{metadata: {name: s}, type: a/b, data: {c: Mw==}}`)
}

func TestSecretTypes(t *testing.T) {
	for name, tt := range map[string]struct {
		rest string
		want []string
	}{
		"opaque":     {`type: Opaque`, nil},
		"any":        {`type: example.com/any`, nil},
		"keys":       {`data: {"x y": "", ..: ""}`, []string{`data[..]: Invalid value: "..": must not be '..'`, `data[x y]: Invalid value: "x y": a valid config key must consist of`}},
		"full":       {`stringData: {a: ` + strings.Repeat("x", 1<<20) + `}`, nil},
		"too long":   {`stringData: {a: ` + strings.Repeat("x", 1<<20) + `, b: x}`, []string{"data: Too long: may not be more than 1048576 bytes"}},
		"tls":        {`type: kubernetes.io/tls, data: {tls.crt: "", tls.key: ""}`, nil},
		"tls, empty": {`type: kubernetes.io/tls`, []string{"data[tls.crt]: Required value", "data[tls.key]: Required value"}},
		"docker":     {`type: kubernetes.io/dockercfg`, []string{"data[.dockercfg]: Required value"}},
		"docker that is no JSON": {`type: kubernetes.io/dockercfg, stringData: {.dockercfg: "{"}`,
			[]string{`data[.dockercfg]: Invalid value: "<secret contents redacted>": unexpected end of JSON input`}},
		"docker JSON": {`type: kubernetes.io/dockerconfigjson`, []string{"data[.dockerconfigjson]: Required value"}},
		"docker JSON that is none": {`type: kubernetes.io/dockerconfigjson, stringData: {.dockerconfigjson: "{"}`,
			[]string{`data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": unexpected end of JSON input`}},
		"basic auth":          {`type: kubernetes.io/basic-auth`, []string{"data[username]: Required value", "data[password]: Required value"}},
		"basic auth, a half":  {`type: kubernetes.io/basic-auth, data: {password: ""}`, nil},
		"ssh":                 {`type: kubernetes.io/ssh-auth, data: {ssh-privatekey: ""}`, []string{"data[ssh-privatekey]: Required value"}},
		"token":               {`type: kubernetes.io/service-account-token`, []string{"metadata.annotations[kubernetes.io/service-account.name]: Required value"}},
		"token of an account": {`metadata: {name: s, namespace: ns, annotations: {kubernetes.io/service-account.name: a}}, type: kubernetes.io/service-account-token`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			text := "{metadata: {name: s, namespace: ns}, " + tt.rest + "}"
			if strings.HasPrefix(tt.rest, "metadata") {
				text = "{" + tt.rest + "}"
			}
			apitest.Refused(t, Secret, text, tt.want...)
		})
	}
}

func TestSecretUpdate(t *testing.T) {
	const meta = `metadata: {name: s, namespace: ns}`
	for name, tt := range map[string]struct {
		was, is string
		want    []string
	}{
		"sealed": {`immutable: true`, `type: x/y, immutable: true, data: {a: "", "x y": ""}`, []string{
			`type: Invalid value: "x/y": field is immutable`, "data: Forbidden: field is immutable when `immutable` is set",
			`data[x y]: Invalid value: "x y": a valid config key must consist of`}},
		"unsealed":     {`immutable: true`, `immutable: false`, []string{"immutable: Forbidden: field is immutable when `immutable` is set"}},
		"left out":     {`immutable: true`, `type: Opaque`, []string{"immutable: Forbidden: field is immutable when `immutable` is set"}},
		"same":         {`immutable: true, data: {a: ""}`, `immutable: true, data: {a: ""}`, nil},
		"not sealed":   {`immutable: false, data: {a: ""}`, `immutable: true, data: {b: ""}`, nil},
		"another type": {`type: x/z`, `type: x/y`, []string{`type: Invalid value: "x/y": field is immutable`}},
	} {
		t.Run(name, func(t *testing.T) {
			apitest.Updated(t, Secret, "{"+meta+", "+tt.was+"}", "{"+meta+", "+tt.is+"}", tt.want...)
		})
	}
	apitest.Row(t, Secret, `{metadata: {name: s}, type: Opaque, data: {a: ""}}`, "s | Opaque | 1 | <unknown>")
}

func TestSecretWarnings(t *testing.T) {
	warned(t, Secret.Warnings(apitest.Parse(t, Secret, `{type: Opaque, data: {tls.crt: "", tls.key: ""}}`)))
	warned(t, Secret.Warnings(apitest.Parse(t, Secret, `{type: kubernetes.io/tls, data: {tls.crt: "", tls.key: ""}}`)),
		"tls: failed to find any PEM data in certificate input")
}
