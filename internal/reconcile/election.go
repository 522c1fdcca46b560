package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/uuid"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/utils/ptr"
)

// Kubernetes' own timing.
const (
	leaseDuration = 15 * time.Second
	renewDeadline = 10 * time.Second // after which a leader that cannot renew stops leading
	retryPeriod   = 2 * time.Second
)

// election is one process's part in choosing who holds a Lease. Clocks of other
// machines are not trusted: a lease is over when it has not changed for as long
// as it says, by the clock of this process.
//
// client-go's elector would bring its informers of all kinds along.
type election struct {
	leases   coordinationclient.LeaseInterface
	name     string
	identity string

	lease   *coordinationv1.Lease // as it was last seen; nil: not yet
	changed time.Time             // when it was first seen so
}

func newElection(l Lease) (*election, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("leader election of %s: %w", l.Name, err)
	}
	return &election{
		leases: l.Kube.CoordinationV1().Leases(metav1.NamespaceSystem), name: l.Name,
		identity: host + "_" + string(uuid.NewUUID()),
	}, nil
}

// lead calls run while this process leads.
func (e *election) lead(ctx context.Context, run func(context.Context) error) error {
	if err := e.acquire(ctx); err != nil {
		return err
	}
	working, lose := context.WithCancelCause(ctx)
	defer lose(nil)
	keeping, stop := context.WithCancel(context.WithoutCancel(ctx)) // until the work is over, though it may be told to end
	var renewal sync.WaitGroup
	renewal.Go(func() {
		if !e.keep(keeping) {
			lose(errLost)
		}
	})
	err := run(working)
	stop()
	renewal.Wait()
	if context.Cause(working) == errLost && (err == nil || errors.Is(err, context.Canceled)) {
		return errLost
	}
	e.release(context.WithoutCancel(ctx))
	return err
}

// acquire waits until this process holds the lease, or ctx ends.
func (e *election) acquire(ctx context.Context) error {
	for {
		held, err := e.try(ctx)
		if held {
			return nil
		}
		if err != nil {
			slog.Debug("no answer to who leads", "lease", e.name, "err", err)
		}
		if err := pause(ctx, retryPeriod+rand.N(retryPeriod)); err != nil {
			return err
		}
	}
}

// keep renews the lease until ctx ends. False: it is lost, to another or
// because it could not be renewed in time.
func (e *election) keep(ctx context.Context) bool {
	renewed := time.Now()
	for pause(ctx, retryPeriod) == nil {
		inTime, cancel := context.WithDeadline(ctx, renewed.Add(renewDeadline))
		held, err := e.try(inTime)
		cancel()
		switch {
		case held:
			renewed = time.Now()
		case ctx.Err() != nil:
			return true
		case err == nil || time.Since(renewed) >= renewDeadline:
			return false
		}
	}
	return true
}

// try takes or renews the lease, and says whether this process holds it now;
// without an error, another does.
func (e *election) try(ctx context.Context) (held bool, err error) {
	if e.holds() {
		if err := e.write(ctx); !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
			return err == nil, err
		}
	}
	lease, err := e.leases.Get(ctx, e.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return e.create(ctx)
	}
	if err != nil {
		return false, err
	}
	if e.lease == nil || e.lease.ResourceVersion != lease.ResourceVersion {
		e.lease, e.changed = lease, time.Now()
	}
	if !e.holds() && !e.isOver() {
		return false, nil
	}
	err = e.write(ctx)
	return err == nil, err
}

func (e *election) holds() bool {
	return e.lease != nil && ptr.Deref(e.lease.Spec.HolderIdentity, "") == e.identity
}

// isOver says that nobody holds the lease any more.
func (e *election) isOver() bool {
	s := e.lease.Spec
	duration := time.Duration(ptr.Deref(s.LeaseDurationSeconds, 0)) * time.Second
	return ptr.Deref(s.HolderIdentity, "") == "" || time.Since(e.changed) >= duration
}

func (e *election) create(ctx context.Context) (bool, error) {
	lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: e.name}, Spec: e.taken(coordinationv1.LeaseSpec{})}
	made, err := e.leases.Create(ctx, lease, metav1.CreateOptions{})
	return e.written(made, err) == nil, err
}

func (e *election) write(ctx context.Context) error {
	lease := e.lease.DeepCopy()
	lease.Spec = e.taken(lease.Spec)
	return e.written(e.leases.Update(ctx, lease, metav1.UpdateOptions{}))
}

// taken is a lease that this process holds from now on.
func (e *election) taken(s coordinationv1.LeaseSpec) coordinationv1.LeaseSpec {
	now := metav1.NowMicro()
	if ptr.Deref(s.HolderIdentity, "") != e.identity {
		if s.HolderIdentity != nil {
			s.LeaseTransitions = ptr.To(ptr.Deref(s.LeaseTransitions, 0) + 1)
		}
		s.HolderIdentity, s.AcquireTime = &e.identity, &now
	}
	s.LeaseTransitions = ptr.To(ptr.Deref(s.LeaseTransitions, 0))
	s.LeaseDurationSeconds, s.RenewTime = ptr.To(int32(leaseDuration/time.Second)), &now
	return s
}

func (e *election) written(lease *coordinationv1.Lease, err error) error {
	if err == nil {
		e.lease, e.changed = lease, time.Now()
	}
	return err
}

// release gives the lease up, so that the next need not wait until it is over.
func (e *election) release(ctx context.Context) {
	if !e.holds() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, renewDeadline)
	defer cancel()
	lease := e.lease.DeepCopy()
	now := metav1.NowMicro()
	lease.Spec.HolderIdentity, lease.Spec.LeaseDurationSeconds, lease.Spec.RenewTime = ptr.To(""), ptr.To(int32(1)), &now
	if err := e.written(e.leases.Update(ctx, lease, metav1.UpdateOptions{})); err != nil {
		slog.Warn("the lease could not be given up; the next leader waits until it is over", "lease", e.name, "err", err)
	}
}

// pause waits, and fails when ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
