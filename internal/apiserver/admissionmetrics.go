package apiserver

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// admissionMetrics say how long plug-ins take, each and together.
type admissionMetrics struct{ steps, plugins *prometheus.HistogramVec }

func newAdmissionMetrics() admissionMetrics {
	buckets := []float64{.005, .025, .1, .5, 1, 2.5}
	labels := []string{"type", "operation", "rejected"}
	return admissionMetrics{
		steps: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "apiserver_admission_step_admission_duration_seconds", Help: "Time of all plug-ins in one step.", Buckets: buckets,
		}, labels),
		plugins: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "apiserver_admission_controller_admission_duration_seconds", Help: "Time of one plug-in.", Buckets: buckets,
		}, append([]string{"name"}, labels...)),
	}
}

func (m admissionMetrics) plugin(name, operation, step string, err error, took time.Duration) {
	m.plugins.WithLabelValues(name, step, operation, strconv.FormatBool(err != nil)).Observe(took.Seconds())
}

func (m admissionMetrics) step(operation, step string, err error, took time.Duration) {
	m.steps.WithLabelValues(step, operation, strconv.FormatBool(err != nil)).Observe(took.Seconds())
}
