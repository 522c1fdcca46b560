package components

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"skiff/internal/apiserver/testreader"
)

func TestStatuses(t *testing.T) {
	got := Statuses(map[string]Check{
		Scheduler: func(context.Context) error { return nil },
		Etcd:      func(context.Context) error { return errors.New("the disk is full") },
	})(t.Context())
	if len(got) != 2 || got[0].GetName() != Etcd || got[1].GetName() != Scheduler {
		t.Fatalf("%v", got)
	}
	bad, good := got[0].(*corev1.ComponentStatus).Conditions[0], got[1].(*corev1.ComponentStatus).Conditions[0]
	if bad.Status != corev1.ConditionFalse || bad.Message != "the disk is full" || good.Status != corev1.ConditionTrue || good.Message != "ok" {
		t.Errorf("%v, %v", bad, good)
	}
}

func TestLeases(t *testing.T) {
	lease := func(name, holder string, renewed time.Time) *coordinationv1.Lease {
		return &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: name}, Spec: coordinationv1.LeaseSpec{
			HolderIdentity: &holder, LeaseDurationSeconds: ptr.To(int32(15)), RenewTime: &metav1.MicroTime{Time: renewed},
		}}
	}
	r := testreader.New(lease("held", "a", time.Now()), lease("old", "a", time.Now().Add(-time.Hour)), lease("left", "", time.Now()))
	for name, want := range map[string]string{"held": "", "old": "a has not renewed", "left": "nobody holds", "none": "nobody has held"} {
		got := ""
		if err := Holds(r, name)(t.Context()); err != nil {
			got = err.Error()
		}
		if (want == "") != (got == "") || !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	never := func(context.Context) error { return errors.New("not here") }
	if err := Either(never, Holds(r, "held"))(t.Context()); err != nil {
		t.Error(err)
	}
}
