package proxy

import (
	"fmt"
	"net/netip"

	"github.com/google/nftables"
)

// The named sets and maps that every table has. Services add elements to them.
const (
	serviceMap    = "services"         // cluster, external and load balancer addresses
	nodePortMap   = "nodeports"        // ports that every local address answers on
	refusedMap    = "refused"          // addresses in use, without an endpoint to send to
	refusedPorts  = "refused-ports"    // node ports likewise
	firewallMap   = "firewall"         // load balancer addresses with source ranges
	hairpinSet    = "hairpin"          // this node's endpoints, as source and destination
	localSet      = "local-endpoints"  // this node's endpoints
	choiceMap     = "endpoints"        // the endpoints of addresses in services, numbered
	choicePorts   = "port-endpoints"   // likewise of node ports
	rejectChain   = "reject"           // target of refusals
	dropChain     = "drop"             // target where another node may still answer
	servicesChain = "service-dispatch" // where new connections find their Service
	refuseChain   = "refuse"           // where connections to Services without endpoints end
)

// namedSet is one of the table's sets or maps.
type namedSet struct {
	name   string
	layout layout
	isMap  bool // from a key to a verdict
}

// choiceSets hold the endpoints of elements in the map that each is named for.
var choiceSets = []choiceSet{
	{choiceMap, serviceMap, byAddrPort},
	{choicePorts, nodePortMap, byPort},
}

var namedSets = []namedSet{
	{serviceMap, byAddrPort, true},
	{nodePortMap, byPort, true},
	{refusedMap, byAddrPort, true},
	{refusedPorts, byPort, true},
	{firewallMap, byAddrPort, true},
	{hairpinSet, byAddrTwice, false},
	{localSet, byAddr, false},
}

func layoutOf(set string) layout {
	for _, s := range namedSets {
		if s.name == set {
			return s.layout
		}
	}
	return byAddr
}

func (h *hook) text() string {
	return fmt.Sprintf("type %s hook %s priority %d; policy accept;", h.kind, h.where, h.priority)
}

func natHook(where string, number *nftables.ChainHook, priority *nftables.ChainPriority) *hook {
	return &hook{nftables.ChainTypeNAT, number, where, *priority}
}

func filterHook(where string, number *nftables.ChainHook, priority *nftables.ChainPriority) *hook {
	return &hook{nftables.ChainTypeFilter, number, where, *priority}
}

// beforeNAT is where a packet's destination is still the one its sender chose.
var beforeNAT = nftables.ChainPriorityRef(*nftables.ChainPriorityNATDest - 10)

// outputNAT: nft calls this priority dstnat in the output hook, too.
var outputNAT = nftables.ChainPriorityNATDest

// baseChains are the chains that are there whatever Services exist: a pure
// function of the node's configuration.
func baseChains(f *family, cfg *Config) []chain {
	return []chain{
		{name: rejectChain, rules: []rule{{reject{}}}},
		{name: dropChain, rules: []rule{{drop}}},
		{name: servicesChain, rules: dispatchRules(f, cfg)},
		{name: refuseChain, rules: refuseRules(f, cfg)},
		{name: "nat-prerouting", hook: natHook("prerouting", nftables.ChainHookPrerouting, nftables.ChainPriorityNATDest), rules: []rule{{jump(servicesChain)}}},
		{name: "nat-output", hook: natHook("output", nftables.ChainHookOutput, outputNAT), rules: []rule{{jump(servicesChain)}}},
		{name: "nat-postrouting", hook: natHook("postrouting", nftables.ChainHookPostrouting, nftables.ChainPriorityNATSource), rules: postroutingRules(f)},
		{name: "filter-prerouting", hook: filterHook("prerouting", nftables.ChainHookPrerouting, beforeNAT), rules: []rule{{newConnection{}, lookup{byAddrPort, firewallMap}}}},
		{name: "filter-input", hook: filterHook("input", nftables.ChainHookInput, nftables.ChainPriorityFilter), rules: inputRules(f)},
		{name: "filter-forward", hook: filterHook("forward", nftables.ChainHookForward, nftables.ChainPriorityFilter), rules: []rule{{newConnection{}, jump(refuseChain)}}},
		{name: "filter-output", hook: filterHook("output", nftables.ChainHookOutput, nftables.ChainPriorityFilter), rules: []rule{{newConnection{}, jump(refuseChain)}}},
	}
}

