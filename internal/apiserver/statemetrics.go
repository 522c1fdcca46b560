package apiserver

import (
	"github.com/prometheus/client_golang/prometheus"
)

// stateMetrics say what the server holds, and what it was built from. They are
// found out when somebody asks.
type stateMetrics struct{ s *Server }

var (
	resourceObjects = prometheus.NewDesc("apiserver_resource_objects", "Objects stored, by kind.", []string{"group", "resource"}, nil)
	storageObjects  = prometheus.NewDesc("apiserver_storage_objects", "Objects stored, by kind; the name until Kubernetes 1.34.", []string{"resource"}, nil)
	buildInfo       = prometheus.NewDesc("kubernetes_build_info", "What the server was built from.", []string{
		"major", "minor", "git_version", "git_commit", "git_tree_state", "build_date", "go_version", "compiler", "platform",
	}, nil)
)

// Describe implements prometheus.Collector.
func (stateMetrics) Describe(to chan<- *prometheus.Desc) {
	to <- resourceObjects
	to <- storageObjects
	to <- buildInfo
	to <- unavailableAPIServices
}

// Collect implements prometheus.Collector.
func (m stateMetrics) Collect(to chan<- prometheus.Metric) {
	for _, e := range m.s.endpoints {
		if e.table == nil || e.r.Prefix == "" || e.r.StoredAs != nil {
			continue
		}
		n := float64(e.table.Count())
		to <- prometheus.MustNewConstMetric(resourceObjects, prometheus.GaugeValue, n, e.r.Group, e.r.Plural)
		to <- prometheus.MustNewConstMetric(storageObjects, prometheus.GaugeValue, n, e.r.GroupResource().String())
	}
	m.s.collectAvailability(to)
	v := m.s.cfg.Version
	to <- prometheus.MustNewConstMetric(buildInfo, prometheus.GaugeValue, 1,
		v.Major, v.Minor, v.GitVersion, v.GitCommit, v.GitTreeState, v.BuildDate, v.GoVersion, v.Compiler, v.Platform)
}
