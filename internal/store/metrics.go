package store

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// requests count what the tables ask of etcd, under the names of Kubernetes'
// API server. Reads of the cache are not among them: they ask nothing.
type requests struct {
	seconds       *prometheus.HistogramVec
	total, failed *prometheus.CounterVec
}

func newRequests() requests {
	what := []string{"operation", "group", "resource"}
	return requests{
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "etcd_request_duration_seconds", Help: "Time etcd takes to answer, by operation and kind.",
			Buckets: []float64{.005, .025, .05, .1, .2, .4, .6, .8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60},
		}, what),
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "etcd_requests_total", Help: "Requests to etcd, by operation and kind.",
		}, what),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "etcd_request_errors_total", Help: "Requests that etcd did not answer, or refused, by operation and kind.",
		}, what),
	}
}

// Collectors are what the store counts.
func (s *Store) Collectors() []prometheus.Collector {
	return []prometheus.Collector{s.requests.seconds, s.requests.total, s.requests.failed}
}

// asked notes a request to etcd that began at start. A write that came too
// late was answered: it is no error.
func (t *table) asked(operation string, start time.Time, err error) {
	r, m := t.codec.resource, &t.store.requests
	m.seconds.WithLabelValues(operation, r.Group, r.Plural).Observe(time.Since(start).Seconds())
	m.total.WithLabelValues(operation, r.Group, r.Plural).Inc()
	if err != nil {
		m.failed.WithLabelValues(operation, r.Group, r.Plural).Inc()
	}
}
