package conformance

import (
	"net/http"
	"strings"
	"testing"
)

const wrongDeployment = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"wrong"%s},
"spec":{"replicas":1,%s"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}`

// send writes an object that has something wrong, in both ways that clients
// check for it: by creation and by apply.
func (a *admin) send(t *testing.T, body string, wants ...string) {
	t.Helper()
	const path = "/apis/apps/v1/namespaces/default/deployments"
	for _, request := range []struct{ method, path, media string }{
		{http.MethodPost, path + "?fieldValidation=Strict", "application/json"},
		{http.MethodPatch, path + "/wrong?fieldValidation=Strict&fieldManager=m", "application/apply-patch+yaml"},
	} {
		code, text := a.call(t, request.method, request.path, []byte(body), "Content-Type", request.media)
		if code < http.StatusBadRequest {
			t.Errorf("%s: %d %s", request.method, code, text)
		}
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %s\nhas no %s", request.method, text, want)
			}
		}
	}
}

func TestFieldValidation(t *testing.T) {
	a := start(t)
	promise(t, "[sig-api-machinery] FieldValidation should detect unknown and duplicate fields of a typed object", func(t *testing.T) {
		unknown := strings.Replace(strings.Replace(wrongDeployment, "%s", "", 1), "%s", `"unknownField":1,`, 1)
		a.send(t, unknown, `spec.unknownField`)
		twice := strings.Replace(strings.Replace(wrongDeployment, "%s", "", 1), "%s", `"paused":true,"paused":true,`, 1)
		a.send(t, twice, `paused`)
	})
	promise(t, "[sig-api-machinery] FieldValidation should detect unknown metadata fields of a typed object", func(t *testing.T) {
		unknown := strings.Replace(strings.Replace(wrongDeployment, "%s", `,"unknownMeta":"x"`, 1), "%s", "", 1)
		a.send(t, unknown, `metadata.unknownMeta`)
	})
}
