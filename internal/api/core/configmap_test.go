package core

import (
	"strings"
	"testing"

	"skiff/internal/api/apitest"
)

func TestConfigMap(t *testing.T) {
	half := strings.Repeat("x", 1<<19)
	for name, tt := range map[string]struct {
		rest string
		want []string
	}{
		"good": {`data: {a: b}, binaryData: {b.txt: YQ==}`, nil},
		"keys": {`data: {a: b, "x y": z}, binaryData: {a: YQ==, "": YQ==}`, []string{
			`data[a]: Invalid value: "a": duplicate of key present in binaryData`, `data[x y]: Invalid value: "x y": a valid config key must consist of`,
			`binaryData[]: Invalid value: "": a valid config key must consist of`}},
		"full":     {`data: {a: ` + half + `, b: ` + half + `}`, nil},
		"too long": {`data: {a: ` + half + `, b: ` + half + `}, binaryData: {c: YQ==}`, []string{"[]: Too long: may not be more than 1048576 bytes"}},
	} {
		t.Run(name, func(t *testing.T) {
			apitest.Refused(t, ConfigMap, `{metadata: {name: c, namespace: ns}, `+tt.rest+`}`, tt.want...)
		})
	}
	apitest.Row(t, ConfigMap, `{metadata: {name: c}, data: {a: b}, binaryData: {b: YQ==}}`, "c | 2 | <unknown>")
}

func TestConfigMapImmutable(t *testing.T) {
	const kept = "field is immutable when `immutable` is set"
	for name, tt := range map[string]struct {
		was, is string
		want    []string
	}{
		"same":     {`immutable: true, data: {a: b}`, `immutable: true, data: {a: b}`, nil},
		"unsealed": {`immutable: true, data: {a: b}`, `data: {a: c}`, []string{"immutable: Forbidden: " + kept, "data: Forbidden: " + kept}},
		"bytes": {`immutable: true`, `immutable: true, binaryData: {a b: YQ==}`, []string{"binaryData: Forbidden: " + kept,
			`binaryData[a b]: Invalid value: "a b": a valid config key must consist of`}},
		"sealed now": {`data: {a: b}`, `immutable: true, data: {a: c}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			apitest.Updated(t, ConfigMap, `{metadata: {name: c, namespace: ns}, `+tt.was+`}`, `{metadata: {name: c, namespace: ns}, `+tt.is+`}`, tt.want...)
		})
	}
}
