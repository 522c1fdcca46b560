package proxy

import (
	"log/slog"
	"net/netip"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"skiff/internal/servicecache"
)

// syncer carries plans to the kernel. One goroutine uses it.
type syncer struct {
	cfg      *Config
	log      *slog.Logger
	kernel   *kernel
	flows    *conntrack
	health   *health
	services cache.Indexer
	slices   cache.Indexer
	states   []*state
	settings []setting // of the kernel, as they were found
}

func newSyncer(cfg *Config, k *kernel, flows *conntrack, h *health) *syncer {
	return &syncer{
		cfg: cfg, log: cfg.log(), kernel: k, flows: flows, health: h,
		services: cfg.Informers.Services().Informer().GetIndexer(),
		slices:   cfg.Informers.EndpointSlices().Informer().GetIndexer(),
	}
}

// replaceAll plans every Service and writes whole tables, whatever was there.
func (s *syncer) replaceAll() error {
	begin := time.Now()
	settings, err := s.kernel.tune(s.settings, s.log)
	if err != nil {
		return err
	}
	s.settings = settings
	names := s.names()
	s.states = nil
	var stale []staleUDP
	for _, f := range families {
		st := newState(f)
		st.update(names, func(name types.NamespacedName) plan {
			p := s.plan(name, f)
			stale = append(stale, staleFlows(f, plan{}, p)...)
			return p
		})
		s.states = append(s.states, st)
	}
	if err := s.kernel.replace(s.cfg, s.states, map[*family][]setting{ipv4: settings}); err != nil {
		return s.reopened(err)
	}
	s.written(names, stale, true)
	s.log.Info("service rules written", "services", len(names), "took", time.Since(begin))
	return nil
}

// names are all Services, in order.
func (s *syncer) names() []types.NamespacedName {
	var names []types.NamespacedName
	for _, obj := range s.services.List() {
		svc := obj.(*corev1.Service)
		names = append(names, types.NamespacedName{Namespace: svc.Namespace, Name: svc.Name})
	}
	slices.SortFunc(names, compareNames)
	return names
}

// update plans the named Services anew and writes the difference.
func (s *syncer) update(names []types.NamespacedName) error {
	changes := map[*family]*change{}
	var stale []staleUDP
	for _, st := range s.states {
		changes[st.family] = st.update(names, func(name types.NamespacedName) plan {
			next := s.plan(name, st.family)
			stale = append(stale, staleFlows(st.family, st.plans[name], next)...)
			return next
		})
	}
	if err := s.kernel.apply(changes); err != nil {
		return s.reopened(err)
	}
	s.written(names, stale, false)
	return nil
}

// written does what must come after the rules of some Services, or of all: a
// flow that is forgotten earlier would be made again by the old ones, and a pod
// that ends earlier would still be sent to.
func (s *syncer) written(names []types.NamespacedName, stale []staleUDP, all bool) {
	listed := map[types.NamespacedName][]netip.Addr{}
	for _, name := range names {
		s.reportHealth(name)
		listed[name] = nil
		for _, st := range s.states {
			listed[name] = append(listed[name], st.plans[name].staying...)
		}
	}
	s.cfg.Listing.update(listed, all)
	if err := s.flows.forget(stale); err != nil {
		s.log.Warn("connection tracking entries of ended UDP endpoints not removed; they end by themselves when clients pause", "error", err)
	}
	s.health.written(time.Now())
}

// reopened replaces the netlink connection after a failure: answers to the rest
// of the failed transaction may still be waiting in the old one.
func (s *syncer) reopened(cause error) error {
	if k, err := openKernel(s.kernel.name, s.kernel.watch); err == nil {
		s.kernel.close()
		s.kernel.conn = k.conn
	}
	return cause
}

// plan reads one Service from the cache and plans it; one that is gone has an
// empty plan.
func (s *syncer) plan(name types.NamespacedName, f *family) plan {
	svc := s.service(name)
	if svc == nil {
		return plan{}
	}
	return planService(svc, servicecache.Slices(s.slices, name.Namespace, name.Name), f, s.cfg)
}

func (s *syncer) service(name types.NamespacedName) *corev1.Service {
	obj, ok, _ := s.services.GetByKey(name.String())
	if !ok {
		return nil
	}
	return obj.(*corev1.Service)
}

// reportHealth tells load balancers how many endpoints of the Service are here,
// for those Services that ask for it.
func (s *syncer) reportHealth(name types.NamespacedName) {
	svc := s.service(name)
	if svc == nil || svc.Spec.HealthCheckNodePort == 0 || !externalLocal(svc) {
		s.health.setService(name, 0, 0)
		return
	}
	count := localReady(servicecache.Slices(s.slices, name.Namespace, name.Name), s.cfg.NodeName)
	s.health.setService(name, uint16(svc.Spec.HealthCheckNodePort), count)
}
