package servicecache

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func TestCacheKeepsWhatItsReadersUse(t *testing.T) {
	node, host := "node1", "db-0"
	svc := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop", Name: "db", Annotations: map[string]string{"note": "long"},
			Labels:        map[string]string{"app": "db", proxyNameLabel: "mesh"},
			ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubectl"}},
		},
		Spec: corev1.ServiceSpec{ClusterIP: "10.96.0.7", ClusterIPs: []string{"10.96.0.7"}, Selector: map[string]string{"app": "db"}},
	}
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: "shop", Name: "db-x", Labels: map[string]string{discoveryv1.LabelServiceName: "db", "app": "db"}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints: []discoveryv1.Endpoint{{
			Addresses: []string{"10.244.0.5"}, NodeName: &node, Hostname: &host, TargetRef: &corev1.ObjectReference{Name: "db-0"},
		}},
	}
	factory, err := New(fake.NewClientset(svc, slice))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer func() { stop(); factory.Shutdown() }()
	if err := factory.Sync(ctx); err != nil {
		t.Fatal(err)
	}

	services := factory.Services().Informer().GetIndexer()
	endpoints := factory.EndpointSlices().Informer().GetIndexer()
	found := ServicesAt(services, "10.96.0.7")
	if len(found) != 1 || found[0].Name != "db" {
		t.Fatalf("services at 10.96.0.7: %v", found)
	}
	got := found[0]
	if got.Annotations != nil || got.ManagedFields != nil || got.Spec.Selector != nil || len(got.Labels) != 1 || got.Labels[proxyNameLabel] != "mesh" {
		t.Errorf("service was not trimmed to what readers use: %+v", got)
	}
	if svc.Spec.Selector == nil || svc.Annotations == nil {
		t.Error("the object that came in was changed")
	}
	for what, list := range map[string][]*discoveryv1.EndpointSlice{
		"of service": Slices(endpoints, "shop", "db"), "at address": SlicesAt(endpoints, "10.244.0.5"),
	} {
		if len(list) != 1 {
			t.Fatalf("slices %s: %v", what, list)
		}
		e := list[0].Endpoints[0]
		if e.TargetRef != nil || *e.NodeName != node || *e.Hostname != host {
			t.Errorf("slices %s: endpoint %+v", what, e)
		}
	}
	if len(Slices(endpoints, "shop", "other")) != 0 || len(ServicesAt(services, "10.96.0.8")) != 0 {
		t.Error("found objects that are not there")
	}
}
