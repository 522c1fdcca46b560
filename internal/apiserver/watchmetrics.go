package apiserver

import "github.com/prometheus/client_golang/prometheus"

// watchMetrics count the events that watches send.
type watchMetrics struct {
	events *prometheus.CounterVec
	sizes  *prometheus.HistogramVec
}

func newWatchMetrics() watchMetrics {
	what := []string{"group", "version", "resource"}
	return watchMetrics{
		events: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "apiserver_watch_events_total", Help: "Events sent to watchers."}, what),
		sizes: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "apiserver_watch_events_sizes", Help: "Bytes of events sent to watchers.", Buckets: prometheus.ExponentialBuckets(1024, 2, 8),
		}, what),
	}
}

// sent is what counts the events of one watch. Finding the series is for once
// a watch, and not for once an event.
func (m watchMetrics) sent(i *RequestInfo) func(frame []byte) {
	events, sizes := m.events.WithLabelValues(i.Group, i.Version, i.Resource), m.sizes.WithLabelValues(i.Group, i.Version, i.Resource)
	return func(frame []byte) {
		events.Inc()
		sizes.Observe(float64(len(frame)))
	}
}
