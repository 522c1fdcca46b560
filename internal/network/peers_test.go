package network

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/host"
)

func announcing(name, podCIDR string, v vtep) *corev1.Node {
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: announcement(v)},
		Spec:       corev1.NodeSpec{PodCIDR: podCIDR},
	}
}

var (
	vtep1 = vtep{"02:00:00:00:00:01", 1, netip.MustParseAddr("192.0.2.1")}
	vtep2 = vtep{"02:00:00:00:00:02", 2, netip.MustParseAddr("192.0.2.2")}
	cidr1 = netip.MustParsePrefix("10.244.1.0/24")
	cidr2 = netip.MustParsePrefix("10.244.2.0/24")
)

func TestPeerOf(t *testing.T) {
	without := func(key string) *corev1.Node {
		node := announcing("n", "10.244.1.0/24", vtep1)
		delete(node.Annotations, key)
		return node
	}
	with := func(key, value string) *corev1.Node {
		node := announcing("n", "10.244.1.0/24", vtep1)
		node.Annotations[key] = value
		return node
	}
	dual := announcing("n", "fd00::/64", vtep1)
	dual.Spec.PodCIDRs = []string{"fd00::/64", "10.244.1.0/24"}
	for _, test := range []struct {
		name string
		node *corev1.Node
		ok   bool
	}{
		{"complete", announcing("n", "10.244.1.0/24", vtep1), true},
		{"IPv4 second", dual, true},
		{"no range yet", announcing("n", "", vtep1), false},
		{"no MAC", without(annotationMAC), false},
		{"no VNI", without(annotationVNI), false},
		{"no address", without(annotationIP), false},
		{"VNI of 25 bits", with(annotationVNI, "16777216"), false},
		{"address of no kind", with(annotationIP, "node1"), false},
	} {
		got, ok := peerOf(test.node)
		if ok != test.ok || ok && got != (peer{cidr1, vtep1}) {
			t.Errorf("%s: peerOf = %v, %t; want ok %t", test.name, got, ok, test.ok)
		}
	}
}

func TestOwnNodeIsNoPeer(t *testing.T) {
	nodes := []*corev1.Node{announcing("n1", cidr1.String(), vtep1), announcing("n2", cidr2.String(), vtep2)}
	want := map[netip.Prefix]peer{cidr2: {cidr2, vtep2}}
	if got := wantedPeers(nodes, "n1"); !reflect.DeepEqual(got, want) {
		t.Errorf("wantedPeers = %v, want %v", got, want)
	}
}

func TestDifference(t *testing.T) {
	moved := vtep2
	moved.IP = netip.MustParseAddr("192.0.2.9")
	for _, test := range []struct {
		name           string
		have, want     map[netip.Prefix]peer
		update, remove []peer
	}{
		{name: "nothing"},
		{name: "same", have: peers(vtep2), want: peers(vtep2)},
		{name: "new", want: peers(vtep2), update: []peer{{cidr2, vtep2}}},
		{name: "gone", have: peers(vtep2), remove: []peer{{cidr2, vtep2}}},
		{name: "another address", have: peers(vtep2), want: peers(moved), update: []peer{{cidr2, moved}}},
		// The old MAC's entry would stay behind if it were not removed.
		{name: "another MAC", have: peers(vtep2), want: peers(vtep1), update: []peer{{cidr2, vtep1}}, remove: []peer{{cidr2, vtep2}}},
	} {
		update, remove := difference(test.have, test.want)
		if !reflect.DeepEqual(update, test.update) || !reflect.DeepEqual(remove, test.remove) {
			t.Errorf("%s: update %v, remove %v; want %v, %v", test.name, update, remove, test.update, test.remove)
		}
	}
}

func peers(v vtep) map[netip.Prefix]peer { return map[netip.Prefix]peer{cidr2: {cidr2, v}} }

func TestOwnVTEPFollowsFromTheNames(t *testing.T) {
	ip := netip.MustParseAddr("192.0.2.1")
	a := ownVTEP(host.Names{Cluster: "c", Node: "a"}, ip)
	if again := ownVTEP(host.Names{Cluster: "c", Node: "a"}, ip); again != a {
		t.Errorf("the same node has %v and %v", a, again)
	}
	b := ownVTEP(host.Names{Cluster: "c", Node: "b"}, ip)
	if a.MAC == b.MAC || a.VNI == b.VNI {
		t.Errorf("two nodes share a MAC or an identifier: %v, %v", a, b)
	}
	if first := a.MAC[1]; !strings.ContainsRune("26ae", rune(first)) {
		t.Errorf("MAC %s is not a locally administered address of one station", a.MAC)
	}
}

func TestNamesOfLinksFit(t *testing.T) {
	cfg := Config{Names: host.Names{Cluster: "c", Node: "n"}}
	seen := map[string]bool{}
	for ip := netip.MustParseAddr("10.244.1.1"); cidr1.Contains(ip); ip = ip.Next() {
		name := cfg.podLink(ip)
		if len(name) > 15 || !strings.HasPrefix(name, cfg.linkPrefix()) || seen[name] {
			t.Fatalf("the link of %s is called %q: too long, not ours, or another's", ip, name)
		}
		seen[name] = true
	}
}
