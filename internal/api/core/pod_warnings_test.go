package core

import (
	"strings"
	"testing"

	"skiff/internal/api"
	"skiff/internal/api/apitest"
)

// Those who make a template, or change what it asks for, are told what their
// pods will not do; pods are changed by machines.
func TestTemplateWarnings(t *testing.T) {
	const spec = `spec: {imagePullSecrets: [{}], containers: [{name: a, image: i}]}`
	for _, tt := range []struct {
		kind     *api.Resource
		text     string
		onCreate string
		onUpdate string
	}{
		{Pod, `{metadata: {name: a}, ` + spec + `}`, `spec.imagePullSecrets[0].name: invalid empty name ""`, ``},
		{PodTemplate, `{metadata: {name: a.b}, template: {` + spec + `}}`, `template.spec.imagePullSecrets[0].name: invalid empty name ""`, `template.spec.imagePullSecrets[0].name: invalid empty name ""`},
		{
			ReplicationController, `{metadata: {name: a.b}, spec: {template: {` + spec + `}}}`,
			"metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]\n" +
				`spec.template.spec.imagePullSecrets[0].name: invalid empty name ""`,
			`spec.template.spec.imagePullSecrets[0].name: invalid empty name ""`,
		},
		{ReplicationController, `{metadata: {name: a}, spec: {}}`, ``, ``},
	} {
		t.Run(tt.kind.Kind, func(t *testing.T) {
			o := apitest.Created(t, tt.kind, tt.text)
			remarks(t, tt.kind.Warnings(o), tt.onCreate)
			old := o.DeepCopyObject().(api.Object)
			remarks(t, tt.kind.UpdateWarnings(o, old), ``)
			o.SetGeneration(old.GetGeneration() + 1)
			remarks(t, tt.kind.UpdateWarnings(o, old), tt.onUpdate)
		})
	}
}

func remarks(t *testing.T, got []string, want string) {
	t.Helper()
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}
