package services

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"skiff/internal/api"
	"skiff/internal/apiserver/testreader"
)

func allocator(t *testing.T, cidr string, stored ...api.Object) *Allocator {
	t.Helper()
	_, n, err := net.ParseCIDR(cidr)
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(t.Context(), testreader.New(stored...), Config{CIDR: n})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func service(kind corev1.ServiceType, ip string, ports ...int32) *corev1.Service {
	s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "s"}}
	s.Spec.Type, s.Spec.ClusterIP, s.Spec.Selector = kind, ip, map[string]string{"app": "x"}
	for i, p := range ports {
		s.Spec.Ports = append(s.Spec.Ports, corev1.ServicePort{Port: int32(80 + i), Protocol: corev1.ProtocolTCP, NodePort: p})
	}
	return s
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

func begin(t *testing.T, a *Allocator, now, old *corev1.Service) (func(bool), error) {
	var n, o api.Object
	if now != nil {
		n = now
	}
	if old != nil {
		o = old
	}
	return a.Begin(t.Context(), n, o)
}

func refuse(t *testing.T, a *Allocator, now, old *corev1.Service, want string) {
	t.Helper()
	if _, err := begin(t, a, now, old); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
}

func TestEveryServiceHasItsOwn(t *testing.T) {
	a := allocator(t, "10.96.0.0/24")
	var mu sync.Mutex
	var group sync.WaitGroup
	ips, ports := map[string]int{}, map[int32]int{}
	for range 200 {
		group.Go(func() {
			s := service(corev1.ServiceTypeNodePort, "", 0, 0)
			write(t, a, s, nil)
			mu.Lock()
			defer mu.Unlock()
			ips[s.Spec.ClusterIP]++
			ports[s.Spec.Ports[0].NodePort]++
			ports[s.Spec.Ports[1].NodePort]++
		})
	}
	group.Wait()
	if len(ips) != 200 || len(ports) != 400 {
		t.Errorf("200 Services have %d addresses and %d ports", len(ips), len(ports))
	}
	for ip := range ips {
		if ip == "10.96.0.0" || ip == "10.96.0.255" {
			t.Errorf("%s was given", ip)
		}
	}
}

func TestRangeIsUsedToItsEnd(t *testing.T) {
	a := allocator(t, "10.96.0.0/28")
	for range 14 {
		write(t, a, service(corev1.ServiceTypeClusterIP, ""), nil)
	}
	refuse(t, a, service(corev1.ServiceTypeClusterIP, ""), nil, "range is full")
}

func TestAskedFor(t *testing.T) {
	a := allocator(t, "10.96.0.0/16", service(corev1.ServiceTypeNodePort, "10.96.0.1", 30080))
	s := write(t, a, service(corev1.ServiceTypeNodePort, "10.96.0.10", 30081), nil)
	if s.Spec.ClusterIPs[0] != "10.96.0.10" || s.Spec.IPFamilies[0] != corev1.IPv4Protocol || *s.Spec.IPFamilyPolicy != corev1.IPFamilyPolicySingleStack {
		t.Errorf("%+v", s.Spec)
	}
	refuse(t, a, service(corev1.ServiceTypeClusterIP, "10.96.0.1"), nil, `spec.clusterIPs: Invalid value: ["10.96.0.1"]: failed to allocate IP 10.96.0.1: provided IP is already allocated`)
	refuse(t, a, service(corev1.ServiceTypeClusterIP, "10.97.0.1"), nil, "the provided IP (10.97.0.1) is not in the valid range. The range of valid IPs is 10.96.0.0/16")
	refuse(t, a, service(corev1.ServiceTypeNodePort, "", 30080), nil, "spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated")
	refuse(t, a, service(corev1.ServiceTypeNodePort, "", 80), nil, "provided port is not in the valid range. The range of valid ports is 30000-32767")
}

func TestRefusedAndFailedWritesKeepNothing(t *testing.T) {
	a := allocator(t, "10.96.0.0/16", service(corev1.ServiceTypeNodePort, "10.96.0.1", 30080))
	refuse(t, a, service(corev1.ServiceTypeNodePort, "10.96.0.7", 30080), nil, "already allocated")
	finish, err := begin(t, a, service(corev1.ServiceTypeNodePort, "10.96.0.7", 30081), nil)
	if err != nil {
		t.Fatalf("the address of a refused Service is still taken: %v", err)
	}
	finish(false)
	write(t, a, service(corev1.ServiceTypeNodePort, "10.96.0.7", 30081), nil)
}

