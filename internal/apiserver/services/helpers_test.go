package services

import (
	"net/netip"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/api"
	"skiff/internal/api/core"
	"skiff/internal/api/networking"
	"skiff/internal/store"
)

// open starts etcd in a directory of the test.
func open(t *testing.T) *store.Store {
	t.Helper()
	st, err := store.Open(t.Context(), store.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Close)
	return st
}

func serviceCIDR(name string, cidrs ...string) *networkingv1.ServiceCIDR {
	return &networkingv1.ServiceCIDR{ObjectMeta: metav1.ObjectMeta{Name: name, CreationTimestamp: metav1.Now()}, Spec: networkingv1.ServiceCIDRSpec{CIDRs: cidrs}}
}

func create(t *testing.T, st *store.Store, r *api.Resource, obj api.Object) store.Item {
	t.Helper()
	item, err := st.Table(r).Create(t.Context(), obj)
	if err != nil {
		t.Fatal(err)
	}
	return item
}

// allocatorOf makes an allocator of one or two ranges over a store.
func allocatorOf(t *testing.T, st *store.Store, cidrs ...string) *Allocator {
	t.Helper()
	var c Config
	for _, text := range cidrs {
		c.CIDRs = append(c.CIDRs, netip.MustParsePrefix(text))
	}
	a, err := New(t.Context(), st, c)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// allocator is one over a store of its own, with the ServiceCIDR that a
// cluster begins with and Services that are stored already.
func allocator(t *testing.T, cidr string, stored ...*corev1.Service) *Allocator {
	t.Helper()
	st := open(t)
	create(t, st, networking.ServiceCIDR, serviceCIDR("kubernetes", strings.Split(cidr, ",")...))
	for _, s := range stored {
		create(t, st, core.Service, s)
	}
	return allocatorOf(t, st, strings.Split(cidr, ",")...)
}

func service(kind corev1.ServiceType, ip string, ports ...int32) *corev1.Service {
	s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "s"}}
	s.Spec.Type, s.Spec.ClusterIP, s.Spec.Selector = kind, ip, map[string]string{"app": "x"}
	for i, p := range ports {
		s.Spec.Ports = append(s.Spec.Ports, corev1.ServicePort{Port: int32(80 + i), Protocol: corev1.ProtocolTCP, NodePort: p})
	}
	return s
}

func begin(t *testing.T, a *Allocator, now, old *corev1.Service) (func(bool), error) {
	var n, o api.Object
	if now != nil {
		n = now
	}
	if old != nil {
		o = old
	}
	return a.Begin(t.Context(), n, o, false)
}

func write(t *testing.T, a *Allocator, now, old *corev1.Service) *corev1.Service {
	t.Helper()
	finish, err := begin(t, a, now, old)
	if err != nil {
		t.Fatal(err)
	}
	finish(true)
	return now
}

func refuse(t *testing.T, a *Allocator, now, old *corev1.Service, want string) {
	t.Helper()
	if _, err := begin(t, a, now, old); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
}

// taken are the addresses that have an IPAddress.
func taken(t *testing.T, a *Allocator) (names []string) {
	t.Helper()
	list, err := a.addresses().List(t.Context(), store.ListOptions{MinRevision: store.Latest})
	if err != nil {
		t.Fatal(err)
	}
	for i := range list.Items {
		names = append(names, i.Name())
	}
	return names
}

func takenPorts(t *testing.T, a *Allocator) []int {
	t.Helper()
	set, err := a.ports.read(t.Context(), store.Latest)
	if err != nil {
		t.Fatal(err)
	}
	return set.ports()
}

func mustAddr(text string) netip.Addr { return netip.MustParseAddr(text) }
