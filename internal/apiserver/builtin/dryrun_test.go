package builtin_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"skiff/internal/apiserver/apitest"
)

// TestDryRunsWriteNothing asks for a dry run of every verb, of objects and of
// their subresources: each answers, and the store stays at its revision.
func TestDryRunsWriteNothing(t *testing.T) {
	c := start(t)
	kube := c.admin(t)
	podOn(t, kube, "bound", "n1")
	const (
		core   = "/api/v1/namespaces/default"
		apps   = "/apis/apps/v1/namespaces/default"
		spec   = `"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}`
		merge  = types.MergePatchType
		strat  = types.StrategicMergePatchType
		toNode = `{"apiVersion":"v1","kind":"Binding","metadata":{"name":"free"},"target":{"kind":"Node","name":"n1"}}`
	)
	send(t, kube, "POST", core+"/pods", "", `{"metadata":{"name":"free"},"spec":{"containers":[{"name":"c","image":"i"}]}}`)
	send(t, kube, "POST", apps+"/deployments", "", `{"metadata":{"name":"d"},`+spec+`}`)
	send(t, kube, "POST", core+"/services", "", `{"metadata":{"name":"s"},"spec":{"type":"NodePort","ports":[{"port":80}]}}`)
	send(t, kube, "POST", "/api/v1/namespaces", "", `{"metadata":{"name":"n"}}`)
	judged(t, kube)
	before, err := c.Store.Revision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		verb, path string
		kind       types.PatchType
		body       string
	}{
		{"POST", core + "/configmaps", "", `{"metadata":{"generateName":"c-"}}`},
		{"POST", core + "/services", "", `{"metadata":{"name":"t"},"spec":{"type":"NodePort","ports":[{"port":80}]}}`},
		{"POST", core + "/pods", "", `{"metadata":{"name":"q"},"spec":{"containers":[{"name":"c","image":"i"}]}}`},
		{"PUT", apps + "/deployments/d", "", `{"metadata":{"name":"d","labels":{"x":"y"}},` + spec + `}`},
		{"PUT", "/apis/rbac.authorization.k8s.io/v1/clusterroles/new", "", `{"metadata":{"name":"new"},"rules":[]}`},
		{"PATCH", core + "/services/s", merge, `{"spec":{"type":"ClusterIP"}}`},
		{"PATCH", core + "/configmaps/applied", types.ApplyYAMLPatchType, `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"applied"},"data":{"a":"b"}}`},
		{"DELETE", core + "/services/s", "", ``},
		{"DELETE", core + "/pods/bound", "", ``},
		{"DELETE", core + "/pods", "", ``},
		{"DELETE", "/api/v1/namespaces/n", "", ``},
		{"DELETE", apps + "/deployments/d", "", `{"propagationPolicy":"Foreground","dryRun":["All"]}`},
		{"PUT", apps + "/deployments/d/scale", "", `{"metadata":{"name":"d"},"spec":{"replicas":7}}`},
		{"PATCH", apps + "/deployments/d/scale", merge, `{"spec":{"replicas":7}}`},
		{"PATCH", apps + "/deployments/d/status", merge, `{"status":{"observedGeneration":7}}`},
		{"POST", core + "/pods/free/binding", "", toNode},
		{"POST", core + "/bindings", "", toNode},
		{"POST", core + "/pods/bound/eviction", "", `{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"bound"}}`},
		{"PATCH", core + "/pods/bound/ephemeralcontainers", strat, `{"spec":{"ephemeralContainers":[{"name":"e","image":"i"}]}}`},
		{"PATCH", core + "/pods/bound/resize", strat, `{"spec":{"containers":[{"name":"c","resources":{}}]}}`},
		{"PATCH", core + "/pods/bound/status", merge, `{"status":{"message":"x"}}`},
		{"PATCH", "/api/v1/namespaces/n/status", merge, `{"status":{"conditions":[{"type":"x","status":"True"}]}}`},
		{"PUT", "/api/v1/namespaces/n/finalize", "", `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"n"},"spec":{}}`},
		{"POST", core + "/serviceaccounts/default/token", "", `{"spec":{}}`},
		{"POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "", `{}`},
	} {
		send(t, kube, tt.verb, tt.path+"?dryRun=All&fieldManager=test", tt.kind, tt.body)
		after, err := c.Store.Revision(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if after != before {
			t.Errorf("%s %s wrote", tt.verb, tt.path)
			before = after
		}
	}
}

// judged waits until each FlowSchema says whether it leads anywhere: the server
// writes that of its own accord.
func judged(t *testing.T, kube *kubernetes.Clientset) {
	t.Helper()
	apitest.Eventually(t, "every FlowSchema has its condition", func(ctx context.Context) bool {
		all, err := kube.FlowcontrolV1().FlowSchemas().List(ctx, metav1.ListOptions{})
		return err == nil && !slices.ContainsFunc(all.Items, func(s flowcontrolv1.FlowSchema) bool { return len(s.Status.Conditions) == 0 })
	})
}

// send performs a request that must succeed.
func send(t *testing.T, kube *kubernetes.Clientset, verb, path string, kind types.PatchType, body string) {
	t.Helper()
	if kind == "" {
		kind = "application/json"
	}
	r := kube.RESTClient().Verb(verb).RequestURI(path).SetHeader("Content-Type", string(kind))
	if body != "" {
		r = r.Body([]byte(body))
	}
	if got, err := r.DoRaw(t.Context()); err != nil {
		t.Errorf("%s %s: %v", verb, path, fmt.Errorf("%w: %s", err, got))
	}
}
