package apiregistration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"skiff/internal/api/apitest"
)

const remote = `{metadata: {name: v1beta1.metrics.k8s.io}, spec: {group: metrics.k8s.io, version: v1beta1, groupPriorityMinimum: 100, versionPriority: 100, caBundle: Q0E=, service: {namespace: kube-system, name: metrics}}}`

func TestAPIService(t *testing.T) {
	apitest.Same(t, apitest.Created(t, APIService, remote), `{metadata: {name: v1beta1.metrics.k8s.io}, spec: {group: metrics.k8s.io, version: v1beta1, groupPriorityMinimum: 100,
		versionPriority: 100, caBundle: Q0E=, service: {namespace: kube-system, name: metrics, port: 443}}, status: {}}`)
	named := func(name, spec string) string { return "{metadata: {name: " + name + "}, spec: {" + spec + "}}" }
	const priorities = ", groupPriorityMinimum: 1, versionPriority: 1"
	other := func(rest string) string { return named("v2.a.b", "group: a.b, version: v2"+priorities+rest) }
	const least = "must be positive and less than "
	for _, c := range []struct {
		text string
		want []string
	}{
		{remote, nil},
		{other(""), nil},
		{named("v1.", "version: v1"+priorities), nil},
		{named("v1.", "version: v1, service: {namespace: a, name: b}"+priorities), nil},
		{named("v2.a.b", "group: a.b, version: v2, groupPriorityMinimum: 20000, versionPriority: 1000"), nil},
		{named("v1.other", "group: a.b, version: V1"+priorities), []string{
			"metadata.name: Invalid value: \"v1.other\": must be `spec.version+\".\"+spec.group`: \"V1.a.b\"", `spec.version: Invalid value: "V1": a DNS-1035 label must`}},
		{named("a%b", "group: a%b, version: v1"+priorities), []string{
			`metadata.name: Invalid value: "a%b": may not contain '%'`, `spec.group: Invalid value: "a%b": a lowercase RFC 1123 subdomain must`}},
		{named("v2.", "version: v2"+priorities), []string{"spec.group: Required value: only v1 may have an empty group and it better be legacy kube"}},
		{named(".a.b", "group: a.b"+priorities), []string{`spec.version: Invalid value: "": a DNS-1035 label must`}},
		{named("v1.a.b", "group: a.b, version: v1, groupPriorityMinimum: 0, versionPriority: 0"), []string{
			"spec.groupPriorityMinimum: Invalid value: 0: " + least + "20000", "spec.versionPriority: Invalid value: 0: " + least + "1000"}},
		{named("v1.a.b", "group: a.b, version: v1, groupPriorityMinimum: 20001, versionPriority: 1001"), []string{
			"spec.groupPriorityMinimum: Invalid value: 20001: " + least + "20000", "spec.versionPriority: Invalid value: 1001: " + least + "1000"}},
		{other(", caBundle: Q0E=, insecureSkipTLSVerify: true"), []string{
			`spec.caBundle: Invalid value: "2 bytes": local APIServices may not have a caBundle`,
			"spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify"}},
		{other(", caBundle: Q0E=, insecureSkipTLSVerify: true, service: {port: 0}"), []string{
			"spec.service.namespace: Required value", "spec.service.name: Required value",
			"spec.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive",
			"spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present"}},
		{other(", insecureSkipTLSVerify: true, service: {namespace: a, name: b}"), nil},
	} {
		apitest.Refused(t, APIService, c.text, c.want...)
	}
	apitest.Updated(t, APIService, remote, strings.ReplaceAll(remote, "versionPriority: 100", "versionPriority: 0"), "spec.versionPriority: Invalid value: 0: "+least+"1000")
}

func TestAPIServiceStatus(t *testing.T) {
	local := apitest.Created(t, APIService, "{metadata: {name: v1.}, spec: {version: v1}, status: {conditions: [{type: Other}]}}").(*Object)
	if c := local.Status.Conditions; len(c) != 1 || c[0].Type != Available || c[0].Status != "True" || c[0].Reason != "Local" || c[0].Message != "Local APIServices are always available" {
		t.Errorf("%+v", c)
	}
	const is = `{metadata: {labels: {a: b}}, status: {conditions: [{type: Available, status: "%s"}]}}`
	for status, want := range map[string][]string{
		"True": nil, "False": nil, "Unknown": nil,
		"":      {`status.conditions[0].status: Unsupported value: "": supported values: "True", "False", "Unknown"`},
		"Maybe": {`status.conditions[0].status: Unsupported value: "Maybe": `},
	} {
		o := apitest.PartUpdated(t, APIService, "status", remote, fmt.Sprintf(is, status), want...)
		if o.GetLabels() != nil {
			t.Error("a write of status wrote labels")
		}
	}
	o, old := apitest.Parse(t, APIService, fmt.Sprintf(is, "False")).(*Object), apitest.Parse(t, APIService, fmt.Sprintf(is, "True")).(*Object)
	if APIService.PrepareUpdate(o, old); o.Status.Conditions[0].Status != "True" {
		t.Error("an ordinary update wrote the status")
	}
}

func TestAPIServiceRow(t *testing.T) {
	apitest.Described(t, APIService, "Name string, Service string, Available string, Age string")
	for text, want := range map[string]string{
		"spec: {service: {namespace: a, name: b}}, status: {conditions: [{type: Available, status: \"False\", reason: MissingEndpoints}]}": "a/b | False (MissingEndpoints)",
		"status: {conditions: [{type: Available, status: \"True\", reason: Local}]}":                                                       "Local | True",
		"status: {conditions: [{type: Other, status: \"True\"}]}":                                                                          "Local | Unknown",
	} {
		apitest.Row(t, APIService, "{metadata: {name: s}, "+text+"}", "s | "+want+" | <unknown>")
	}
}

func TestProtobuf(t *testing.T) {
	o := apitest.Created(t, APIService, remote).(*Object)
	o.Status.Conditions = []Condition{{Type: Available, Status: "True"}}
	data, err := o.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	got := &Object{}
	if err := got.Unmarshal(data); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(o, got); diff != "" {
		t.Errorf("(-wrote +read)\n%s", diff)
	}
	if diff := cmp.Diff(o, o.DeepCopy()); diff != "" {
		t.Errorf("the copy differs: %s", diff)
	}
	for n := range data {
		_ = new(Object).Unmarshal(data[:n]) // must not panic on what was cut off
	}
}
