package reconcile

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics count the work of every loop of the process, by controller. Whoever
// serves metrics registers them.
var (
	reconciles = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "skiff_reconcile_total",
		Help: "Keys reconciled, by controller and result (ok, error).",
	}, []string{"controller", "result"})

	reconcileSeconds = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "skiff_reconcile_seconds_total",
		Help: "Time spent in reconciling, by controller.",
	}, []string{"controller"})
)

// Collectors are the metrics of this package, for a registry.
func Collectors() []prometheus.Collector {
	return []prometheus.Collector{reconciles, reconcileSeconds}
}

func observe(controller string, took time.Duration, err error) {
	result := "ok"
	if err != nil {
		result = "error"
	}
	reconciles.WithLabelValues(controller, result).Inc()
	reconcileSeconds.WithLabelValues(controller).Add(took.Seconds())
}
