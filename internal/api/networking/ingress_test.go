package networking

import (
	"slices"
	"testing"

	"skiff/internal/api"
	"skiff/internal/api/apitest"
)

// warned compares what is remarked about an object with what is expected.
func warned(t *testing.T, r *api.Resource, text string, want ...string) {
	t.Helper()
	if got := r.Warnings(apitest.Parse(t, r, text)); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestIngressWarnings(t *testing.T) {
	const annotated = `annotations: {kubernetes.io/ingress.class: a}`
	warned(t, Ingress, `{metadata: {name: i, `+annotated+`}}`, `annotation "kubernetes.io/ingress.class" is deprecated, please use 'spec.ingressClassName' instead`)
	warned(t, Ingress, `{metadata: {name: i, `+annotated+`}, spec: {ingressClassName: a}}`)
	warned(t, Ingress, `{metadata: {name: i, resourceVersion: "1", `+annotated+`}}`)
	warned(t, Ingress, `{metadata: {name: i}}`)
}

func TestIngressRules(t *testing.T) {
	const path = "spec.rules[0].http.paths[0]."
	backend := func(b string) string { return paths("{pathType: Prefix, path: /, backend: {" + b + "}}") }
	for _, c := range []struct {
		text string
		want []string
	}{
		{ingress("defaultBackend: {" + toPort[len("backend: {"):]), nil},
		{ingress("defaultBackend: {}"), []string{`spec.defaultBackend: Invalid value: "": resource or service backend is required`}},
		{ingress("rules: [{}]"), nil},
		{ingress(`rules: [{host: "*.a.b"}], tls: [{hosts: ["*.a.b", "*"], secretName: s}, {}]`), []string{
			`spec.tls[0].hosts[1]: Invalid value: "*": a wildcard DNS-1123 subdomain must start with '*.'`}},
		{ingress("rules: [{host: A}]"), []string{`spec.rules[0].host: Invalid value: "A": a lowercase RFC 1123 subdomain`}},
		{ingress("rules: [{}], ingressClassName: A"), []string{`spec.ingressClassName: Invalid value: "A": `}},
		{backend("service: {name: 1s, port: {name: http}}"), nil},
		{backend(`service: {name: S, port: {name: "1"}}`), []string{
			path + `backend.service.name: Invalid value: "S": a lowercase RFC 1123 label must consist of`,
			path + `backend.service.port.name: Invalid value: "1": must contain at least one letter`}},
		{backend("service: {name: s, port: {number: 1}}, resource: {kind: K, name: x}"), []string{
			path + `backend: Invalid value: "": cannot set both resource and service backends`}},
		{backend("resource: {kind: K, name: x}"), nil},
		{backend("resource: {name: x}"), []string{path + "backend.resource.kind: Required value"}},
		{paths("{pathType: ImplementationSpecific, path: a, " + toPort + "}"), []string{path + `path: Invalid value: "a": must be an absolute path`}},
		{paths("{pathType: Exact, path: /a/./b/../c%2fd%2F/., " + toPort + "}"), []string{
			path + `path: Invalid value: "/a/./b/../c%2fd%2F/.": must not contain '/./'`, path + `path: Invalid value: "/a/./b/../c%2fd%2F/.": must not contain '/../'`,
			path + `path: Invalid value: "/a/./b/../c%2fd%2F/.": must not contain '%2f'`, path + `path: Invalid value: "/a/./b/../c%2fd%2F/.": must not contain '%2F'`,
			path + `path: Invalid value: "/a/./b/../c%2fd%2F/.": cannot end with '/.'`}},
		{paths("{pathType: Exact, " + toPort + "}"), []string{path + `path: Invalid value: "": must be an absolute path`}},
		{`{metadata: {name: i, namespace: ns, annotations: {kubernetes.io/ingress.class: a}}, spec: {rules: [{}], ingressClassName: a}}`, nil},
	} {
		t.Run(c.text[:min(90, len(c.text))], func(t *testing.T) { apitest.Refused(t, Ingress, c.text, c.want...) })
	}
}

// What was stored before there was a rule against it may stay, and no more.
func TestIngressUpdate(t *testing.T) {
	const (
		wild = `{host: "*.a.b", http: {paths: []}}`
		tame = `{host: a.b, http: {paths: []}}`
	)
	for _, c := range []struct {
		old, now string
		want     []string
	}{
		{"rules: [{}], tls: [{secretName: A}]", "rules: [{}], tls: [{secretName: B}]", nil},
		{"rules: [{}], tls: [{secretName: a}]", "rules: [{}], tls: [{secretName: B}]", []string{`spec.tls[0].secretName: Invalid value: "B": `}},
		{"rules: [" + wild + "]", "rules: [" + wild + "," + wild + "]", nil},
		{"rules: [" + wild + "]", "rules: [" + tame + "]", []string{"spec.rules[0].http.paths: Required value"}},
		{"rules: [" + tame + "]", "rules: [" + wild + "]", []string{"spec.rules[0].http.paths: Required value"}},
		{"rules: [{}]", "", []string{"spec: Invalid value: null: either"}},
	} {
		apitest.Updated(t, Ingress, ingress(c.old), ingress(c.now), c.want...)
	}
	const both = `{metadata: {name: i, namespace: ns, annotations: {kubernetes.io/ingress.class: a}}, spec: {rules: [{}], ingressClassName: b}}`
	apitest.Updated(t, Ingress, ingress("rules: [{}]"), both)
}

func TestIngressStatus(t *testing.T) {
	at := func(list string) string { return `{status: {loadBalancer: {ingress: [` + list + `]}}}` }
	const p = "status.loadBalancer.ingress[0]."
	for _, c := range []struct {
		old, now string
		want     []string
	}{
		{"", "{ip: 10.0.0.1, hostname: a.b}, {}", nil},
		{"", "{ip: 010.0.0.1}", []string{p + `ip: Invalid value: "010.0.0.1": must not have leading 0s`}},
		{"{ip: 010.0.0.1}", "{ip: 010.0.0.1}", nil},
		{"", `{ip: "::ffff:10.0.0.1"}`, []string{p + `ip: Invalid value: "::ffff:10.0.0.1": must not be an IPv4-mapped IPv6 address`}},
		{"", "{hostname: A}", []string{p + `hostname: Invalid value: "A": a lowercase RFC 1123 subdomain`}},
	} {
		apitest.PartUpdated(t, Ingress, "status", at(c.old), at(c.now), c.want...)
	}
	apitest.Row(t, Ingress, `{metadata: {name: i, annotations: {kubernetes.io/ingress.class: a}}, spec: {rules: [{}, {host: a}, {host: b}]}}`, "i | <none> | a,b |  | 80 | <unknown>")
}
