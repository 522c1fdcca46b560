package proxy

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestConnectionsAreSpreadOverEndpoints(t *testing.T) {
	r := newRig(t)
	r.serve(pod1, 8080)
	r.serve(remote, 8080)
	r.service(newService("web", "10.96.1.1", corev1.ProtocolTCP, 80, 30080), pod1+":8080", remote+":8080")
	seen := map[string]int{}
	for range 64 {
		server, from, err := r.ask(pod2, "tcp", "10.96.1.1:80")
		must(t, err)
		if from != pod2 {
			t.Fatalf("%s saw %s; a pod's own address must be kept", server, from)
		}
		seen[server]++
	}
	if seen[pod1] == 0 || seen[remote] == 0 { // by chance once in 2^63
		t.Errorf("64 connections were answered by %v", seen)
	}
}

func TestNodePortAnswersOnEveryLocalAddress(t *testing.T) {
	r := newRig(t)
	r.serve(pod1, 8080)
	r.service(newService("web", "10.96.1.1", corev1.ProtocolTCP, 80, 30080), pod1+":8080")
	for _, to := range []string{"127.0.0.1:30080", "169.254.1.1:30080", gate + ":30080", "10.96.1.1:80"} {
		r.expect("", "tcp", to, pod1, "")
	}
	r.expect(outside, "tcp", gate+":30080", pod1, outside)
	r.expect(pod2, "tcp", gate+":30080", pod1, "")

	r.serve(remote, 8080)
	r.service(newService("web", "10.96.1.1", corev1.ProtocolTCP, 80, 30080), remote+":8080")
	server, from, err := r.ask(outside, "tcp", gate+":30080")
	must(t, err)
	if server != remote || from == outside {
		t.Errorf("answered by %s, which saw %s; an endpoint elsewhere must answer through this node", server, from)
	}
	r.expect("", "tcp", "127.0.0.1:30080", remote, "")
}

func TestLocalPolicyKeepsClientsAddress(t *testing.T) {
	r := newRig(t)
	r.serve(pod1, 8080)
	r.serve(remote, 8080)
	svc := newService("web", "10.96.1.1", corev1.ProtocolTCP, 80, 30080)
	svc.Spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyLocal
	r.service(svc, pod1+":8080", remote+":8080")
	for range 16 {
		r.expect(outside, "tcp", gate+":30080", pod1, outside)
	}
	r.service(svc, remote+":8080")
	if _, _, err := r.ask(outside, "tcp", gate+":30080"); !isTimeout(err) {
		t.Errorf("with endpoints on other nodes only: %v, want no answer", err)
	}
	r.expect("", "tcp", "127.0.0.1:30080", remote, "")
}

func TestPodReachesItselfThroughItsService(t *testing.T) {
	r := newRig(t)
	r.serve(pod1, 8080)
	r.service(newService("web", "10.96.1.1", corev1.ProtocolTCP, 80, 30080), pod1+":8080")
	server, from, err := r.ask(pod1, "tcp", "10.96.1.1:80")
	must(t, err)
	if server != pod1 || from == pod1 {
		t.Errorf("answered by %s, which saw %s", server, from)
	}
}

func TestServiceWithoutEndpointsRefuses(t *testing.T) {
	r := newRig(t)
	r.service(newService("web", "10.96.1.1", corev1.ProtocolTCP, 80, 30080))
	for from, targets := range map[string][]string{
		"":      {"10.96.1.1:80", "127.0.0.1:30080", "10.96.1.1:81"},
		pod1:    {"10.96.1.1:80", "10.96.7.7:1"},
		outside: {gate + ":30080"},
	} {
		for _, to := range targets {
			if _, _, err := r.ask(from, "tcp", to); !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("from %q to %s: %v, want connection refused", from, to, err)
			}
		}
	}
}

func TestConnectionsOutliveChanges(t *testing.T) {
	r := newRig(t)
	r.serve(pod1, 8080)
	r.serve(pod2, 8080)
	svc := newService("web", "10.96.1.1", corev1.ProtocolTCP, 80, 30080)
	r.service(svc, pod1+":8080")
	conn, err := r.dial(outside, "tcp", gate+":30080")
	must(t, err)
	defer conn.Close()
	still := func(when string) {
		t.Helper()
		if server, from, err := askOn(conn); err != nil || server != pod1 || from != outside {
			t.Errorf("%s: answered by %q, which saw %q: %v", when, server, from, err)
		}
	}
	still("at first")
	r.service(svc, pod2+":8080")
	r.expect(outside, "tcp", gate+":30080", pod2, outside)
	still("after its endpoint left the service")
	r.restart()
	still("after the table was replaced, as at a restart")
	r.expect(outside, "tcp", gate+":30080", pod2, outside)
	must(t, r.sync.services.Delete(svc))
	r.update("web")
	still("after the service was deleted")
	if _, _, err := r.ask(outside, "tcp", gate+":30080"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("new connection to the deleted service: %v", err)
	}
}

