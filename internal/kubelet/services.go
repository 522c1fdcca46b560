package kubelet

import (
	"cmp"
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"skiff/internal/api/pod"
	"skiff/internal/client"
)

// watchServices keeps the Services: pods learn of them through environment
// variables, and are waited for where they send to.
func (k *kubelet) watchServices(ctx context.Context) {
	factory := client.NewInformers(k.client, trimService)
	services := factory.Services()
	informer := services.Informer()
	k.mu.Lock()
	k.services = services.Lister()
	k.synced = func(ctx context.Context) bool {
		select {
		case <-informer.HasSyncedChecker().Done():
			return true
		case <-ctx.Done():
			return false
		}
	}
	k.mu.Unlock()
	factory.Start(ctx)
	<-ctx.Done()
	factory.Shutdown()
}

// served are the TCP ports of a pod that Services send to.
func (k *kubelet) served(o *corev1.Pod) []uint16 {
	k.mu.Lock()
	lister := k.services
	k.mu.Unlock()
	if lister == nil {
		return nil
	}
	var ports []uint16
	services, _ := lister.Services(o.Namespace).List(labels.Everything())
	for _, s := range services {
		if len(s.Spec.Selector) == 0 || !labels.SelectorFromSet(s.Spec.Selector).Matches(labels.Set(o.Labels)) {
			continue
		}
		for i := range s.Spec.Ports {
			p := &s.Spec.Ports[i]
			if number, ok := pod.TargetPort(o, p); ok && cmp.Or(p.Protocol, corev1.ProtocolTCP) == corev1.ProtocolTCP {
				ports = append(ports, uint16(number))
			}
		}
	}
	return ports
}

// trimService keeps of a Service what a kubelet uses.
func trimService(o any) (any, error) {
	s, ok := o.(*corev1.Service)
	if !ok {
		return o, nil
	}
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: s.Name, Namespace: s.Namespace, UID: s.UID, ResourceVersion: s.ResourceVersion},
		Spec:       corev1.ServiceSpec{ClusterIP: s.Spec.ClusterIP, Ports: s.Spec.Ports, Selector: s.Spec.Selector},
	}, nil
}
