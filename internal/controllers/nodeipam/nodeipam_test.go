package nodeipam

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"skiff/internal/controllers/controllertest"

	"skiff/internal/client"
)

func TestBlocks(t *testing.T) {
	b, err := newBlocks(netip.MustParsePrefix("10.244.0.0/22"), 24)
	if err != nil {
		t.Fatal(err)
	}
	b.hold("foreign", netip.MustParsePrefix("10.244.1.128/25"))
	got := map[string]string{}
	for _, node := range []string{"a", "b", "c"} {
		p, err := b.take(node)
		if err != nil {
			t.Fatal(err)
		}
		got[node] = p.String()
	}
	if got["a"] != "10.244.0.0/24" || got["b"] != "10.244.2.0/24" || got["c"] != "10.244.3.0/24" {
		t.Errorf("got %v", got)
	}
	if p, _ := b.take("a"); p.String() != got["a"] {
		t.Errorf("a has %s, was given %s", got["a"], p)
	}
	if _, err := b.take("d"); !errors.Is(err, errFull) {
		t.Errorf("err %v, want it to be full", err)
	}
	b.free("b")
	if p, err := b.take("d"); err != nil || p.String() != got["b"] {
		t.Errorf("got %v, err %v", p, err)
	}
	if _, err := newBlocks(netip.MustParsePrefix("10.0.0.0/25"), 24); err == nil {
		t.Error("a /25 has no /24 in it")
	}
	six, err := newBlocks(netip.MustParsePrefix("fd00:1::/48"), 64)
	if err != nil {
		t.Fatal(err)
	}
	six.next = 258
	if p, _ := six.take("a"); p.String() != "fd00:1:0:102::/64" {
		t.Errorf("got %v", p)
	}
}

func TestEveryNodeHasItsOwn(t *testing.T) {
	var nodes []runtime.Object
	for i := range 20 {
		nodes = append(nodes, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("n", i)}})
	}
	kept := nodes[3].(*corev1.Node)
	kept.Spec.PodCIDR, kept.Spec.PodCIDRs = "10.244.0.0/24", []string{"10.244.0.0/24"}
	controllertest.Run(t, nodes, func(t *testing.T, c *controllertest.Cluster) {
		c.Start(func(f *client.Informers) (controllertest.Runner, error) {
			return New(c.Kube, f, c.Events, []netip.Prefix{netip.MustParsePrefix("10.244.0.0/16")})
		})
		l, err := c.Kube.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]string{}
		for _, n := range l.Items {
			if n.Spec.PodCIDR == "" || len(n.Spec.PodCIDRs) != 1 || n.Spec.PodCIDRs[0] != n.Spec.PodCIDR {
				t.Errorf("%s has %v", n.Name, n.Spec)
			}
			if other := seen[n.Spec.PodCIDR]; other != "" {
				t.Errorf("%s and %s have %s", n.Name, other, n.Spec.PodCIDR)
			}
			seen[n.Spec.PodCIDR] = n.Name
		}
		if seen["10.244.0.0/24"] != "n3" {
			t.Errorf("n3 had a range, now %s has it", seen["10.244.0.0/24"])
		}
	})
}
