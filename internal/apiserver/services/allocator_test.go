package services

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"skiff/internal/api/networking"
	"skiff/internal/store"
)

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
	if n := len(taken(t, a)); n != 200 {
		t.Errorf("%d IPAddresses", n)
	}
}

func TestRangeIsUsedToItsEnd(t *testing.T) {
	a := allocator(t, "10.96.0.0/24")
	for i := range 254 {
		s := write(t, a, service(corev1.ServiceTypeClusterIP, ""), nil)
		addr, _ := parseIP(s.Spec.ClusterIP)
		if upper := addr.As4()[3] > 16; upper != (i < 238) {
			t.Fatalf("%s was given as number %d", addr, i)
		}
	}
	refuse(t, a, service(corev1.ServiceTypeClusterIP, ""), nil, "failed to allocate a serviceIP: range is full")

	// Another ServiceCIDR extends what can be given.
	st := a.storage.(*store.Store)
	more := create(t, st, networking.ServiceCIDR, serviceCIDR("more", "10.97.0.0/28"))
	s := write(t, a, service(corev1.ServiceTypeClusterIP, ""), nil)
	if !strings.HasPrefix(s.Spec.ClusterIP, "10.97.0.") {
		t.Errorf("%s", s.Spec.ClusterIP)
	}
	next := mustAddr(s.Spec.ClusterIP).Next().String()
	if next == "10.97.0.15" {
		next = "10.97.0.1"
	}
	write(t, a, service(corev1.ServiceTypeClusterIP, next), nil)

	// One that is not ready gives nothing, though what it gave stays known.
	o := more.Object().(*networkingv1.ServiceCIDR).DeepCopy()
	o.Status.Conditions = []metav1.Condition{{Type: networkingv1.ServiceCIDRConditionReady, Status: metav1.ConditionFalse}}
	if _, err := st.Table(networking.ServiceCIDR).Update(t.Context(), more, o); err != nil {
		t.Fatal(err)
	}
	if _, err := a.ranges(t.Context(), true, store.Latest); err != nil {
		t.Fatal(err) // the cache has it now
	}
	refuse(t, a, service(corev1.ServiceTypeClusterIP, ""), nil, "range is full")
	write(t, a, nil, s)
	if slices.Contains(taken(t, a), s.Spec.ClusterIP) {
		t.Errorf("%s is still taken", s.Spec.ClusterIP)
	}
}

func TestIPAddressOfAService(t *testing.T) {
	a := allocator(t, "10.96.0.0/16")
	write(t, a, service(corev1.ServiceTypeClusterIP, "10.96.0.10"), nil)
	item, err := a.addresses().Get(t.Context(), "", "10.96.0.10", store.Latest)
	if err != nil {
		t.Fatal(err)
	}
	o := item.Object().(*networkingv1.IPAddress)
	want := networkingv1.ParentReference{Resource: "services", Namespace: "team", Name: "s"}
	if *o.Spec.ParentRef != want || o.UID == "" || o.CreationTimestamp.IsZero() ||
		o.Labels["ipaddress.kubernetes.io/ip-family"] != "IPv4" || o.Labels["ipaddress.kubernetes.io/managed-by"] != "ipallocator.k8s.io" {
		t.Errorf("%+v", o)
	}
}

