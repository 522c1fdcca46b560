package apiserver_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"skiff/internal/apiserver/apitest"
)

// A client is told what to look out for, of what is stored and not of what is
// refused.
func TestRemarks(t *testing.T) {
	s := apitest.Start(t)
	seen := &warnings{}
	config := rest.CopyConfig(s.Admin())
	config.WarningHandler = seen
	client := kubernetes.NewForConfigOrDie(config)
	apps, batch := client.AppsV1().RESTClient(), client.BatchV1().RESTClient()
	object := func(head, spec string) []byte {
		raw, err := yaml.YAMLToJSON([]byte(`{` + head + `, spec: {` + spec + `selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}}`))
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	warned := func(what string, err error, ok bool, want string) {
		t.Helper()
		if all := strings.Join(seen.texts, "; "); (err == nil) != ok || (want == "") != (all == "") || !strings.Contains(all, want) {
			t.Errorf("%s: %v, warned of %q, want %q", what, err, all, want)
		}
		seen.texts = nil
	}
	create := func(resource string, body []byte) error {
		return apps.Post().Namespace("default").Resource(resource).Body(body).Do(t.Context()).Error()
	}
	const deployment = `apiVersion: apps/v1, kind: Deployment, metadata: `
	warned("refused", create("deployments", object(deployment+`{name: a.b}`, "replicas: -1, ")), false, "")
	warned("named", create("deployments", object(deployment+`{name: a.b}`, "")), true, "metadata.name: this is used in Pod names")
	warned("named by the server", create("deployments", object(deployment+`{generateName: a.b-}`, "")), true, "metadata.name: this is used in Pod names")
	patch := func(resource, name, body string, parts ...string) error {
		return apps.Patch("application/merge-patch+json").Namespace("default").Resource(resource).Name(name).SubResource(parts...).Body([]byte(body)).Do(t.Context()).Error()
	}
	warned("changed", patch("deployments", "a.b", `{"spec":{"replicas":2}}`), true, "")
	warned("created", create("statefulsets", object(`apiVersion: apps/v1, kind: StatefulSet, metadata: {name: s}`, "")), true, "")
	warned("refused", patch("statefulsets", "s", `{"spec":{"revisionHistoryLimit":-1,"replicas":-1}}`), false, "")
	warned("changed", patch("statefulsets", "s", `{"spec":{"revisionHistoryLimit":-1}}`), true, "spec.revisionHistoryLimit: a negative value")
	warned("status", patch("statefulsets", "s", `{"status":{"replicas":1}}`, "status"), true, "")
	remove := func(o metav1.DeleteOptions) error {
		return batch.Delete().Namespace("default").Resource("jobs").Body(&o).Do(t.Context()).Error()
	}
	policy := metav1.DeletePropagationBackground
	warned("jobs deleted", remove(metav1.DeleteOptions{}), true, "child pods are preserved by default when jobs are deleted")
	warned("jobs deleted with their pods", remove(metav1.DeleteOptions{PropagationPolicy: &policy}), true, "")
}
