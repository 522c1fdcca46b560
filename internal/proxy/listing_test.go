package proxy

import (
	"context"
	"net/netip"
	"testing"
	"testing/synctest"

	"k8s.io/apimachinery/pkg/types"
)

func TestWithdrawn(t *testing.T) {
	web, other := types.NamespacedName{Name: "web"}, types.NamespacedName{Name: "other"}
	one, two := []netip.Addr{netip.MustParseAddr("10.244.0.1")}, []netip.Addr{netip.MustParseAddr("10.244.0.2")}
	synctest.Test(t, func(t *testing.T) {
		l := &Listing{}
		if l.Withdrawn(t.Context(), one) {
			t.Error("an empty listing lists a pod")
		}
		l.update(map[types.NamespacedName][]netip.Addr{web: one, other: one}, false)
		if l.Withdrawn(t.Context(), two) {
			t.Error("another's address is a pod's")
		}
		ended := false
		go func() {
			if !l.Withdrawn(t.Context(), one) {
				t.Error("not told that it was listed")
			}
			ended = true
		}()
		for _, step := range []struct {
			change map[types.NamespacedName][]netip.Addr
			all    bool
			want   bool
		}{
			{map[types.NamespacedName][]netip.Addr{web: two}, false, false}, // the other Service still has it
			{map[types.NamespacedName][]netip.Addr{web: one}, true, false},  // the other one is gone
			{map[types.NamespacedName][]netip.Addr{web: nil}, false, true},
		} {
			l.update(step.change, step.all)
			if synctest.Wait(); ended != step.want {
				t.Errorf("after %v: ended %v", step.change, ended)
			}
		}
		l.update(map[types.NamespacedName][]netip.Addr{web: one}, false)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if !l.Withdrawn(ctx, one) {
			t.Error("a wait that is given up does not say that the pod is still listed")
		}
	})
}