func TestAskedFor(t *testing.T) {
	a := allocator(t, "10.96.0.0/16", service(corev1.ServiceTypeNodePort, "10.96.0.1", 30080))
	s := write(t, a, service(corev1.ServiceTypeNodePort, "10.96.0.10", 30081), nil)
	if s.Spec.ClusterIPs[0] != "10.96.0.10" || s.Spec.IPFamilies[0] != corev1.IPv4Protocol || *s.Spec.IPFamilyPolicy != corev1.IPFamilyPolicySingleStack {
		t.Errorf("%+v", s.Spec)
	}
	refuse(t, a, service(corev1.ServiceTypeClusterIP, "10.96.0.1"), nil, `spec.clusterIPs: Invalid value: ["10.96.0.1"]: failed to allocate IP 10.96.0.1: provided IP is already allocated`)
	refuse(t, a, service(corev1.ServiceTypeClusterIP, "10.97.0.1"), nil, `spec.clusterIPs: Invalid value: ["10.97.0.1"]: failed to allocate IP 10.97.0.1: the provided network does not match the current range`)
	refuse(t, a, service(corev1.ServiceTypeNodePort, "", 30080), nil, "spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated")
	refuse(t, a, service(corev1.ServiceTypeNodePort, "", 80), nil, "provided port is not in the valid range. The range of valid ports is 30000-32767")
	if got := taken(t, a); !slices.Equal(got, []string{"10.96.0.1", "10.96.0.10"}) {
		t.Errorf("refused Services took %v", got)
	}
}

func TestDryRunTakesNothing(t *testing.T) {
	a := allocator(t, "10.96.0.0/16,fd00:96::/112")
	for _, ip := range []string{"", "10.96.0.9"} {
		s := service(corev1.ServiceTypeNodePort, ip, 0, 30099)
		s.Spec.IPFamilyPolicy = ptr.To(corev1.IPFamilyPolicyRequireDualStack)
		finish, err := a.Begin(t.Context(), s, nil, true)
		if err != nil {
			t.Fatal(err)
		}
		finish(true)
		if len(s.Spec.ClusterIPs) != 2 || s.Spec.ClusterIP == "" || s.Spec.Ports[0].NodePort == 0 {
			t.Errorf("%+v", s.Spec)
		}
	}
	if ips, ports := taken(t, a), takenPorts(t, a); len(ips)+len(ports) != 0 {
		t.Errorf("dry runs took %v and %v", ips, ports)
	}
	write(t, a, service(corev1.ServiceTypeClusterIP, "10.96.0.9"), nil)
	if _, err := a.Begin(t.Context(), service(corev1.ServiceTypeClusterIP, "10.96.0.9"), nil, true); err == nil {
		t.Error("a dry run was given what is taken")
	}
}

func TestRefusedAndFailedWritesKeepNothing(t *testing.T) {
	a := allocator(t, "10.96.0.0/16", service(corev1.ServiceTypeNodePort, "10.96.0.1", 30080))
	refuse(t, a, service(corev1.ServiceTypeNodePort, "10.96.0.7", 30080), nil, "already allocated")
	ctx, cancel := context.WithCancel(t.Context())
	finish, err := a.Begin(ctx, service(corev1.ServiceTypeNodePort, "10.96.0.7", 30081), nil, false)
	if err != nil {
		t.Fatalf("the address of a refused Service is still taken: %v", err)
	}
	cancel() // the client has gone
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
	other := service(corev1.ServiceTypeNodePort, "10.96.0.7", 30081)
	other.Name = "other"
	write(t, a, other, nil)

	// A second deletion of the first must not take the other's.
	if err := a.release(t.Context(), mustAddr("10.96.0.7"), nameOf(s)); err != nil {
		t.Fatal(err)
	}
	refuse(t, a, service(corev1.ServiceTypeClusterIP, "10.96.0.7"), nil, "already allocated")
}

