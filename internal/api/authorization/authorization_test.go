package authorization

import (
	"strings"
	"testing"

	"skiff/internal/api"
	"skiff/internal/api/apitest"
)

func TestReviews(t *testing.T) {
	const (
		oneOf   = ": exactly one of nonResourceAttributes or resourceAttributes must be specified"
		whoever = `spec.user: Invalid value: "": at least one of user or group must be specified`
	)
	for _, c := range []struct {
		kind *api.Resource
		text string
		want []string
	}{
		{SubjectAccessReview, `{spec: {user: u, resourceAttributes: {verb: get}}}`, nil},
		{SubjectAccessReview, `{spec: {groups: [g], nonResourceAttributes: {verb: get, path: /}}}`, nil},
		{SubjectAccessReview, `{metadata: {name: x}}`, []string{
			"spec: Invalid value: null" + oneOf, whoever, `metadata: Invalid value: {"name":"x"}: must be empty`}},
		{SubjectAccessReview, `{metadata: {managedFields: [{manager: m}]}, spec: {user: u, resourceAttributes: {}}}`, nil},
		{SubjectAccessReview, `{spec: {user: u, resourceAttributes: {}, nonResourceAttributes: {path: /}}}`, []string{`spec: Invalid value: {"path":"/"}` + oneOf}},

		{SelfSubjectAccessReview, `{spec: {resourceAttributes: {verb: get}}}`, nil},
		{SelfSubjectAccessReview, `{metadata: {labels: {a: b}}}`, []string{"spec: Invalid value: null" + oneOf, `metadata: Invalid value: {"labels":{"a":"b"}}: must be empty`}},
		{SelfSubjectAccessReview, `{spec: {resourceAttributes: {fieldSelector: {}}}}`, []string{"spec.resourceAttributes.fieldSelector.requirements: Required value"}},

		{LocalSubjectAccessReview, `{metadata: {namespace: ns}, spec: {user: u, resourceAttributes: {namespace: ns}}}`, nil},
		{LocalSubjectAccessReview, `{metadata: {namespace: ns, name: x}, spec: {resourceAttributes: {namespace: other}}}`, []string{
			whoever, `metadata: Invalid value: {"name":"x","namespace":"ns"}: must be empty except for namespace`,
			`spec.resourceAttributes.namespace: Invalid value: "other": must match metadata.namespace`}},
		{LocalSubjectAccessReview, `{metadata: {namespace: ns}, spec: {user: u, nonResourceAttributes: {path: /}}}`, []string{
			`spec.nonResourceAttributes: Invalid value: {"path":"/"}: disallowed on this kind of request`}},
	} {
		apitest.Refused(t, c.kind, c.text, c.want...)
	}
}

func TestSelectors(t *testing.T) {
	for _, of := range []string{"field", "label"} {
		p := "spec.resourceAttributes." + of + "Selector."
		text := func(s string) string {
			return "{spec: {user: u, resourceAttributes: {" + of + "Selector: {" + s + "}}}}"
		}
		for s, want := range map[string][]string{
			"rawSelector: a=b":  nil,
			"rawSelector: '!!'": nil,
			"":                  {p + "requirements: Required value: when " + strings.TrimSuffix(p, ".") + " is specified, requirements or rawSelector is required"},
			"rawSelector: a=b, requirements: [{key: a, operator: Exists}]":                       {p + `rawSelector: Invalid value: "a=b": may not specified at the same time as requirements`},
			"requirements: [{key: a, operator: In, values: [b, c]}, {key: a, operator: Exists}]": nil,
			"requirements: [{key: a, operator: Resembles, values: [b]}]":                         nil,
			"requirements: [{key: a, operator: NotIn}]":                                          {p + "requirements[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'"},
			"requirements: [{key: a, operator: DoesNotExist, values: [b]}]":                      {p + "requirements[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'"},
			"requirements: [{key: a, operator: Exists}, {operator: Exists}]":                     {p + "requirements[1].key: "},
		} {
			errs := want
			if strings.Contains(s, "{operator") && of == "label" {
				errs = []string{want[0], want[0]}
			}
			apitest.Refused(t, SubjectAccessReview, text(s), errs...)
		}
	}
}
