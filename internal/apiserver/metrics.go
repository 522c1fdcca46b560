package apiserver

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are the server's own, under the names that dashboards know.
type metrics struct {
	requests    *prometheus.CounterVec
	duration    *prometheus.HistogramVec
	objective   *prometheus.HistogramVec
	sizes       *prometheus.HistogramVec
	longRunning *prometheus.GaugeVec
	inFlight    *prometheus.GaugeVec
	inQueue     *prometheus.GaugeVec
	refused     *prometheus.CounterVec
	aborted     *prometheus.CounterVec
	watches     watchMetrics
	access      accessMetrics
	admission   admissionMetrics
	handler     http.Handler
}

// newMetrics registers them in reg. /metrics shows what is in it, and what more
// gathers, which may be nil.
func newMetrics(reg *prometheus.Registry, more prometheus.Gatherer) *metrics {
	what := []string{"verb", "group", "version", "resource", "subresource", "scope", "component"}
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "apiserver_request_total", Help: "Requests answered.",
		}, append(what[:len(what):len(what)], "dry_run", "code")),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "apiserver_request_duration_seconds", Help: "Time to answer a request that does not stream.",
			Buckets: []float64{.005, .025, .05, .1, .2, .4, .6, .8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60},
		}, append(what[:len(what):len(what)], "dry_run")),
		objective: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "apiserver_request_sli_duration_seconds", Help: "Time to answer a request that does not stream, as service-level objectives count it.",
			Buckets: []float64{.05, .1, .2, .4, .6, .8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60},
		}, what),
		sizes: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "apiserver_response_sizes", Help: "Bytes of answers to reads.", Buckets: prometheus.ExponentialBuckets(1000, 10, 7),
		}, what),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "apiserver_request_terminations_total", Help: "Requests turned away to protect the server.",
		}, append(what[:len(what):len(what)], "code")),
		aborted: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "apiserver_request_aborts_total", Help: "Requests whose answer was broken off after it had begun.",
		}, what[:6:6]),
		watches: newWatchMetrics(), access: newAccessMetrics(), admission: newAdmissionMetrics(),
		longRunning: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "apiserver_longrunning_requests", Help: "Streaming requests under way.",
		}, what),
		inFlight: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "apiserver_current_inflight_requests", Help: "Requests under way that do not stream.",
		}, []string{"request_kind"}),
		inQueue: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "apiserver_current_inqueue_requests", Help: "Requests that wait to be served.",
		}, []string{"request_kind"}),
	}
	reg.MustRegister(m.requests, m.duration, m.objective, m.sizes, m.refused, m.aborted, m.longRunning, m.inFlight, m.inQueue)
	reg.MustRegister(m.watches.events, m.watches.sizes)
	reg.MustRegister(m.access.collectors()...)
	reg.MustRegister(m.admission.steps, m.admission.plugins)
	all := prometheus.Gatherers{reg}
	if more != nil {
		all = append(all, more)
	}
	m.handler = promhttp.HandlerFor(all, promhttp.HandlerOpts{})
	return m
}

// begin notes the start of a request, and returns what notes its end. What is
// not known is counted without its name: clients must not make new series by
// making up paths.
func (m *metrics) begin(i *RequestInfo, known, long bool) (done func(code int, size int64, dryRun bool)) {
	labels := i.metricLabels(known)
	start := time.Now()
	if long {
		g := m.longRunning.WithLabelValues(labels...)
		g.Inc()
		return func(code int, _ int64, dryRun bool) {
			g.Dec()
			m.requests.WithLabelValues(append(labels, dryRunLabel(dryRun), strconv.Itoa(code))...).Inc()
		}
	}
	g := m.inFlight.WithLabelValues(i.kindLabel())
	g.Inc()
	return func(code int, size int64, dryRun bool) {
		g.Dec()
		took := time.Since(start).Seconds()
		m.objective.WithLabelValues(labels...).Observe(took)
		if i.Verb == "get" || i.Verb == "list" {
			m.sizes.WithLabelValues(labels...).Observe(float64(size))
		}
		m.requests.WithLabelValues(append(labels, dryRunLabel(dryRun), strconv.Itoa(code))...).Inc()
		m.duration.WithLabelValues(append(labels, dryRunLabel(dryRun))...).Observe(took)
	}
}

// waiting notes a request that waits to be served, and returns what notes the
// end of that.
func (m *metrics) waiting(i *RequestInfo) (done func()) {
	g := m.inQueue.WithLabelValues(i.kindLabel())
	g.Inc()
	return g.Dec
}

// turnedAway notes a request that the server has no room for.
func (m *metrics) turnedAway(i *RequestInfo, known bool) {
	m.refused.WithLabelValues(append(i.metricLabels(known), "429")...).Inc()
}

// broken notes a request whose answer could not be finished.
func (m *metrics) broken(i *RequestInfo, known bool) {
	m.aborted.WithLabelValues(i.metricLabels(known)[:6]...).Inc()
}

func dryRunLabel(on bool) string {
	if on {
		return "All"
	}
	return ""
}

var verbLabels = map[string]string{
	"get": "GET", "list": "LIST", "watch": "WATCH", "create": "POST", "update": "PUT", "patch": "PATCH",
	"delete": "DELETE", "deletecollection": "DELETECOLLECTION", "post": "POST", "put": "PUT", "head": "HEAD",
}

// metricLabels are the values of verb, group, version, resource, subresource,
// scope and component.
func (i *RequestInfo) metricLabels(known bool) []string {
	out := make([]string, 0, 9)
	verb := verbLabels[i.Verb]
	if verb == "" {
		verb = "OTHER"
	}
	if !known {
		return append(out, verb, "", "", "", "", "", "apiserver")
	}
	if !i.IsResource {
		return append(out, verb, "", "", "", i.Path, "", "apiserver")
	}
	scope := "cluster"
	switch {
	case i.Name != "":
		scope = "resource"
	case i.Namespace != "":
		scope = "namespace"
	}
	return append(out, verb, i.Group, i.Version, i.Resource, i.Subresource, scope, "apiserver")
}

func (i *RequestInfo) kindLabel() string {
	switch i.Verb {
	case "get", "list", "watch", "head":
		return "readOnly"
	}
	return "mutating"
}
