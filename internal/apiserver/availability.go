package apiserver

import (
	"context"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"skiff/internal/api/apiregistration"
	"skiff/internal/store"
)

var unavailableAPIServices = prometheus.NewDesc("aggregator_unavailable_apiservice",
	"Whether an APIService is not available: 1, or 0.", []string{"name"}, nil)

// collectAvailability says of each APIService whether it can be used, by the
// condition that its users see.
func (s *Server) collectAvailability(to chan<- prometheus.Metric) {
	e := s.endpoints[apiregistration.APIService.GroupVersionResource()]
	if e == nil || e.table == nil {
		return
	}
	list, err := e.table.List(context.Background(), store.ListOptions{})
	if err != nil {
		return // a scrape that comes too early lacks these lines, and no others
	}
	for it := range list.Items {
		o, ok := it.Object().(*apiregistration.Object)
		if !ok {
			continue
		}
		value := 1.0
		if isAvailable(o) {
			value = 0
		}
		to <- prometheus.MustNewConstMetric(unavailableAPIServices, prometheus.GaugeValue, value, o.Name)
	}
}

func isAvailable(o *apiregistration.Object) bool {
	return slices.ContainsFunc(o.Status.Conditions, func(c apiregistration.Condition) bool {
		return c.Type == apiregistration.Available && c.Status == "True"
	})
}
