package wire

import (
	"github.com/prometheus/client_golang/prometheus"
)

// metricsRegistry is what /metrics of the API server shows: its own figures,
// and those that etcd and the Go runtime count in the default registry.
func metricsRegistry() *prometheus.Registry {
	return prometheus.DefaultRegisterer.(*prometheus.Registry)
}
