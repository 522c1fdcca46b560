package reconcile

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
)

// desk keeps one Lease, as the API server does: who writes from an old copy is
// refused.
type desk struct {
	coordinationclient.LeaseInterface

	mu      sync.Mutex
	lease   *coordinationv1.Lease
	version int
	closed  map[string]bool // to these holders
}

// window is the desk as one process sees it.
type window struct {
	*desk
	who string
}

func (w window) enter() (leave func(), err error) {
	w.mu.Lock()
	if w.closed[w.who] {
		w.mu.Unlock()
		return nil, apierrors.NewTimeoutError("closed", 1)
	}
	return w.mu.Unlock, nil
}

func (w window) Get(context.Context, string, metav1.GetOptions) (*coordinationv1.Lease, error) {
	leave, err := w.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	if w.lease == nil {
		return nil, apierrors.NewNotFound(coordinationv1.Resource("leases"), "x")
	}
	return w.lease.DeepCopy(), nil
}

func (w window) Create(_ context.Context, l *coordinationv1.Lease, _ metav1.CreateOptions) (*coordinationv1.Lease, error) {
	leave, err := w.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	if w.lease != nil {
		return nil, apierrors.NewAlreadyExists(coordinationv1.Resource("leases"), "x")
	}
	return w.put(l), nil
}

func (w window) Update(_ context.Context, l *coordinationv1.Lease, _ metav1.UpdateOptions) (*coordinationv1.Lease, error) {
	leave, err := w.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	if w.lease == nil {
		return nil, apierrors.NewNotFound(coordinationv1.Resource("leases"), "x")
	}
	if w.lease.ResourceVersion != l.ResourceVersion {
		return nil, apierrors.NewConflict(coordinationv1.Resource("leases"), "x", errors.New("it has changed"))
	}
	return w.put(l), nil
}

func (d *desk) put(l *coordinationv1.Lease) *coordinationv1.Lease {
	d.version++
	d.lease = l.DeepCopy()
	d.lease.ResourceVersion = fmt.Sprint(d.version)
	return d.lease.DeepCopy()
}

func (d *desk) close(who string, closed bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed == nil {
		d.closed = map[string]bool{}
	}
	d.closed[who] = closed
}

func (d *desk) spec() coordinationv1.LeaseSpec {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lease.Spec
}

// candidate takes part in the election until it is stopped.
type candidate struct {
	*election
	stop    context.CancelFunc
	leads   atomic.Bool
	outcome error // of lead
	over    chan struct{}
}

func (d *desk) candidate(t *testing.T, who string) *candidate {
	ctx, stop := context.WithCancel(t.Context())
	c := &candidate{election: &election{leases: window{d, who}, name: "x", identity: who}, stop: stop, over: make(chan struct{})}
	go func() {
		defer close(c.over)
		c.outcome = c.lead(ctx, func(ctx context.Context) error {
			c.leads.Store(true)
			defer c.leads.Store(false)
			<-ctx.Done()
			return ctx.Err()
		})
	}()
	return c
}

// wait lets time pass, and then says who leads.
func wait(d time.Duration, all ...*candidate) (leaders string) {
	<-time.After(d)
	synctest.Wait()
	for _, c := range all {
		if c.leads.Load() {
			leaders += c.identity
		}
	}
	return leaders
}

func TestOneLeads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		a := d.candidate(t, "a")
		if got := wait(time.Second, a); got != "a" {
			t.Fatalf("leaders %q", got)
		}
		b := d.candidate(t, "b")
		if got := wait(time.Hour, a, b); got != "a" {
			t.Fatalf("leaders after an hour %q", got)
		}
		spec := d.spec()
		if *spec.LeaseDurationSeconds != 15 || *spec.LeaseTransitions != 0 || time.Since(spec.RenewTime.Time) > 3*time.Second || time.Since(spec.AcquireTime.Time) < time.Hour {
			t.Errorf("lease %v", spec)
		}

		a.stop() // it gives the lease up
		if got := wait(5*time.Second, a, b); got != "b" {
			t.Fatalf("leaders after a has stopped: %q", got)
		}
		if spec := d.spec(); *spec.HolderIdentity != "b" || *spec.LeaseTransitions != 1 {
			t.Errorf("lease %v", spec)
		}
		b.stop()
		<-b.over
		if !errors.Is(a.outcome, context.Canceled) || !errors.Is(b.outcome, context.Canceled) {
			t.Errorf("outcomes %v, %v", a.outcome, b.outcome)
		}
	})
}

// A leader that cannot renew stops before another may begin.
func TestALeaderThatIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		a := d.candidate(t, "a")
		wait(time.Second, a)
		b := d.candidate(t, "b")
		wait(time.Minute, a, b)
		d.close("a", true)
		for range 30 {
			if got := wait(time.Second, a, b); len(got) > 1 {
				t.Fatal("two lead at once")
			}
		}
		if got := wait(0, a, b); got != "b" {
			t.Fatalf("leaders %q", got)
		}
		<-a.over
		if !errors.Is(a.outcome, errLost) {
			t.Errorf("outcome %v", a.outcome)
		}
		b.stop()
		<-b.over
	})
}

// A short outage, and writes of others to the Lease, cost nothing.
func TestALeaderOutlivesTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		a := d.candidate(t, "a")
		wait(time.Minute, a)
		d.close("a", true)
		wait(7*time.Second, a)
		d.close("a", false)
		wait(time.Minute, a)
		d.mu.Lock()
		noted := d.lease.DeepCopy()
		noted.Annotations = map[string]string{"note": "of somebody"}
		d.put(noted)
		d.mu.Unlock()
		if got := wait(time.Minute, a); got != "a" || d.lease.Annotations["note"] == "" {
			t.Fatalf("leaders %q, lease %v", got, d.lease)
		}
		d.mu.Lock()
		d.lease = nil // deleted: it is made again
		d.mu.Unlock()
		if got := wait(time.Minute, a); got != "a" || *d.spec().HolderIdentity != "a" {
			t.Fatalf("leaders %q", got)
		}
		a.stop()
		<-a.over
	})
}

// Another's lease is over when it has not changed for as long as it says, and
// not by the times that it names.
func TestClocksOfOthersAreNotTrusted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		old := d.candidate(t, "old")
		wait(time.Second, old)
		d.close("old", true)
		long := metav1.NewMicroTime(time.Now().Add(-time.Hour))
		d.mu.Lock()
		d.lease.Spec.RenewTime = &long
		d.mu.Unlock()
		b := d.candidate(t, "b")
		if got := wait(13*time.Second, b); got != "" {
			t.Fatalf("leaders %q: the lease is not over yet", got)
		}
		if got := wait(6*time.Second, b); got != "b" {
			t.Fatalf("leaders %q", got)
		}
		b.stop()
		<-b.over
	})
}