func TestUpdatesChangeType(t *testing.T) {
	a := allocator(t, "10.96.0.0/16")
	s := write(t, a, service(corev1.ServiceTypeClusterIP, "", 0), nil)
	ip := s.Spec.ClusterIP

	opened := s.DeepCopy()
	opened.Spec.Type = corev1.ServiceTypeNodePort
	write(t, a, opened, s)
	port := opened.Spec.Ports[0].NodePort
	if opened.Spec.ClusterIP != ip || port == 0 {
		t.Errorf("after the change to NodePort: %+v", opened.Spec)
	}

	closed := opened.DeepCopy()
	closed.Spec.Type, closed.Spec.Ports[0].NodePort = corev1.ServiceTypeClusterIP, 0
	write(t, a, closed, opened)
	if ports := takenPorts(t, a); len(ports) != 0 {
		t.Errorf("a ClusterIP Service keeps %v", ports)
	}

	gone := closed.DeepCopy()
	gone.Spec.Type, gone.Spec.ExternalName, gone.Spec.ClusterIP, gone.Spec.ClusterIPs = corev1.ServiceTypeExternalName, "example.com", "", nil
	gone.Spec.IPFamilies, gone.Spec.IPFamilyPolicy = nil, nil
	write(t, a, gone, closed)
	if ips := taken(t, a); len(ips) != 0 {
		t.Errorf("an ExternalName Service keeps %v", ips)
	}
	back := gone.DeepCopy()
	back.Spec.Type = corev1.ServiceTypeLoadBalancer
	write(t, a, back, gone)
	if back.Spec.ClusterIP == "" || back.Spec.Ports[0].NodePort == 0 || len(back.Spec.IPFamilies) != 1 {
		t.Errorf("%+v", back.Spec)
	}
}

func TestUpdatesThatChangeNothingWriteNothing(t *testing.T) {
	a := allocator(t, "10.96.0.0/16,fd00:96::/112")
	s := service(corev1.ServiceTypeNodePort, "", 0)
	s.Spec.IPFamilyPolicy = ptr.To(corev1.IPFamilyPolicyPreferDualStack)
	write(t, a, s, nil)
	st := a.storage.(*store.Store)
	before := st.Written()
	same := s.DeepCopy()
	same.Labels = map[string]string{"a": "b"}
	write(t, a, same, s)
	if st.Written() != before || !slices.Equal(same.Spec.ClusterIPs, s.Spec.ClusterIPs) {
		t.Errorf("%d writes; %v became %v", st.Written()-before, s.Spec.ClusterIPs, same.Spec.ClusterIPs)
	}
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
	if ips := taken(t, a); len(ips) != 0 {
		t.Errorf("taken: %v", ips)
	}
}

func TestOnePortForTwoProtocols(t *testing.T) {
	a := allocator(t, "10.96.0.0/16")
	dns := func(nodePorts ...int32) *corev1.Service {
		s := service(corev1.ServiceTypeNodePort, "", nodePorts...)
		s.Spec.Ports[1].Protocol, s.Spec.Ports[1].Port = corev1.ProtocolUDP, 80
		return s
	}
	write(t, a, dns(30053, 30053), nil)
	for _, asked := range []*corev1.Service{dns(0, 0), dns(0, 30054)} {
		s := write(t, a, asked, nil)
		if s.Spec.Ports[0].NodePort != s.Spec.Ports[1].NodePort {
			t.Errorf("%+v", s.Spec.Ports)
		}
	}
	if n := len(takenPorts(t, a)); n != 3 {
		t.Errorf("%d ports are taken", n)
	}
}

func TestLoadBalancerHealthCheckPort(t *testing.T) {
	a := allocator(t, "10.96.0.0/16")
	s := service(corev1.ServiceTypeLoadBalancer, "", 0)
	s.Spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyLocal
	write(t, a, s, nil)
	if s.Spec.HealthCheckNodePort == 0 || s.Spec.HealthCheckNodePort == s.Spec.Ports[0].NodePort {
		t.Errorf("%+v", s.Spec)
	}
	changed := s.DeepCopy()
	changed.Spec.ExternalTrafficPolicy, changed.Spec.HealthCheckNodePort = corev1.ServiceExternalTrafficPolicyCluster, 0
	write(t, a, changed, s)
	if ports := takenPorts(t, a); len(ports) != 1 {
		t.Errorf("%v are taken", ports)
	}
	without := service(corev1.ServiceTypeLoadBalancer, "", 0)
	without.Spec.AllocateLoadBalancerNodePorts = ptr.To(false)
	write(t, a, without, nil)
	if without.Spec.Ports[0].NodePort != 0 {
		t.Errorf("%+v", without.Spec.Ports)
	}
}

