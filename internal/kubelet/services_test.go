package kubelet

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
)

func TestServed(t *testing.T) {
	services := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	k := &kubelet{}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "ns", Labels: map[string]string{"app": "web", "x": "y"}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Ports: []corev1.ContainerPort{
			{Name: "http", ContainerPort: 8080, Protocol: corev1.ProtocolTCP}, {Name: "dns", ContainerPort: 53, Protocol: corev1.ProtocolUDP}}}}}}
	always := corev1.ContainerRestartPolicyAlways
	pod.Spec.InitContainers = []corev1.Container{
		{Ports: []corev1.ContainerPort{{Name: "gone", ContainerPort: 9000}}},
		{RestartPolicy: &always, Ports: []corev1.ContainerPort{{Name: "mesh", ContainerPort: 9001}}}}
	if got := k.served(pod); len(got) != 0 {
		t.Errorf("served before Services are known: %v", got)
	}
	k.services = corelisters.NewServiceLister(services)
	add := func(namespace, name string, selector map[string]string, target intstr.IntOrString, protocol corev1.Protocol) {
		kept, err := trimService(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
			Spec: corev1.ServiceSpec{Selector: selector, Ports: []corev1.ServicePort{{Port: 1, TargetPort: target, Protocol: protocol}}}})
		if err == nil {
			err = services.Add(kept)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	web := map[string]string{"app": "web"}
	add("ns", "by-number", web, intstr.FromInt32(80), corev1.ProtocolTCP)
	add("ns", "by-name", web, intstr.FromString("http"), corev1.ProtocolTCP)
	add("ns", "of-a-sidecar", web, intstr.FromString("mesh"), "")
	add("ns", "of-an-init-container", web, intstr.FromString("gone"), corev1.ProtocolTCP)
	add("ns", "like-the-service's", web, intstr.IntOrString{}, corev1.ProtocolTCP)
	add("ns", "name-of-another-protocol", web, intstr.FromString("dns"), corev1.ProtocolTCP)
	add("ns", "unknown-name", web, intstr.FromString("nope"), corev1.ProtocolTCP)
	add("ns", "udp", web, intstr.FromInt32(81), corev1.ProtocolUDP)
	add("ns", "other-pods", map[string]string{"app": "other"}, intstr.FromInt32(82), corev1.ProtocolTCP)
	add("ns", "no-selector", nil, intstr.FromInt32(83), corev1.ProtocolTCP)
	add("elsewhere", "other-namespace", web, intstr.FromInt32(84), corev1.ProtocolTCP)
	got := k.served(pod)
	if slices.Sort(got); !slices.Equal(got, []uint16{1, 80, 8080, 9001}) {
		t.Errorf("served: %v, want 1, 80, 8080 and 9001", got)
	}
}
