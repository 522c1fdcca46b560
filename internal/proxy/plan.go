package proxy

import (
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
)

// plan is everything that one Service needs in the kernel, in one family.
type plan struct {
	chains   []chain
	elements []element
	memories []memory
	udp      []udpPort
	staying  []netip.Addr // on this node, sent to, and not about to end
}

// element is one entry of a named set (no verdict) or map. With choices, its
// verdict is a shared chain that picks one of them by the element's own key and
// a random number: then a Service has no chain of its own, and when its
// endpoints change, so do elements alone.
type element struct {
	set     string
	key     key
	verdict verdict
	choices []netip.AddrPort
}

// udpPort is a Service port whose connection tracking entries must follow its
// endpoints: UDP has no connections to end, so a client that keeps sending
// would otherwise be sent to a dead endpoint for as long as it does.
type udpPort struct {
	addrs     []netip.Addr // frontend addresses on port
	port      uint16
	nodePort  uint16
	endpoints []netip.AddrPort
}

// servicePort gathers what the rules of one Service port are made of.
type servicePort struct {
	name     string // NAMESPACE/NAME/PROTOCOL/PORT: unique, and what chains are called after
	protocol protocol
	svc      *corev1.Service
	port     corev1.ServicePort
	cluster  []endpoint // usable ones anywhere
	local    []endpoint // usable ones on this node
}

// planService is the whole decision: what the kernel must hold for one Service,
// given its EndpointSlices. It is a pure function.
func planService(svc *corev1.Service, list []*discoveryv1.EndpointSlice, f *family, cfg *Config) plan {
	var p plan
	if !isProxied(svc, f) {
		return p
	}
	var local []netip.Addr
	for _, port := range svc.Spec.Ports {
		number, ok := protocolNumber(port.Protocol)
		if !ok {
			continue
		}
		all := endpointsOf(list, f, port, cfg.NodeName)
		sp := servicePort{
			name:     fmt.Sprintf("%s/%s/%s/%d", svc.Namespace, svc.Name, number, port.Port),
			protocol: number, svc: svc, port: port,
			cluster: usable(all), local: usable(onNode(all)),
		}
		p.addPort(sp, f, cfg)
		local = append(local, localOf(sp.cluster)...)
		local = append(local, localOf(sp.local)...)
		p.staying = append(p.staying, staying(all)...)
	}
	p.addLocal(local)
	return p
}

// isProxied leaves out headless Services and those that name another proxy.
func isProxied(svc *corev1.Service, f *family) bool {
	if _, other := svc.Labels["service.kubernetes.io/service-proxy-name"]; other {
		return false
	}
	if svc.Spec.Type == corev1.ServiceTypeExternalName {
		return false
	}
	return len(clusterIPs(svc, f)) > 0
}

// addPort plans one Service port.
func (p *plan) addPort(sp servicePort, f *family, cfg *Config) {
	fronts := frontendsOf(sp, f, cfg)
	if len(fronts) == 0 {
		return
	}
	for _, fr := range fronts {
		p.addFrontend(sp, fr, f, cfg)
	}
	p.addFirewall(sp, fronts, f)
	p.addUDP(sp, fronts)
}

// frontend is an address (or, when it is zero, every local one) and port that
// the Service answers on.
type frontend struct {
	key      key
	internal bool // a cluster address
	balancer bool // a load balancer's
}

// frontendsOf lists where a Service port answers in one family.
func frontendsOf(sp servicePort, f *family, cfg *Config) []frontend {
	at := func(addr netip.Addr) key { return key{addr, sp.protocol, uint16(sp.port.Port)} }
	var fronts []frontend
	for _, addr := range clusterIPs(sp.svc, f) {
		if k := at(addr); !cfg.isClusterDNS(f, k) {
			fronts = append(fronts, frontend{key: k, internal: true})
		}
	}
	for _, addr := range parseAll(sp.svc.Spec.ExternalIPs, f) {
		fronts = append(fronts, frontend{key: at(addr)})
	}
	for _, in := range sp.svc.Status.LoadBalancer.Ingress {
		// In proxy mode the balancer delivers to a node port and wants its own
		// address left alone.
		if in.IPMode != nil && *in.IPMode == corev1.LoadBalancerIPModeProxy {
			continue
		}
		for _, addr := range parseAll([]string{in.IP}, f) {
			fronts = append(fronts, frontend{key: at(addr), balancer: true})
		}
	}
	if sp.port.NodePort != 0 {
		fronts = append(fronts, frontend{key: key{protocol: sp.protocol, port: uint16(sp.port.NodePort)}})
	}
	return fronts
}

func (sp servicePort) chainName(kind string) string { return kind + "/" + sp.name }

