package proxy

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
)

// plan is everything that one Service needs in the kernel, in one family.
type plan struct {
	chains   []chain
	elements []element
	memories []memory
	udp      []udpPort
}

// element is one entry of a named set (no verdict) or map.
type element struct {
	set     string
	key     key
	verdict verdict
}

// memory is a map from clients to the endpoints they were sent to.
type memory struct {
	name    string
	timeout time.Duration // since the client's last connection
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
	memory   string
}

// planService is the whole decision: what the kernel must hold for one Service,
// given its EndpointSlices. It is a pure function.
func planService(svc *corev1.Service, list []*discoveryv1.EndpointSlice, f *family, cfg *Config) plan {
	var p plan
	if !isProxied(svc, f) {
		return p
	}
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
	}
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
	if timeout, ok := affinity(sp.svc); ok && len(sp.cluster) > 0 {
		sp.memory = fmt.Sprintf("affinity/%s/%d", sp.name, int(timeout.Seconds()))
		p.memories = append(p.memories, memory{sp.memory, timeout})
	}
	routes := sp.routes(f, cfg)
	for _, fr := range fronts {
		p.addFrontend(sp, fr, routes)
	}
	p.addFirewall(sp, fronts, f)
	p.addChains(sp, fronts, routes, f, cfg)
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

// routes are the verdicts for the two kinds of traffic. A zero verdict means
// that there is nowhere to send the connection.
type routes struct {
	internal, external verdict
	// outside is false when external connections from other machines find no
	// endpoint, though those from pods and this machine do.
	outside bool
}

func (sp servicePort) chainName(kind string) string { return kind + "/" + sp.name }

// routes apply the traffic policies.
func (sp servicePort) routes(f *family, cfg *Config) routes {
	var r routes
	switch {
	case internalLocal(sp.svc) && len(sp.local) > 0:
		r.internal = goTo(sp.chainName("local"))
	case !internalLocal(sp.svc) && len(sp.cluster) > 0:
		r.internal = goTo(sp.chainName("cluster"))
	}
	if len(sp.cluster) > 0 { // local ones are among them, or stand in for them
		r.external = goTo(sp.chainName("external"))
		r.outside = !externalLocal(sp.svc) || len(sp.local) > 0
	}
	return r
}

// addFrontend enters one frontend into the maps: where to go, or how to refuse.
// A refusal is silent when the Service has endpoints elsewhere, so that a load
// balancer or client tries again there instead of giving up.
func (p *plan) addFrontend(sp servicePort, fr frontend, r routes) {
	found, refused := serviceMap, refusedMap
	if !fr.key.addr.IsValid() {
		found, refused = nodePortMap, refusedPorts
	}
	to := r.external
	if fr.internal {
		to = r.internal
	}
	if to.leads() {
		p.elements = append(p.elements, element{found, fr.key, to})
	}
	if !to.leads() || (!fr.internal && !r.outside) {
		how := goTo(rejectChain)
		if len(sp.cluster) > 0 {
			how = goTo(dropChain)
		}
		p.elements = append(p.elements, element{refused, fr.key, how})
	}
}

// addChains writes the chains that the port's verdicts lead to.
func (p *plan) addChains(sp servicePort, fronts []frontend, r routes, f *family, cfg *Config) {
	external := slices.ContainsFunc(fronts, func(fr frontend) bool { return !fr.internal })
	internal := slices.ContainsFunc(fronts, func(fr frontend) bool { return fr.internal })
	external = external && r.external.leads()
	needCluster := (internal && !internalLocal(sp.svc)) || external
	needLocal := (internal && internalLocal(sp.svc)) || (external && externalLocal(sp.svc))
	if needCluster && len(sp.cluster) > 0 {
		p.addBalance(sp, "cluster", sp.cluster)
	}
	if needLocal && len(sp.local) > 0 {
		p.addBalance(sp, "local", sp.local)
	}
	if external {
		p.chains = append(p.chains, chain{name: sp.chainName("external"), rules: sp.externalRules(f, cfg)})
	}
}

// addBalance writes a chain that chooses among endpoints, and enters those of
// this node into the sets that decide about masquerading.
func (p *plan) addBalance(sp servicePort, kind string, list []endpoint) {
	addrs := addressesOf(list)
	var rules []rule
	if sp.memory != "" {
		rules = append(rules, rule{recall{addrs, sp.memory}})
	}
	rules = append(rules, rule{balance{addrs, sp.memory}})
	p.chains = append(p.chains, chain{name: sp.chainName(kind), rules: rules})
	for _, e := range onNode(list) {
		for _, set := range []string{localSet, hairpinSet} {
			el := element{set: set, key: key{addr: e.addr.Addr()}}
			if !slices.Contains(p.elements, el) {
				p.elements = append(p.elements, el)
			}
		}
	}
}

// externalRules are for connections to node ports and to external and load
// balancer addresses. With the Cluster policy any endpoint will do, and the
// answer must come back through this node. With the Local policy other machines
// reach this node's endpoints only, which see the client's address; pods and
// the node itself have no such limit.
func (sp servicePort) externalRules(f *family, cfg *Config) []rule {
	cluster := goTo(sp.chainName("cluster"))
	if !externalLocal(sp.svc) {
		return []rule{{setMark{}, cluster}}
	}
	var rules []rule
	for _, pods := range f.only(cfg.ClusterCIDRs) {
		rules = append(rules, rule{inPrefix{field: source, prefix: pods}, cluster})
	}
	rules = append(rules, rule{isLocal{source}, setMark{}, cluster})
	if len(sp.local) > 0 {
		rules = append(rules, rule{goTo(sp.chainName("local"))})
	}
	return rules
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
			p.elements = append(p.elements, element{firewallMap, fr.key, goTo(name)})
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
