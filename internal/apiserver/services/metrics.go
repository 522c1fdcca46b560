package services

import (
	"context"
	"math"
	"net/netip"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
)

// metrics are those of Kubernetes' own allocators, by name and label. What is
// taken and free is counted when somebody asks.
type metrics struct {
	a                        *Allocator
	addresses, addressErrors *prometheus.CounterVec
	ports, portErrors        *prometheus.CounterVec
	taken, free              *prometheus.Desc
	portsTaken, portsFree    *prometheus.Desc
}

func newMetrics(a *Allocator) *metrics {
	const ips, ports = "kube_apiserver_clusterip_allocator_", "kube_apiserver_nodeport_allocator_"
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	return &metrics{
		a:             a,
		addresses:     counter(ips+"allocation_total", "Number of Cluster IPs allocations", "cidr", "scope"),
		addressErrors: counter(ips+"allocation_errors_total", "Number of errors trying to allocate Cluster IPs", "cidr", "scope"),
		ports:         counter(ports+"allocation_total", "Number of NodePort allocations", "scope"),
		portErrors:    counter(ports+"allocation_errors_total", "Number of errors trying to allocate NodePort", "scope"),
		taken:         prometheus.NewDesc(ips+"allocated_ips", "Gauge measuring the number of allocated IPs for Services", []string{"cidr"}, nil),
		free:          prometheus.NewDesc(ips+"available_ips", "Gauge measuring the number of available IPs for Services", []string{"cidr"}, nil),
		portsTaken:    prometheus.NewDesc(ports+"allocated_ports", "Gauge measuring the number of allocated NodePorts for Services", nil, nil),
		portsFree:     prometheus.NewDesc(ports+"available_ports", "Gauge measuring the number of available NodePorts for Services", nil, nil),
	}
}

// Collector is the allocator's metrics, for a registry.
func (a *Allocator) Collector() prometheus.Collector { return a.metrics }

func (m *metrics) allocated(addr netip.Addr, scope string, dryRun bool, err error) {
	if dryRun {
		return
	}
	ranges, _ := m.a.ranges(context.Background(), false, 0)
	cidr := ""
	for _, r := range ranges {
		if _, ok := r.offset(addr); ok {
			cidr = r.prefix.String()
			break
		}
	}
	if err != nil {
		m.addressErrors.WithLabelValues(cidr, scope).Inc()
		return
	}
	m.addresses.WithLabelValues(cidr, scope).Inc()
}

func (m *metrics) portsAllocated(s *corev1.Service, plan *portPlan, dryRun bool, err error) {
	asked := map[int]bool{}
	for _, port := range nodePorts(s) {
		asked[port] = true
	}
	switch {
	case dryRun:
	case err != nil && len(asked) > 0:
		m.portErrors.WithLabelValues("static").Inc()
	case err != nil:
		m.portErrors.WithLabelValues("dynamic").Inc()
	default:
		for _, port := range plan.took {
			scope := "dynamic"
			if asked[port] {
				scope = "static"
			}
			m.ports.WithLabelValues(scope).Inc()
		}
	}
}

func (m *metrics) counters() []prometheus.Collector {
	return []prometheus.Collector{m.addresses, m.addressErrors, m.ports, m.portErrors}
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(to chan<- *prometheus.Desc) {
	for _, c := range m.counters() {
		c.Describe(to)
	}
	for _, d := range []*prometheus.Desc{m.taken, m.free, m.portsTaken, m.portsFree} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (m *metrics) Collect(to chan<- prometheus.Metric) {
	for _, c := range m.counters() {
		c.Collect(to)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	ctx := context.Background()
	ranges, err := m.a.ranges(ctx, false, 0)
	if err != nil {
		return
	}
	for _, r := range ranges {
		if taken, err := m.a.takenIn(ctx, r, 0); err == nil {
			gauge(m.taken, float64(len(taken)), r.prefix.String())
			gauge(m.free, math.Max(0, float64(r.size)-float64(len(taken))), r.prefix.String())
		}
	}
	if set, err := m.a.ports.read(ctx, 0); err == nil {
		n := len(set.ports())
		gauge(m.portsTaken, float64(n))
		gauge(m.portsFree, float64(set.last-set.first+1-n))
	}
}
