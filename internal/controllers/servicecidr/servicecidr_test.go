package servicecidr

import (
	"slices"
	"testing"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"skiff/internal/controllers/controllertest"

	"skiff/internal/client"
)

func cidr(name string, cidrs ...string) *networkingv1.ServiceCIDR {
	return &networkingv1.ServiceCIDR{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: networkingv1.ServiceCIDRSpec{CIDRs: cidrs}}
}

func deleted(o *networkingv1.ServiceCIDR) *networkingv1.ServiceCIDR {
	now := metav1.Now()
	o.DeletionTimestamp, o.Finalizers = &now, []string{finalizer}
	return o
}

func address(name string) *networkingv1.IPAddress {
	return &networkingv1.IPAddress{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{networkingv1.LabelManagedBy: managedBy}}}
}

func TestCovered(t *testing.T) {
	o := cidr("o", "10.96.0.0/24", "fd00::/112")
	for _, tt := range []struct {
		others []*networkingv1.ServiceCIDR
		want   bool
	}{
		{nil, false},
		{[]*networkingv1.ServiceCIDR{cidr("a", "10.96.0.0/16")}, false},
		{[]*networkingv1.ServiceCIDR{cidr("a", "10.96.0.0/16"), cidr("b", "fd00::/112")}, true},
		{[]*networkingv1.ServiceCIDR{cidr("a", "10.96.0.0/25", "fd00::/112")}, false},
	} {
		if got := covered(o, append(tt.others, o)); got != tt.want {
			t.Errorf("%v: %v", tt.others, got)
		}
	}
	// Of two that go and hold the same, one stays until it is needed no more.
	a, b := deleted(cidr("a", "10.96.0.0/24")), deleted(cidr("b", "10.96.0.0/24"))
	if all := []*networkingv1.ServiceCIDR{a, b}; covered(a, all) || !covered(b, all) {
		t.Error("both of two equal ranges may go, or neither")
	}
}

func TestNewRangesAreProtectedAndReady(t *testing.T) {
	run(t, []runtime.Object{cidr("kubernetes", "10.96.0.0/16")}, func(t *testing.T, c *controllertest.Cluster) {
		o := get(t, c, "kubernetes")
		ready := apimeta.FindStatusCondition(o.Status.Conditions, "Ready")
		if !slices.Equal(o.Finalizers, []string{finalizer}) || ready == nil || ready.Status != metav1.ConditionTrue {
			t.Errorf("%+v %+v", o.Finalizers, o.Status)
		}
		before := c.Writes()
		c.Pass(time.Hour)
		if n := c.Writes() - before; n != 0 {
			t.Errorf("%d writes in an idle hour", n)
		}
	})
}

func TestARangeStaysWhileItIsNeeded(t *testing.T) {
	objects := []runtime.Object{deleted(cidr("more", "10.97.0.0/24")), cidr("kubernetes", "10.96.0.0/16"), address("10.96.0.1"), address("10.97.0.5")}
	run(t, objects, func(t *testing.T, c *controllertest.Cluster) {
		c.Pass(time.Hour)
		o := get(t, c, "more")
		if ready := apimeta.FindStatusCondition(o.Status.Conditions, "Ready"); len(o.Finalizers) == 0 || ready == nil ||
			ready.Status != metav1.ConditionFalse || ready.Reason != "Terminating" {
			t.Errorf("%+v %+v", o.Finalizers, o.Status)
		}
		if err := c.Kube.NetworkingV1().IPAddresses().Delete(t.Context(), "10.97.0.5", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		c.Settle()
		gone(t, c, "more")
	})
}

func TestAnotherRangeTakesOver(t *testing.T) {
	run(t, []runtime.Object{deleted(cidr("more", "10.97.0.0/24")), address("10.97.0.5")}, func(t *testing.T, c *controllertest.Cluster) {
		if _, err := c.Kube.NetworkingV1().ServiceCIDRs().Create(t.Context(), cidr("all", "10.97.0.0/16"), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		c.Settle()
		if len(get(t, c, "more").Finalizers) == 0 {
			t.Error("the range went before all API servers had seen it go")
		}
		c.Pass(settle)
		gone(t, c, "more")
	})
}

func run(t *testing.T, objects []runtime.Object, test func(*testing.T, *controllertest.Cluster)) {
	controllertest.Run(t, objects, func(t *testing.T, c *controllertest.Cluster) {
		// The times of the objects are those outside the bubble.
		for _, o := range objects {
			if s, ok := o.(*networkingv1.ServiceCIDR); ok && s.DeletionTimestamp != nil {
				now := metav1.Now()
				s = s.DeepCopy()
				s.DeletionTimestamp = &now
				if err := c.Kube.Tracker().Update(networkingv1.SchemeGroupVersion.WithResource("servicecidrs"), s, ""); err != nil {
					t.Fatal(err)
				}
			}
		}
		c.Start(func(f *client.Informers) (controllertest.Runner, error) { return New(c.Kube, f), nil })
		test(t, c)
	})
}

func get(t *testing.T, c *controllertest.Cluster, name string) *networkingv1.ServiceCIDR {
	t.Helper()
	o, err := c.Kube.NetworkingV1().ServiceCIDRs().Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// gone: the fake API server keeps what an update took the last finalizer off.
func gone(t *testing.T, c *controllertest.Cluster, name string) {
	t.Helper()
	o, err := c.Kube.NetworkingV1().ServiceCIDRs().Get(t.Context(), name, metav1.GetOptions{})
	if !apierrors.IsNotFound(err) && len(o.Finalizers) > 0 {
		t.Errorf("%s stays: %+v", name, o)
	}
}
