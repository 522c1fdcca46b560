// Package components answers componentstatuses: how the scheduler, the
// controller manager and etcd do at this moment. It owns nothing; each check
// is made when a client asks.
package components

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/api"
	"skiff/internal/api/coordination"
)

// The components that componentstatuses tells about, as users know them.
const (
	Scheduler         = "scheduler"
	ControllerManager = "controller-manager"
	Etcd              = "etcd-0"
)

// Check says what is wrong with a component; nil: nothing.
type Check func(ctx context.Context) error

// timeout is how long a component may take to answer.
const timeout = 10 * time.Second

// Statuses makes up the objects of checks, in the order of their names. All
// checks are made at once.
func Statuses(checks map[string]Check) func(context.Context) []api.Object {
	return func(ctx context.Context) []api.Object {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		var (
			mu  sync.Mutex
			all []api.Object
			wg  sync.WaitGroup
		)
		for name, check := range checks {
			wg.Go(func() {
				s := status(name, check(ctx))
				mu.Lock()
				defer mu.Unlock()
				all = append(all, s)
			})
		}
		wg.Wait()
		slices.SortFunc(all, func(a, b api.Object) int { return cmp.Compare(a.GetName(), b.GetName()) })
		return all
	}
}

func status(name string, err error) *corev1.ComponentStatus {
	c := corev1.ComponentCondition{Type: corev1.ComponentHealthy, Status: corev1.ConditionTrue, Message: "ok"}
	if err != nil {
		c.Status, c.Message, c.Error = corev1.ConditionFalse, err.Error(), err.Error()
	}
	return &corev1.ComponentStatus{ObjectMeta: metav1.ObjectMeta{Name: name}, Conditions: []corev1.ComponentCondition{c}}
}

// Holds is the check of a component that runs elsewhere: somebody holds its
// lease in kube-system, and has renewed it in time.
func Holds(reader api.Reader, lease string) Check {
	return func(ctx context.Context) error {
		obj, err := reader.Get(ctx, coordination.Lease, metav1.NamespaceSystem, lease)
		if err != nil {
			return fmt.Errorf("nobody has held the Lease kube-system/%s yet: start `skiff server`, or the component by itself", lease)
		}
		l, _ := obj.(*coordinationv1.Lease)
		return held(l, time.Now())
	}
}

func held(l *coordinationv1.Lease, now time.Time) error {
	s := l.Spec
	if s.HolderIdentity == nil || *s.HolderIdentity == "" || s.RenewTime == nil || s.LeaseDurationSeconds == nil {
		return errors.New("nobody holds the Lease kube-system/" + l.Name)
	}
	if end := s.RenewTime.Add(time.Duration(*s.LeaseDurationSeconds) * time.Second); now.After(end) {
		return fmt.Errorf("%s has not renewed the Lease kube-system/%s since %s", *s.HolderIdentity, l.Name, s.RenewTime.UTC().Format(time.RFC3339))
	}
	return nil
}

// Either is the check of a component that may run here or elsewhere.
func Either(here, elsewhere Check) Check {
	return func(ctx context.Context) error {
		if here(ctx) == nil {
			return nil
		}
		return elsewhere(ctx)
	}
}
