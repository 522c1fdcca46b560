package reconcile

import (
	"context"
	"errors"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

// running runs f in the background and returns what ends it and waits.
func running(t *testing.T, f func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = f(ctx) }()
	return func() { cancel(); <-done }
}

func TestLoopRetriesWithBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		start := time.Now()
		l := New("test", func(context.Context, string) error {
			at = append(at, time.Since(start))
			if len(at) < 4 {
				return errors.New("not yet")
			}
			return nil
		})
		l.Add("a")
		stop := running(t, func(ctx context.Context) error { return l.Run(ctx, 2) })
		time.Sleep(time.Minute) // synctest's clock
		stop()
		if len(at) != 4 {
			t.Fatalf("called %d times, want 4", len(at))
		}
		for i := 2; i < 4; i++ {
			if at[i]-at[i-1] <= at[i-1]-at[i-2] {
				t.Errorf("no back-off: %v", at)
			}
		}
	})
}

func TestLoopSurvivesAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls []string
		l := New("test", func(_ context.Context, k string) error {
			calls = append(calls, k)
			if len(calls) == 1 {
				panic("broken object")
			}
			return nil
		})
		stop := running(t, func(ctx context.Context) error { return l.Run(ctx, 1) })
		l.Add("a")
		time.Sleep(time.Second)
		l.Add("b")
		synctest.Wait()
		stop()
		if len(calls) != 3 || calls[2] != "b" {
			t.Errorf("calls %v", calls)
		}
	})
}

func TestLoopHoldsBackUntilTheTimeHasCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at time.Duration
		start := time.Now()
		l := New("test", func(context.Context, string) error { at = time.Since(start); return nil })
		stop := running(t, func(ctx context.Context) error { return l.Run(ctx, 1) })
		l.AddAfter("a", 3*time.Second)
		time.Sleep(time.Minute)
		stop()
		if at != 3*time.Second {
			t.Errorf("ran after %v", at)
		}
	})
}

func TestWritesAreSeen(t *testing.T) {
	var w Writes[string]
	if !w.Seen("a", "1") {
		t.Error("nothing was written, so all is seen")
	}
	w.Created("a", "10")
	w.Created("a", "9") // answers can arrive out of order
	if w.Seen("a", "9") {
		t.Error("10 was written and 9 seen")
	}
	if !w.Seen("b", "9") {
		t.Error("b wrote nothing")
	}
	if !w.Seen("a", "10") || !w.Seen("a", "9") {
		t.Error("10 was seen, and stays so")
	}
	w.Created("a", "")
	if !w.Seen("a", "5") {
		t.Error("what cannot be compared must not block")
	}
}

func TestDeletionsAreRememberedUntilTheyShow(t *testing.T) {
	var w Writes[string]
	x := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: "x"}}
	y := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: "y"}}
	w.Deleted("a", "x")
	w.Deleted("a", "z")
	if got := Going(&w, "a", []*corev1.Pod{x, y}); len(got) != 1 || !got["x"] {
		t.Errorf("going %v, want x", got)
	}
	x.DeletionTimestamp = &metav1.Time{}
	if got := Going(&w, "a", []*corev1.Pod{x, y}); len(got) != 0 {
		t.Errorf("x shows its deletion, still going %v", got)
	}
	if len(w.deleted) != 0 {
		t.Errorf("not forgotten: %v", w.deleted)
	}
}

func TestLeadWithoutElectionWritesNothing(t *testing.T) {
	kube := fake.NewClientset()
	ran := false
	err := Lead(t.Context(), Lease{Kube: kube, Name: "x"}, func(context.Context) error { ran = true; return nil })
	if err != nil || !ran || len(kube.Actions()) != 0 {
		t.Errorf("ran %v, err %v, calls %v", ran, err, kube.Actions())
	}
}

func TestLeadReleasesAfterTheWorkIsOver(t *testing.T) {
	kube := fake.NewClientset()
	ctx, cancel := context.WithCancel(t.Context())
	var holder string
	err := Lead(ctx, Lease{Elect: true, Kube: kube, Name: "x"}, func(ctx context.Context) error {
		cancel()
		<-ctx.Done()
		l, err := kube.CoordinationV1().Leases("kube-system").Get(t.Context(), "x", metav1.GetOptions{})
		if err != nil {
			return err
		}
		holder = *l.Spec.HolderIdentity
		return ctx.Err()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("err %v", err)
	}
	if holder == "" {
		t.Error("the lease was released while work was going on")
	}
	l, err := kube.CoordinationV1().Leases("kube-system").Get(t.Context(), "x", metav1.GetOptions{})
	if err != nil || *l.Spec.HolderIdentity != "" {
		t.Errorf("lease %v, err %v: want it released", l, err)
	}
}

// shelf is a Target that fails once a key.
type shelf struct {
	mu     sync.Mutex
	has    map[string]int
	failed map[string]bool
}

func (s *shelf) once(key string) error {
	if !s.failed[key] {
		s.failed[key] = true
		return errors.New("first time fails")
	}
	return nil
}

func (s *shelf) Update(_ context.Context, key string, v int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.once(key); err != nil {
		return err
	}
	s.has[key] = v
	return nil
}

func (s *shelf) Delete(_ context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.has, key)
	return nil
}

func (s *shelf) Prune(_ context.Context, wanted map[string]int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.has, func(k string, _ int) bool { _, ok := wanted[k]; return !ok })
	return nil
}

func TestDriver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{has: map[string]int{"left": 1, "a": 0}, failed: map[string]bool{}}
		d := NewDriver("test", s)
		d.Set("a", 1)
		d.Set("b", 2)
		d.Set("c", 3)
		d.Prune()
		stop := running(t, d.Run)
		d.Remove("c")
		time.Sleep(time.Minute)
		stop()
		if want := map[string]int{"a": 1, "b": 2}; !maps.Equal(s.has, want) {
			t.Errorf("has %v, want %v", s.has, want)
		}
	})
}
