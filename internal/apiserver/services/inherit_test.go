package services

import (
	"errors"
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"skiff/internal/api/core"
	"skiff/internal/api/networking"
)

func TestAnAddressTakenForAServiceThatNeverCameIsItsOwn(t *testing.T) {
	st := open(t)
	create(t, st, networking.ServiceCIDR, serviceCIDR("kubernetes", "10.96.0.0/16"))
	a := allocatorOf(t, st, "10.96.0.0/16")
	dns, other := types.NamespacedName{Namespace: "kube-system", Name: "kube-dns"}, types.NamespacedName{Namespace: "kube-system", Name: "other"}
	addr := netip.MustParseAddr("10.96.0.10")
	if err := a.takeAddress(t.Context(), addr, dns, false); err != nil {
		t.Fatal(err)
	}
	if err := a.takeAddress(t.Context(), addr, dns, false); !errors.Is(err, errAllocated) {
		t.Errorf("while it may yet come: %v", err)
	}
	a = allocatorOf(t, st, "10.96.0.0/16") // the next start
	if err := a.takeAddress(t.Context(), addr, dns, false); err != nil {
		t.Errorf("after a kill between the writes: %v", err)
	}
	if err := a.takeAddress(t.Context(), addr, other, false); !errors.Is(err, errAllocated) {
		t.Errorf("for another Service: %v", err)
	}
	create(t, st, core.Service, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: dns.Namespace, Name: dns.Name}, Spec: corev1.ServiceSpec{ClusterIP: addr.String()},
	})
	if err := a.takeAddress(t.Context(), addr, dns, false); !errors.Is(err, errAllocated) {
		t.Errorf("once its Service is there: %v", err)
	}
}