func TestClientStaysWithItsEndpoint(t *testing.T) {
	r := newRig(t)
	for _, pod := range []string{pod1, pod2, remote} {
		r.serve(pod, 8080)
	}
	svc := newService("web", "10.96.1.1", corev1.ProtocolTCP, 80, 30080)
	svc.Spec.SessionAffinity = corev1.ServiceAffinityClientIP
	all := []string{pod1 + ":8080", pod2 + ":8080", remote + ":8080"}
	r.service(svc, all...)
	stays := func(when string) string {
		t.Helper()
		first, _, err := r.ask(outside, "tcp", "10.96.1.1:80")
		must(t, err)
		for range 20 {
			if server, _, err := r.ask(outside, "tcp", "10.96.1.1:80"); err != nil || server != first {
				t.Fatalf("%s: answered by %s, before by %s: %v", when, server, first, err)
			}
		}
		return first
	}
	first := stays("at first")
	r.restart()
	if again := stays("after a restart"); again != first {
		t.Errorf("a restart moved the outside from %s to %s", first, again)
	}
	var left []string
	for _, e := range all {
		if !strings.HasPrefix(e, first) {
			left = append(left, e)
		}
	}
	r.service(svc, left...)
	second := stays("after its endpoint went")
	if second == first {
		t.Errorf("still sent to %s, which is gone", first)
	}
	r.service(svc, all...)
	if third := stays("after an endpoint came back"); third != second {
		t.Errorf("moved from %s to %s without need", second, third)
	}
}

func TestUDPFollowsItsEndpoints(t *testing.T) {
	r := newRig(t)
	r.serve(pod1, 8080)
	r.serve(pod2, 8080)
	svc := newService("dns", "10.96.1.1", corev1.ProtocolUDP, 53, 30053)
	r.service(svc, pod1+":8080")
	// One socket keeps its address, and so its flow.
	for to, from := range map[string]string{"10.96.1.1:53": remote, gate + ":30053": outside} {
		r.service(svc, pod1+":8080")
		conn, err := r.dial(from, "udp", to)
		must(t, err)
		defer conn.Close()
		if server, _, err := askOn(conn); err != nil || server != pod1 {
			t.Fatalf("%s: answered by %q: %v", to, server, err)
		}
		r.service(svc, pod2+":8080")
		if server, _, err := askOn(conn); err != nil || server != pod2 {
			t.Errorf("%s: after its endpoint left, answered by %q: %v", to, server, err)
		}
	}
}

func TestClusterDNSIsAnsweredOnTheNode(t *testing.T) {
	r := newRig(t)
	r.serve("127.8.9.10", 10053)
	r.service(newService("kube-dns", "10.96.0.10", corev1.ProtocolUDP, 53, 0))
	for _, from := range []string{pod1, pod2, ""} {
		for _, network := range []string{"udp", "tcp"} {
			r.expect(from, network, "10.96.0.10:53", "127.8.9.10", "")
		}
	}
	if _, _, err := r.ask(outside, "tcp", "127.8.9.10:10053"); err == nil {
		t.Error("a machine outside reached the node's loopback address")
	}
}

// TestLoopbackStaysClosed sends what route_localnet would let in: packets to
// 127.0.0.1 from a neighbour.
func TestLoopbackStaysClosed(t *testing.T) {
	r := newRig(t)
	r.serve("127.0.0.1", 9000)
	r.in(r.ns[outside], func() {
		r.address("lo", "198.51.100.1/32")
		// Give loopback destinations a way out of this machine.
		must(t, deleteLocalLoopback())
		r.route("127.0.0.1/32", "169.254.1.1", 0)
		must(t, allowLoopbackRoutes())
	})
	if _, _, err := r.ask(outside, "tcp", "127.0.0.1:9000"); !isTimeout(err) {
		t.Errorf("a neighbour's connection to 127.0.0.1: %v, want no answer", err)
	}
	r.expect("", "tcp", "127.0.0.1:9000", "127.0.0.1", "127.0.0.1")
}

func TestCleanLeavesTheNodeAsItWas(t *testing.T) {
	r := newRig(t)
	r.service(newService("web", "10.96.1.1", corev1.ProtocolTCP, 80, 30080), pod1+":8080")
	r.restart() // a second start must not take its own setting for what was found
	if got := r.sysctl("ipv4/conf/all/route_localnet"); got != "1" {
		t.Errorf("route_localnet is %s while the proxy runs", got)
	}
	other := *r.cfg
	other.Names.Cluster = "second"
	r.in(r.node, func() {
		k, err := openKernel(other.Names.Table("proxy"), nil)
		must(t, err)
		defer k.close()
		second := newSyncer(&other, k, r.sync.flows, r.sync.health)
		must(t, second.replaceAll())
		must(t, Clean(*r.cfg))
	})
	if got := r.sysctl("ipv4/conf/all/route_localnet"); got != "1" {
		t.Errorf("route_localnet is %s though another cluster's proxy runs", got)
	}
	r.in(r.node, func() {
		must(t, Clean(other))
		must(t, Clean(other))
	})
	if got := r.sysctl("ipv4/conf/all/route_localnet"); got != "0" {
		t.Errorf("route_localnet is %s after both were cleaned", got)
	}
	if left := r.nft(); strings.TrimSpace(left) != "" {
		t.Errorf("left in the kernel:\n%s", left)
	}
}
