// Package backends holds what the controllers of EndpointSlices and of
// Endpoints must agree on: which pods stand behind a Service, on which ports,
// and which changes of pods matter to Services. It writes nothing.
package backends

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	corelisters "k8s.io/client-go/listers/core/v1"

	"skiff/internal/api/pod"
	"skiff/internal/client"
	"skiff/internal/controllers/pods"
	"skiff/internal/reconcile"
)

// Port is a port of a Service as one pod serves it.
type Port struct {
	Name        string
	Number      int32
	Protocol    corev1.Protocol
	AppProtocol string // empty: none
}

// Managed says whether the Service's endpoints are ours to write: they are
// selected, and not a name of someone else's.
func Managed(s *corev1.Service) bool {
	return len(s.Spec.Selector) > 0 && s.Spec.Type != corev1.ServiceTypeExternalName
}

// Headless says whether the Service has no address of its own.
func Headless(s *corev1.Service) bool { return s.Spec.ClusterIP == corev1.ClusterIPNone }

// Included says whether the pod can be an endpoint at all.
func Included(p *corev1.Pod) bool { return !pods.Terminal(p) && p.Status.PodIP != "" }

// Address returns the pod's address of a family, or "".
func Address(p *corev1.Pod, six bool) string {
	ips := p.Status.PodIPs
	if len(ips) == 0 {
		ips = []corev1.PodIP{{IP: p.Status.PodIP}}
	}
	for _, ip := range ips {
		if a, err := netip.ParseAddr(ip.IP); err == nil && a.Is6() == six {
			return ip.IP
		}
	}
	return ""
}

// Families returns the families for which the Service has endpoints: false
// stands for IPv4, true for IPv6.
func Families(s *corev1.Service) (six []bool) {
	for _, f := range s.Spec.IPFamilies {
		six = append(six, f == corev1.IPv6Protocol)
	}
	if len(six) == 0 {
		a, err := netip.ParseAddr(s.Spec.ClusterIP)
		six = []bool{err == nil && a.Is6()}
	}
	return six
}

// Ports returns the Service's ports as the pod serves them. A named target
// port that the pod does not have is left out.
func Ports(s *corev1.Service, p *corev1.Pod) (out []Port) {
	for i := range s.Spec.Ports {
		sp := &s.Spec.Ports[i]
		protocol := cmp.Or(sp.Protocol, corev1.ProtocolTCP)
		n, ok := pod.TargetPort(p, sp)
		if !ok {
			continue
		}
		port := Port{Name: sp.Name, Number: n, Protocol: protocol}
		if sp.AppProtocol != nil {
			port.AppProtocol = *sp.AppProtocol
		}
		out = append(out, port)
	}
	slices.SortFunc(out, func(a, b Port) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Number, b.Number), cmp.Compare(a.Protocol, b.Protocol))
	})
	return out
}

// Hostname is the pod's name in the DNS of its headless Service, or "".
func Hostname(s *corev1.Service, p *corev1.Pod) string {
	if p.Spec.Hostname != "" && p.Spec.Subdomain == s.Name && p.Namespace == s.Namespace {
		return p.Spec.Hostname
	}
	return ""
}

// Ref is what an endpoint says of its pod.
func Ref(p *corev1.Pod) *corev1.ObjectReference {
	return &corev1.ObjectReference{Kind: "Pod", Namespace: p.Namespace, Name: p.Name, UID: p.UID}
}

// Labels are those of a Service's endpoints: the Service's own, the mark of
// headless ones, and who manages them.
func Labels(s *corev1.Service, own map[string]string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, s.Labels)
	delete(out, corev1.IsHeadlessService)
	if Headless(s) {
		out[corev1.IsHeadlessService] = ""
	}
	maps.Copy(out, own)
	return out
}

// Watch calls wake with the key of every Service that changed or whose pods
// changed in a way that shows in its endpoints.
func Watch(factory *client.Informers, wake func(reconcile.Key)) {
	services := factory.Services()
	lister := services.Lister()
	reconcile.OnChange(services.Informer(), func(s *corev1.Service) { wake(reconcile.KeyOf(s)) })
	reconcile.OnUpdate(factory.Pods().Informer(), func(old, p *corev1.Pod, deleted bool) {
		if old != nil && !deleted && same(old, p) {
			return
		}
		for _, s := range behind(lister, p) {
			wake(s)
		}
		if old != nil && !maps.Equal(old.Labels, p.Labels) {
			for _, s := range behind(lister, old) {
				wake(s)
			}
		}
	})
}

// behind returns the Services that select the pod.
func behind(lister corelisters.ServiceLister, p *corev1.Pod) (out []reconcile.Key) {
	all, _ := lister.Services(p.Namespace).List(labels.Everything()) // a cache does not fail
	for _, s := range all {
		if Managed(s) && labels.SelectorFromValidatedSet(s.Spec.Selector).Matches(labels.Set(p.Labels)) {
			out = append(out, reconcile.KeyOf(s))
		}
	}
	return out
}

// same says whether no Service would show a difference between two states of
// a pod.
func same(a, b *corev1.Pod) bool {
	return a.UID == b.UID && pods.Ready(a) == pods.Ready(b) && Included(a) == Included(b) &&
		a.Spec.NodeName == b.Spec.NodeName && a.Spec.Hostname == b.Spec.Hostname && a.Spec.Subdomain == b.Spec.Subdomain &&
		(a.DeletionTimestamp == nil) == (b.DeletionTimestamp == nil) &&
		slices.Equal(a.Status.PodIPs, b.Status.PodIPs) && a.Status.PodIP == b.Status.PodIP && maps.Equal(a.Labels, b.Labels)
}