// addFrontend enters one frontend into the maps: where to go, or how to refuse.
// A refusal is silent when the Service has endpoints elsewhere, so that a load
// balancer or client tries again there instead of giving up.
func (p *plan) addFrontend(sp servicePort, fr frontend, f *family, cfg *Config) {
	found, refused := serviceMap, refusedMap
	if !fr.key.addr.IsValid() {
		found, refused = nodePortMap, refusedPorts
	}
	reachable := sp.cluster
	if (fr.internal && internalLocal(sp.svc)) || (!fr.internal && externalLocal(sp.svc)) {
		reachable = sp.local
	}
	// Pods and the node itself reach external addresses wherever endpoints are.
	if len(reachable) > 0 || (!fr.internal && len(sp.cluster) > 0) {
		e := element{set: found, key: fr.key}
		e.verdict, e.choices = p.way(sp, fr, f, cfg)
		p.elements = append(p.elements, e)
	}
	if len(reachable) == 0 {
		how := goTo(rejectChain)
		if len(sp.cluster) > 0 {
			how = goTo(dropChain)
		}
		p.elements = append(p.elements, element{set: refused, key: fr.key, verdict: how})
	}
}

// way leads from a frontend to its endpoints: by a shared chain where random
// choice is all there is to it, by chains of the Service's own where the client
// matters.
func (p *plan) way(sp servicePort, fr frontend, f *family, cfg *Config) (verdict, []netip.AddrPort) {
	_, sticky := affinity(sp.svc)
	kind, list := "cluster", sp.cluster
	if fr.internal && internalLocal(sp.svc) {
		kind, list = "local", sp.local
	}
	switch {
	case !fr.internal && (sticky || externalLocal(sp.svc)):
		return p.external(sp, f, cfg), nil
	case sticky:
		return p.balanced(sp, kind, list), nil
	}
	return goTo(pickChainName(fr, len(list))), addressesOf(list)
}

// balanced leads to a chain of the Service's own that chooses among endpoints.
func (p *plan) balanced(sp servicePort, kind string, list []endpoint) verdict {
	name := sp.chainName(kind)
	if p.hasChain(name) {
		return goTo(name)
	}
	if timeout, ok := affinity(sp.svc); ok {
		p.addAffinity(sp, kind, list, timeout)
	} else {
		p.chains = append(p.chains, chain{name: name, rules: []rule{{balance{addressesOf(list)}}}})
	}
	return goTo(name)
}

func (p *plan) hasChain(name string) bool {
	return slices.ContainsFunc(p.chains, func(c chain) bool { return c.name == name })
}

// external leads to a chain for node ports and external addresses. With the
// Cluster policy any endpoint will do, and the answer must come back through
// this node. With the Local policy other machines reach this node's endpoints
// only, which see the client's address; pods and the node itself have no such
// limit.
func (p *plan) external(sp servicePort, f *family, cfg *Config) verdict {
	name := sp.chainName("external")
	if p.hasChain(name) {
		return goTo(name)
	}
	cluster := p.balanced(sp, "cluster", sp.cluster)
	rules := []rule{{setMark{}, cluster}}
	if externalLocal(sp.svc) {
		rules = nil
		for _, pods := range f.only(cfg.ClusterCIDRs) {
			rules = append(rules, rule{inPrefix{field: source, prefix: pods}, cluster})
		}
		rules = append(rules, rule{isLocal{source}, setMark{}, cluster})
		if len(sp.local) > 0 {
			rules = append(rules, rule{p.balanced(sp, "local", sp.local)})
		}
	}
	p.chains = append(p.chains, chain{name: name, rules: rules})
	return goTo(name)
}

// localOf are the addresses of this node's endpoints.
func localOf(list []endpoint) []netip.Addr {
	var addrs []netip.Addr
	for _, e := range onNode(list) {
		addrs = append(addrs, e.addr.Addr())
	}
	return addrs
}

// addLocal enters the endpoints of this node into the sets that decide about
// masquerading, each address once.
func (p *plan) addLocal(addrs []netip.Addr) {
	slices.SortFunc(addrs, netip.Addr.Compare)
	for _, addr := range slices.Compact(addrs) {
		for _, set := range []string{localSet, hairpinSet} {
			p.elements = append(p.elements, element{set: set, key: key{addr: addr}})
		}
	}
}

// addFirewall limits load balancer addresses to the Service's source ranges.
func (p *plan) addFirewall(sp servicePort, fronts []frontend, f *family) {
	ranges := sourceRanges(sp.svc, f)
	if len(sp.svc.Spec.LoadBalancerSourceRanges) == 0 {
		return
	}
	name := sp.chainName("firewall")
	used := false
	for _, fr := range fronts {
		if fr.balancer {
			used = true
			p.elements = append(p.elements, element{set: firewallMap, key: fr.key, verdict: goTo(name)})
		}
	}
	if !used {
		return
	}
	var rules []rule
	for _, allowed := range ranges {
		rules = append(rules, rule{inPrefix{field: source, prefix: allowed}, returnToCall})
	}
	p.chains = append(p.chains, chain{name: name, rules: append(rules, rule{drop})})
}

func (p *plan) addUDP(sp servicePort, fronts []frontend) {
	if sp.protocol != udp {
		return
	}
	u := udpPort{port: uint16(sp.port.Port), nodePort: uint16(sp.port.NodePort), endpoints: addressesOf(slices.Concat(sp.cluster, sp.local))}
	for _, fr := range fronts {
		if fr.key.addr.IsValid() {
			u.addrs = append(u.addrs, fr.key.addr)
		}
	}
	p.udp = append(p.udp, u)
}
