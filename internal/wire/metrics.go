package wire

import (
	"github.com/prometheus/client_golang/prometheus"
)

// processMetrics are what etcd and the Go runtime count for the whole process.
// What a control plane itself counts is in a registry of its own: there may be
// several in one process.
func processMetrics() prometheus.Gatherer { return prometheus.DefaultGatherer }
