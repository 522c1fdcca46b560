package core

import (
	"testing"

	"skiff/internal/api/apitest"
)

func TestConfigMap(t *testing.T) {
	apitest.Refused(t, ConfigMap, `{metadata: {name: c, namespace: ns}, data: {a: b, "x y": z}, binaryData: {a: YQ==}}`,
		`data[a]: Invalid value: "a": duplicate of key present in binaryData`,
		`data[x y]: Invalid value: "x y": a valid config key must consist of`)
	apitest.Row(t, ConfigMap, `{metadata: {name: c}, data: {a: b}, binaryData: {b: YQ==}}`, "c | 2 | <unknown>")
}

func TestConfigMapImmutable(t *testing.T) {
	const old = `{metadata: {name: c, namespace: ns}, immutable: true, data: {a: b}}`
	apitest.Updated(t, ConfigMap, old, old)
	apitest.Updated(t, ConfigMap, old, `{metadata: {name: c, namespace: ns}, data: {a: c}}`,
		"immutable: Forbidden: field is immutable when `immutable` is set",
		"data: Forbidden: field is immutable when `immutable` is set")
	apitest.Updated(t, ConfigMap, `{metadata: {name: c, namespace: ns}, data: {a: b}}`, `{metadata: {name: c, namespace: ns}, immutable: true, data: {a: c}}`)
}
