package reconcile

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics of every loop of the process, by the loop's name, called as those of
// client-go's queues are. Whoever serves metrics registers them.
var (
	depth   = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "workqueue_depth", Help: "Current depth of workqueue"}, byName)
	adds    = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "workqueue_adds_total", Help: "Total number of adds handled by workqueue"}, byName)
	retries = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "workqueue_retries_total", Help: "Total number of retries handled by workqueue"}, byName)
	waiting = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "workqueue_queue_duration_seconds", Help: "How long in seconds an item stays in workqueue before being requested.", Buckets: buckets,
	}, byName)
	working = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "workqueue_work_duration_seconds", Help: "How long in seconds processing an item from workqueue takes.", Buckets: buckets,
	}, byName)

	byName  = []string{"name"}
	buckets = prometheus.ExponentialBuckets(10e-9, 10, 12)
)

// Collectors are the metrics of this package, for a registry.
func Collectors() []prometheus.Collector {
	return []prometheus.Collector{depth, adds, retries, waiting, working}
}

// meter is the metrics of one loop.
type meter struct {
	depth            prometheus.Gauge
	adds, retries    prometheus.Counter
	waiting, working prometheus.Observer
}

func newMeter(name string) *meter {
	return &meter{
		depth: depth.WithLabelValues(name), adds: adds.WithLabelValues(name), retries: retries.WithLabelValues(name),
		waiting: waiting.WithLabelValues(name), working: working.WithLabelValues(name),
	}
}

// fifo is the order of a queue, first in, first out; it measures how long keys
// wait. The queue around it sees to locking, and that a key is in it once.
type fifo[K comparable] struct {
	meter *meter
	items []waitingKey[K]
}

type waitingKey[K comparable] struct {
	key   K
	since time.Time
}

// Touch notes that a key that waits was added again.
func (q *fifo[K]) Touch(K) {}

// Push adds a key.
func (q *fifo[K]) Push(key K) {
	q.items = append(q.items, waitingKey[K]{key, time.Now()})
	q.meter.adds.Inc()
	q.meter.depth.Inc()
}

// Len is how many keys wait.
func (q *fifo[K]) Len() int { return len(q.items) }

// Pop takes the key that waits longest.
func (q *fifo[K]) Pop() K {
	first := q.items[0]
	q.items[0] = waitingKey[K]{} // the array lives on, and must not hold the key
	q.items = q.items[1:]
	q.meter.depth.Dec()
	q.meter.waiting.Observe(time.Since(first.since).Seconds())
	return first.key
}