// dispatchRules find the Service of a new connection. The cluster's DNS comes
// first: it is answered on this node whatever the API says about its Service.
func dispatchRules(f *family, cfg *Config) []rule {
	var rules []rule
	if cfg.answersDNS(f) {
		dns := netip.PrefixFrom(cfg.ClusterDNS, cfg.ClusterDNS.BitLen())
		for _, p := range []protocol{udp, tcp} {
			rules = append(rules, rule{inPrefix{field: destination, prefix: dns}, toPort{p, 53}, rewrite{cfg.LocalDNS}})
		}
	}
	rules = append(rules, clusterAddressMarks(f, cfg)...)
	rules = append(rules, rule{lookup{byAddrPort, serviceMap}})
	return append(rules, nodePortRules(f, cfg, nodePortMap)...)
}

// clusterAddressMarks mark connections to cluster addresses that do not come
// from a pod: a pod elsewhere could not answer to this machine's other
// addresses by way of this node.
func clusterAddressMarks(f *family, cfg *Config) []rule {
	pods := f.only(cfg.ClusterCIDRs)
	if len(pods) == 0 {
		return nil
	}
	var rules []rule
	for _, services := range f.only(cfg.ServiceCIDRs) {
		r := rule{inPrefix{field: destination, prefix: services}}
		for _, p := range pods {
			r = append(r, inPrefix{field: source, not: true, prefix: p})
		}
		rules = append(rules, append(r, setMark{}))
	}
	return rules
}

// nodePortRules look a packet to one of this node's addresses up in a map of
// node ports.
func nodePortRules(f *family, cfg *Config, set string) []rule {
	find := lookup{byPort, set}
	allowed := f.only(cfg.NodePortAddresses)
	if len(cfg.NodePortAddresses) == 0 {
		return []rule{{isLocal{destination}, find}}
	}
	var rules []rule
	for _, p := range allowed {
		rules = append(rules, rule{isLocal{destination}, inPrefix{field: destination, prefix: p}, find})
	}
	return rules
}

// refuseRules end connections to Services that have no endpoint, and to ports
// of cluster addresses that no Service has.
func refuseRules(f *family, cfg *Config) []rule {
	rules := []rule{{lookup{byAddrPort, refusedMap}}}
	rules = append(rules, nodePortRules(f, cfg, refusedPorts)...)
	for _, services := range f.only(cfg.ServiceCIDRs) {
		rules = append(rules, rule{inPrefix{field: destination, prefix: services}, reject{}})
	}
	return rules
}

// inputRules guard what route_localnet opens: only connections that the proxy
// itself sent to a loopback address may arrive there from a link.
func inputRules(f *family) []rule {
	guard := rule{fromOutside{}, inPrefix{field: destination, prefix: f.loopback}, translated{not: true}, drop}
	return []rule{guard, {newConnection{}, jump(refuseChain)}}
}

// postroutingRules choose the source address that the endpoint sees. A pod that
// reaches itself must see another's address, or it would answer itself. The
// client's own address is kept whenever the endpoint is on this node, because
// the answer comes back through it.
func postroutingRules(f *family) []rule {
	return []rule{
		{translated{}, inSet{[]field{source, destination}, hairpinSet}, masquerade{}},
		{unmarked{}, returnToCall},
		{clearMark{}},
		{inPrefix{field: source, not: true, prefix: f.loopback}, inSet{[]field{destination}, localSet}, returnToCall},
		{masquerade{}},
	}
}