// Addresses and health checks stay; that a change is refused is for the kind to
// say, and until then nothing is taken.
func TestChangesThatTheKindRefusesTakeNothing(t *testing.T) {
	a := allocator(t, "10.96.0.0/16")
	s := service(corev1.ServiceTypeLoadBalancer, "10.96.0.7", 30080)
	s.Spec.ExternalTrafficPolicy, s.Spec.HealthCheckNodePort = corev1.ServiceExternalTrafficPolicyLocal, 30081
	write(t, a, s, nil)
	headless := write(t, a, service(corev1.ServiceTypeClusterIP, corev1.ClusterIPNone), nil)
	moved := s.DeepCopy()
	moved.Spec.ClusterIP, moved.Spec.ClusterIPs, moved.Spec.HealthCheckNodePort = "10.96.0.8", []string{"10.96.0.8"}, 30082
	headed := headless.DeepCopy()
	headed.Spec.ClusterIP, headed.Spec.ClusterIPs = "10.96.0.9", []string{"10.96.0.9"}
	for now, before := range map[*corev1.Service]*corev1.Service{moved: s, headed: headless} {
		finish, err := begin(t, a, now, before)
		if err != nil {
			t.Fatal(err)
		}
		finish(false)
	}
	if ips, ports := taken(t, a), takenPorts(t, a); fmt.Sprint(ips, ports) != "[10.96.0.7] [30080 30081]" {
		t.Errorf("%v and %v are taken", ips, ports)
	}
}

func TestHealthCheckPortsThatCannotBeHad(t *testing.T) {
	a := allocator(t, "10.96.0.0/16", service(corev1.ServiceTypeNodePort, "10.96.0.1", 30080))
	s := service(corev1.ServiceTypeLoadBalancer, "", 0)
	s.Spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyLocal
	for port, want := range map[int32]string{
		30080: "Internal error occurred: failed to allocate requested HealthCheck NodePort 30080: provided port is already allocated",
		80:    "Internal error occurred: failed to allocate requested HealthCheck NodePort 80: provided port is not in the valid range",
	} {
		s.Spec.HealthCheckNodePort = port
		refuse(t, a, s, nil, want)
	}
	full := &portSet{first: 30000, last: 29999}
	s.Spec.HealthCheckNodePort, s.Spec.AllocateLoadBalancerNodePorts = 0, ptr.To(false)
	if _, err := planPorts(full, s, nil); err == nil || err.Detail != "failed to allocate a HealthCheck NodePort 0: range is full" {
		t.Error(err)
	}
}

// A new Service asks for a node port once for each port of its own; one that
// is there may have it twice.
func TestOneNodePortForTwoPorts(t *testing.T) {
	a := allocator(t, "10.96.0.0/16")
	s := service(corev1.ServiceTypeNodePort, "", 30080, 30080)
	s.Spec.Ports[1].Protocol = corev1.ProtocolUDP
	refuse(t, a, s.DeepCopy(), nil, "spec.ports[1].nodePort: Invalid value: 30080: provided port is already allocated")
	was := write(t, a, service(corev1.ServiceTypeClusterIP, "", 0, 0), nil)
	s.Spec.ClusterIP = was.Spec.ClusterIP
	write(t, a, s, was)
}

func TestIPv6(t *testing.T) {
	a := allocator(t, "fd00:96::/64")
	s := write(t, a, service(corev1.ServiceTypeClusterIP, ""), nil)
	if !strings.HasPrefix(s.Spec.ClusterIP, "fd00:96:") || s.Spec.IPFamilies[0] != corev1.IPv6Protocol {
		t.Errorf("%+v", s.Spec)
	}
	refuse(t, a, service(corev1.ServiceTypeClusterIP, s.Spec.ClusterIP), nil, "already allocated")
}
