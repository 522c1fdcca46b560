package wire

import (
	"context"
	"net/url"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	clientmetrics "k8s.io/client-go/tools/metrics"

	"skiff/internal/reconcile"
)

// logDir is what the API server shows at /logs/: where the system's logs are,
// those of containers below it.
const logDir = "/var/log"

// processMetrics are what etcd, the Go runtime, the controllers' queues and the
// clients count for the whole process. What a control plane itself counts is in
// a registry of its own: there may be several in one process.
func processMetrics() prometheus.Gatherer {
	return prometheus.Gatherers{prometheus.DefaultGatherer, shared()}
}

// shared is the registry of what is counted once a process.
var shared = sync.OnceValue(func() *prometheus.Registry {
	clients := newClientMetrics()
	clientmetrics.Register(clientmetrics.RegisterOpts{RequestResult: clients, RequestLatency: clients})
	reg := prometheus.NewRegistry()
	reg.MustRegister(reconcile.Collectors()...)
	reg.MustRegister(clients.requests, clients.seconds)
	return reg
})

// clientMetrics count the requests of client-go's clients, under the names of
// Kubernetes' components.
type clientMetrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newClientMetrics() *clientMetrics {
	return &clientMetrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rest_client_requests_total", Help: "Number of HTTP requests, partitioned by status code, method, and host.",
		}, []string{"code", "method", "host"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "rest_client_request_duration_seconds", Help: "Request latency in seconds. Broken down by verb, and host.",
			Buckets: []float64{.005, .025, .1, .25, .5, 1, 2, 4, 8, 15, 30, 60},
		}, []string{"verb", "host"}),
	}
}

// Increment counts an answer.
func (m *clientMetrics) Increment(_ context.Context, code, method, host string) {
	m.requests.WithLabelValues(code, method, host).Inc()
}

// Observe measures a request.
func (m *clientMetrics) Observe(_ context.Context, verb string, u url.URL, took time.Duration) {
	m.seconds.WithLabelValues(verb, u.Host).Observe(took.Seconds())
}
