package apiserver_test

import (
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"skiff/internal/api/catalogue"
	"skiff/internal/apiserver/apitest"
)

// fieldLabels are the fields that kinds can be selected by beside name and
// namespace, as Kubernetes has them.
var fieldLabels = map[string]string{
	"pods": "spec.nodeName spec.host spec.restartPolicy spec.schedulerName spec.serviceAccountName spec.hostNetwork " +
		"status.phase status.podIP status.podIPs status.nominatedNodeName",
	"nodes":                  "spec.unschedulable",
	"namespaces":             "status.phase",
	"secrets":                "type",
	"services":               "spec.clusterIP spec.type",
	"replicationcontrollers": "status.replicas",
	"replicasets.apps":       "status.replicas",
	"jobs.batch":             "status.successful",
	"events": "involvedObject.kind involvedObject.namespace involvedObject.name involvedObject.uid involvedObject.apiVersion " +
		"involvedObject.resourceVersion involvedObject.fieldPath reason reportingComponent source type",
	"events.events.k8s.io": "regarding.kind regarding.namespace regarding.name regarding.uid regarding.apiVersion " +
		"regarding.resourceVersion regarding.fieldPath reason reportingController type",
	"certificatesigningrequests.certificates.k8s.io": "spec.signerName",
	"clustertrustbundles.certificates.k8s.io":        "spec.signerName",
	"podcertificaterequests.certificates.k8s.io":     "spec.signerName spec.podName spec.nodeName",
	"resourceslices.resource.k8s.io":                 "spec.nodeName spec.driver spec.pool.name",
}

// noNamespace are kinds that do not take metadata.namespace either.
const noNamespace = "nodes namespaces certificatesigningrequests.certificates.k8s.io clustertrustbundles.certificates.k8s.io resourceslices.resource.k8s.io"

func TestFieldLabels(t *testing.T) {
	s := apitest.Start(t)
	every := map[string]bool{"metadata.name": true, "metadata.namespace": true, "spec.foo": true}
	for _, names := range fieldLabels {
		for name := range strings.FieldsSeq(names) {
			every[name] = true
		}
	}
	for _, r := range catalogue.All() {
		if !r.Serves("list") || r.Prefix == "" && r.StoredAs == nil {
			continue
		}
		path := "/apis/" + r.GroupVersion().String() + "/" + r.Plural
		if r.Group == "" {
			path = "/api/v1/" + r.Plural
		}
		kind := r.GroupResource().String()
		takes := " metadata.name " + fieldLabels[kind] + " "
		if !strings.Contains(" "+noNamespace+" ", " "+kind+" ") {
			takes += "metadata.namespace "
		}
		for name := range every {
			resp, body := raw(t, s.Admin(), path+"?fieldSelector="+name+"=x", "application/json")
			want := http.StatusBadRequest
			if strings.Contains(takes, " "+name+" ") {
				want = http.StatusOK
			}
			if resp.StatusCode != want {
				t.Errorf("%s by %s: %d, want %d: %s", kind, name, resp.StatusCode, want, body)
			}
		}
	}
	for path, want := range map[string]string{
		"/api/v1/pods": "field label not supported: spec.foo", "/apis/events.k8s.io/v1/events": "field label not supported: spec.foo",
		"/api/v1/configmaps":                      `\"spec.foo\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"`,
		"/apis/batch/v1/jobs":                     `field label \"spec.foo\" not supported for batchv1.Job`,
		"/apis/resource.k8s.io/v1/resourceslices": "field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: spec.foo",
	} {
		if _, body := raw(t, s.Admin(), path+"?fieldSelector=spec.foo=x", "application/json"); !strings.Contains(body, want) {
			t.Errorf("%s: %s, want %s", path, body, want)
		}
	}
}

// Both kinds of Event are the same objects, chosen by the names that each has
// for the fields; so are Pods by the name of before v1.
func TestFieldsByOtherNames(t *testing.T) {
	s := apitest.Start(t)
	c := kubernetes.NewForConfigOrDie(s.Admin())
	for _, name := range []string{"a", "b"} {
		event := &corev1.Event{
			ObjectMeta: metav1.ObjectMeta{Name: name}, Reason: "R" + name, Source: corev1.EventSource{Component: name},
			InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: "default", Name: "p" + name},
		}
		if _, err := c.CoreV1().Events("default").Create(t.Context(), event, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.CoreV1().Pods("default").Create(t.Context(), &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec:       corev1.PodSpec{NodeName: "n" + name, Containers: []corev1.Container{{Name: "c", Image: "i"}}},
		}, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, selector := range []string{"regarding.name=pb", "regarding.kind=Pod,reason=Rb", "regarding.name!=pa"} {
		l, err := c.EventsV1().Events("default").List(t.Context(), metav1.ListOptions{FieldSelector: selector})
		if err != nil || len(l.Items) != 1 || l.Items[0].Name != "b" {
			t.Errorf("events.k8s.io by %s: %d, %v", selector, len(l.Items), err)
		}
	}
	for _, selector := range []string{"involvedObject.name=pb", "source=b", "reportingComponent=,reason=Rb"} {
		l, err := c.CoreV1().Events("").List(t.Context(), metav1.ListOptions{FieldSelector: selector})
		if err != nil || len(l.Items) != 1 || l.Items[0].Name != "b" {
			t.Errorf("events by %s: %d, %v", selector, len(l.Items), err)
		}
	}
	l, err := c.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{FieldSelector: "spec.host=nb"})
	if err != nil || len(l.Items) != 1 || l.Items[0].Name != "b" {
		t.Errorf("pods by spec.host: %d, %v", len(l.Items), err)
	}
}