func TestDeletedServicesGiveBack(t *testing.T) {
	a := allocator(t, "10.96.0.0/16")
	s := write(t, a, service(corev1.ServiceTypeNodePort, "10.96.0.7", 30081), nil)
	finish, _ := begin(t, a, nil, s)
	finish(false)
	refuse(t, a, service(corev1.ServiceTypeClusterIP, "10.96.0.7"), nil, "already allocated")
	write(t, a, nil, s)
	write(t, a, service(corev1.ServiceTypeNodePort, "10.96.0.7", 30081), nil)
}

func TestUpdates(t *testing.T) {
	a := allocator(t, "10.96.0.0/16")
	s := write(t, a, service(corev1.ServiceTypeClusterIP, "", 0), nil)
	ip := s.Spec.ClusterIP

	open := s.DeepCopy()
	open.Spec.Type, open.Spec.ClusterIP, open.Spec.ClusterIPs = corev1.ServiceTypeNodePort, "", nil
	write(t, a, open, s)
	port := open.Spec.Ports[0].NodePort
	if open.Spec.ClusterIP != ip || port == 0 {
		t.Errorf("after the change to NodePort: %+v", open.Spec)
	}

	same := open.DeepCopy()
	same.Spec.Ports[0].NodePort = 0
	write(t, a, same, open)
	if same.Spec.Ports[0].NodePort != port {
		t.Errorf("an update that leaves the node port out changes it from %d to %d", port, same.Spec.Ports[0].NodePort)
	}

	closed := same.DeepCopy()
	closed.Spec.Type = corev1.ServiceTypeClusterIP
	write(t, a, closed, same)
	if closed.Spec.Ports[0].NodePort != 0 {
		t.Error("a ClusterIP Service has a node port")
	}
	write(t, a, service(corev1.ServiceTypeNodePort, "", port), nil)

	gone := closed.DeepCopy()
	gone.Spec.Type, gone.Spec.ExternalName = corev1.ServiceTypeExternalName, "example.com"
	write(t, a, gone, closed)
	if gone.Spec.ClusterIP != "" || gone.Spec.IPFamilies != nil {
		t.Errorf("an ExternalName Service has %+v", gone.Spec)
	}
	write(t, a, service(corev1.ServiceTypeClusterIP, ip), nil)
}

func TestHeadlessAndExternal(t *testing.T) {
	a := allocator(t, "10.96.0.0/16")
	headless := write(t, a, service(corev1.ServiceTypeClusterIP, corev1.ClusterIPNone), nil)
	if fmt.Sprint(headless.Spec.ClusterIPs) != "[None]" || headless.Spec.IPFamilies[0] != corev1.IPv4Protocol {
		t.Errorf("%+v", headless.Spec)
	}
	external := write(t, a, service(corev1.ServiceTypeExternalName, ""), nil)
	if external.Spec.ClusterIP != "" || external.Spec.IPFamilyPolicy != nil {
		t.Errorf("%+v", external.Spec)
	}
	dual := service(corev1.ServiceTypeClusterIP, "")
	dual.Spec.IPFamilyPolicy = ptr.To(corev1.IPFamilyPolicyRequireDualStack)
	refuse(t, a, dual, nil, "this cluster is not configured for dual-stack services")
}

func TestOnePortForTwoProtocols(t *testing.T) {
	a := allocator(t, "10.96.0.0/16")
	s := service(corev1.ServiceTypeNodePort, "", 30053, 30053)
	s.Spec.Ports[1].Protocol = corev1.ProtocolUDP
	write(t, a, s, nil)
}

func TestLoadBalancerHealthCheckPort(t *testing.T) {
	a := allocator(t, "10.96.0.0/16")
	s := service(corev1.ServiceTypeLoadBalancer, "", 0)
	s.Spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyLocal
	write(t, a, s, nil)
	if s.Spec.HealthCheckNodePort == 0 || s.Spec.HealthCheckNodePort == s.Spec.Ports[0].NodePort {
		t.Errorf("%+v", s.Spec)
	}
	without := service(corev1.ServiceTypeLoadBalancer, "", 0)
	without.Spec.AllocateLoadBalancerNodePorts = ptr.To(false)
	write(t, a, without, nil)
	if without.Spec.Ports[0].NodePort != 0 {
		t.Errorf("%+v", without.Spec.Ports)
	}
}

func TestIPv6(t *testing.T) {
	a := allocator(t, "fd00:96::/108")
	s := write(t, a, service(corev1.ServiceTypeClusterIP, ""), nil)
	if !strings.HasPrefix(s.Spec.ClusterIP, "fd00:96::") || s.Spec.IPFamilies[0] != corev1.IPv6Protocol {
		t.Errorf("%+v", s.Spec)
	}
	refuse(t, a, service(corev1.ServiceTypeClusterIP, s.Spec.ClusterIP), nil, "already allocated")
}
