package admissionregistration

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// excluded are resources that no webhook is asked about: if it did not answer,
// nobody could do anything any more.
var excluded = []schema.GroupResource{
	{Group: "authentication.k8s.io", Resource: "selfsubjectreviews"},
	{Group: "authentication.k8s.io", Resource: "tokenreviews"},
	{Group: "authorization.k8s.io", Resource: "localsubjectaccessreviews"},
	{Group: "authorization.k8s.io", Resource: "selfsubjectaccessreviews"},
	{Group: "authorization.k8s.io", Resource: "selfsubjectrulesreviews"},
	{Group: "authorization.k8s.io", Resource: "subjectaccessreviews"},
}

// excludedWarnings remarks on rules that name such a resource.
func excludedWarnings(webhooks []webhook) []string {
	var warnings []string
	for i, w := range webhooks {
		p := field.NewPath("webhooks").Index(i).Child("rules")
		for j, r := range w.rules {
			for _, gr := range excludedNamed(r.APIGroups, r.Resources) {
				warnings = append(warnings, fmt.Sprintf("%s: %s is excluded from admission webhooks; this rule will have no effect", p.Index(j), gr))
			}
		}
	}
	return warnings
}

// excludedNamed are those that a rule names, each once. A rule about all groups
// or resources does not mean them.
func excludedNamed(groups, resources []string) []schema.GroupResource {
	if slices.Contains(groups, "*") || slices.Contains(resources, "*") {
		return nil
	}
	var named []schema.GroupResource
	for _, g := range groups {
		for _, r := range resources {
			gr := schema.GroupResource{Group: g, Resource: r}
			if slices.Contains(excluded, gr) && !slices.Contains(named, gr) {
				named = append(named, gr)
			}
		}
	}
	return named
}
