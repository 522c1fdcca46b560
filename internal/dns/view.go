package dns

import (
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/client-go/tools/cache"

	"skiff/internal/servicecache"
)

// view is what the zone asks about the API's objects.
type view interface {
	// service returns nil if there is none of that name.
	service(namespace, name string) *corev1.Service
	// hasNamespace reports whether any Service is in the namespace.
	hasNamespace(namespace string) bool
	// endpoints are those that a Service's names stand for, sorted.
	endpoints(namespace, service string) []endpoint
	servicesAt(addr netip.Addr) []*corev1.Service
	endpointsAt(addr netip.Addr) []endpoint
}

// endpoint is one address of a Service, with its name below the Service's.
type endpoint struct {
	namespace string
	service   string
	hostname  string
	addr      netip.Addr
	ports     []discoveryv1.EndpointPort
}

// cacheView is the view of the node's cache.
type cacheView struct{ services, slices cache.Indexer }

func (v cacheView) service(namespace, name string) *corev1.Service {
	obj, ok, _ := v.services.GetByKey(namespace + "/" + name)
	if !ok {
		return nil
	}
	return obj.(*corev1.Service)
}

func (v cacheView) hasNamespace(namespace string) bool {
	keys, err := v.services.IndexKeys(cache.NamespaceIndex, namespace)
	return err == nil && len(keys) > 0
}

func (v cacheView) endpoints(namespace, service string) []endpoint {
	return endpointsOf(servicecache.Slices(v.slices, namespace, service))
}

func (v cacheView) servicesAt(addr netip.Addr) []*corev1.Service {
	return servicecache.ServicesAt(v.services, addr.String())
}

func (v cacheView) endpointsAt(addr netip.Addr) []endpoint {
	all := endpointsOf(servicecache.SlicesAt(v.slices, addr.String()))
	return slices.DeleteFunc(all, func(e endpoint) bool { return e.addr != addr })
}

// endpointsOf lists the ready endpoints of slices. (Where a Service publishes
// addresses that are not ready, its slices call them ready.)
func endpointsOf(list []*discoveryv1.EndpointSlice) []endpoint {
	var all []endpoint
	for _, slice := range list {
		for i := range slice.Endpoints {
			e := &slice.Endpoints[i]
			if e.Conditions.Ready != nil && !*e.Conditions.Ready {
				continue
			}
			for _, text := range e.Addresses {
				addr, err := netip.ParseAddr(text)
				if err != nil {
					continue
				}
				all = append(all, endpoint{
					namespace: slice.Namespace, service: slice.Labels[discoveryv1.LabelServiceName],
					hostname: hostnameOf(e, addr), addr: addr, ports: slice.Ports,
				})
			}
		}
	}
	slices.SortFunc(all, func(a, b endpoint) int { return a.addr.Compare(b.addr) })
	return all
}

// hostnameOf is the pod's hostname, or its address when it has none.
func hostnameOf(e *discoveryv1.Endpoint, addr netip.Addr) string {
	if e.Hostname != nil && *e.Hostname != "" {
		return strings.ToLower(*e.Hostname)
	}
	return dashed(addr)
}
