package authorization

import (
	"testing"

	"skiff/internal/api/apitest"
)

func TestReviews(t *testing.T) {
	apitest.Refused(t, SubjectAccessReview, `{spec: {user: u, resourceAttributes: {verb: get}}}`)
	apitest.Refused(t, SubjectAccessReview, `{}`,
		"spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified",
		`spec.user: Invalid value: "": at least one of user or group must be specified`)
	apitest.Refused(t, SelfSubjectAccessReview, `{spec: {resourceAttributes: {verb: get}, nonResourceAttributes: {path: /}}}`,
		`spec.nonResourceAttributes: Invalid value: {"path":"/"}: cannot be specified in combination with resourceAttributes`)
	apitest.Refused(t, LocalSubjectAccessReview, `{metadata: {namespace: ns}, spec: {user: u, resourceAttributes: {namespace: other}}}`,
		`spec.resourceAttributes.namespace: Invalid value: "other": must match metadata.namespace`)
}
