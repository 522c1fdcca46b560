package apiserver

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"skiff/internal/apiserver/admission"
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

// admissionTimes are the histograms of one plug-in, or of a step, by operation
// and by whether it refused. Each is looked up once: a write passes dozens.
type admissionTimes struct {
	all    *prometheus.HistogramVec
	labels []string // all but the operation and "rejected"
	found  [len(admissionOperations)][2]atomic.Pointer[prometheus.Observer]
}

var admissionOperations = [...]string{admission.Create, admission.Update, admission.Delete, admission.Connect}

func (t *admissionTimes) observe(operation string, err error, took time.Duration) {
	rejected := 0
	if err != nil {
		rejected = 1
	}
	for i, o := range admissionOperations {
		if o == operation {
			t.histogram(i, rejected).Observe(took.Seconds())
			return
		}
	}
}

func (t *admissionTimes) histogram(operation, rejected int) prometheus.Observer {
	found := &t.found[operation][rejected]
	if h := found.Load(); h != nil {
		return *h
	}
	h := t.all.WithLabelValues(append(t.labels, admissionOperations[operation], strconv.FormatBool(rejected == 1))...)
	found.Store(&h)
	return h
}
