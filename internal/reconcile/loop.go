// Package reconcile is the loop that every controller of skiff shares: a queue
// of keys, workers, retries with back-off, metrics, and leader election. It
// also drives host state by three idempotent verbs (Driver).
//
// It knows nothing about any kind: a controller says how to reconcile one key,
// and its informers' handlers say which keys are worth a look. Nothing here
// polls: with an empty queue, nothing runs.
package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/util/workqueue"
)

// Func makes the world match what the object behind key wants. It is called
// again, later and later, while it fails; it is never called twice at the same
// time with the same key.
type Func[K comparable] func(ctx context.Context, key K) error

// Loop calls a Func for every key that was added.
type Loop[K comparable] struct {
	name  string
	fn    Func[K]
	queue workqueue.TypedRateLimitingInterface[K]
	meter *meter
}

// Back-off of a failing key.
const (
	firstRetry = 5 * time.Millisecond
	lastRetry  = 5 * time.Minute
)

// New makes a loop; name is the controller's own ("replicaset"), in logs and
// metrics.
func New[K comparable](name string, fn Func[K]) *Loop[K] {
	limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[K](firstRetry, lastRetry)
	m := newMeter(name)
	queue := workqueue.NewTypedWithConfig(workqueue.TypedQueueConfig[K]{Queue: &fifo[K]{meter: m}})
	return &Loop[K]{name: name, fn: fn, meter: m, queue: workqueue.NewTypedRateLimitingQueueWithConfig(limiter, workqueue.TypedRateLimitingQueueConfig[K]{
		DelayingQueue: workqueue.NewTypedDelayingQueueWithConfig(workqueue.TypedDelayingQueueConfig[K]{Queue: queue}),
	})}
}

// Add asks for key to be reconciled. Asking twice before it happens is asking
// once.
func (l *Loop[K]) Add(key K) { l.queue.Add(key) }

// AddAfter asks for key to be reconciled when d has passed; at once when d is
// not positive.
func (l *Loop[K]) AddAfter(key K, d time.Duration) { l.queue.AddAfter(key, d) }

// Len is how many keys wait.
func (l *Loop[K]) Len() int { return l.queue.Len() }

// Run reconciles with that many workers until ctx ends, and returns when the
// last of them has.
func (l *Loop[K]) Run(ctx context.Context, workers int) error {
	stop := context.AfterFunc(ctx, l.queue.ShutDown)
	defer stop()
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for l.next(ctx) {
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}

// next takes one key off the queue; false when the queue is shut down.
func (l *Loop[K]) next(ctx context.Context) bool {
	key, shutdown := l.queue.Get()
	if shutdown {
		return false
	}
	defer l.queue.Done(key)
	if ctx.Err() != nil {
		return true
	}
	start := time.Now()
	err := l.guarded(ctx, key)
	l.meter.working.Observe(time.Since(start).Seconds())
	if err == nil || ctx.Err() != nil {
		l.queue.Forget(key)
		return true
	}
	l.retry(key, err)
	return true
}

// retry puts a failed key back. A conflict means only that the informer is
// behind, so it is not worth a warning.
func (l *Loop[K]) retry(key K, err error) {
	level := slog.LevelWarn
	if apierrors.IsConflict(err) {
		level = slog.LevelDebug
	}
	slog.Log(context.Background(), level, "reconcile failed, will be tried again",
		"controller", l.name, "key", fmt.Sprint(key), "tries", l.queue.NumRequeues(key)+1, "err", err)
	l.meter.retries.Inc()
	l.queue.AddRateLimited(key)
}

// errPanic marks a Func that panicked: one broken object must not end the
// controller of all others.
var errPanic = errors.New("panic")

func (l *Loop[K]) guarded(ctx context.Context, key K) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v\n%s", errPanic, p, debug.Stack())
		}
	}()
	return l.fn(ctx, key)
}
