package client

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

func TestConfigLeavesTheCallersAlone(t *testing.T) {
	mine := &rest.Config{Host: "https://example"}
	got := Config(mine, "x")
	if mine.ContentType != "" || mine.QPS != 0 || mine.UserAgent != "" {
		t.Errorf("the given config was changed: %v", mine)
	}
	if got.ContentType != protobuf || got.QPS != -1 || got.UserAgent != "x" {
		t.Errorf("got %v", got)
	}
}

func TestInformersKeepNoManagedFields(t *testing.T) {
	kube := fake.NewClientset(&corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name: "a", Labels: map[string]string{"k": "v"},
		ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "m", Operation: "Apply"}},
	}})
	factory := NewInformers(kube)
	nodes := factory.Nodes().Lister()
	if err := factory.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	n, err := nodes.Get("a")
	if err != nil {
		t.Fatal(err)
	}
	if n.ManagedFields != nil || n.Labels["k"] != "v" {
		t.Errorf("got %v", n.ObjectMeta)
	}
}

func TestDiscover(t *testing.T) {
	kube := fake.NewClientset()
	kube.Resources = []*metav1.APIResourceList{
		{GroupVersion: "v1", APIResources: []metav1.APIResource{{Name: "pods"}}},
		{GroupVersion: "apps/v1", APIResources: []metav1.APIResource{{Name: "deployments"}}},
	}
	got, err := Discover(t.Context(), kube.Discovery())
	if err != nil {
		t.Fatal(err)
	}
	pods := schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	jobs := schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"}
	if !got.Serves(pods) || got.Serves(pods, jobs) {
		t.Errorf("got %v", got)
	}
}

func TestObjectOfALateDeletion(t *testing.T) {
	pod := &corev1.Pod{}
	if Object[*corev1.Pod](cache.DeletedFinalStateUnknown{Obj: pod}) != pod {
		t.Error("tombstone was not opened")
	}
	if Object[*corev1.Pod](&corev1.Node{}) != nil {
		t.Error("a node is no pod")
	}
}
