package wire

import (
	"fmt"
	"log/slog"
	"net/netip"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// warnOfForwarding logs what forwardingDropped finds.
func (c Config) warnOfForwarding() {
	if warning := forwardingDropped(netip.MustParsePrefix(c.ClusterCIDR)); warning != "" {
		slog.Warn(warning)
	}
}

// forwardingDropped says, with the way out, that another program's rules drop
// what passes through this machine (Docker's do) and spare no pods. Nothing
// that skiff accepts in a table of its own could change that: a packet must
// pass every table. It is empty when nothing stands in pods' way.
func forwardingDropped(pods netip.Prefix) string {
	conn, err := nftables.New()
	if err != nil {
		return ""
	}
	chains, err := conn.ListChains()
	if err != nil {
		return ""
	}
	for _, chain := range chains {
		if !dropsForwarded(chain) || sparesPods(conn, chain, pods) {
			continue
		}
		return fmt.Sprintf("the rules of another program drop what passes through this machine (chain %s of nftables table %s, policy drop), pods' packets with it: "+
			"let them pass with `iptables -I FORWARD -s %s -j ACCEPT; iptables -I FORWARD -d %s -j ACCEPT`, or the like in that program's configuration",
			chain.Name, chain.Table.Name, pods, pods)
	}
	return ""
}

func dropsForwarded(chain *nftables.Chain) bool {
	switch chain.Table.Family {
	case nftables.TableFamilyIPv4, nftables.TableFamilyINet:
	default:
		return false
	}
	return chain.Hooknum != nil && *chain.Hooknum == *nftables.ChainHookForward &&
		chain.Policy != nil && *chain.Policy == nftables.ChainPolicyDrop
}

// sparesPods says whether the chain accepts what comes from pods and what goes
// to them.
func sparesPods(conn *nftables.Conn, chain *nftables.Chain, pods netip.Prefix) bool {
	rules, err := conn.GetRules(chain.Table, chain)
	if err != nil {
		return false
	}
	const source, destination = 12, 16 // offsets in the IPv4 header
	spared := map[uint32]bool{}
	for _, rule := range rules {
		p, ok := matchedPrefix(rule.Exprs)
		if ok && p.Bits() <= pods.Bits() && p.Contains(pods.Addr()) && accepts(rule.Exprs) {
			spared[matchedOffset(rule.Exprs)] = true
		}
	}
	return spared[source] && spared[destination]
}

func accepts(exprs []expr.Any) bool {
	for _, e := range exprs {
		if v, ok := e.(*expr.Verdict); ok {
			return v.Kind == expr.VerdictAccept
		}
	}
	return false
}

func matchedOffset(exprs []expr.Any) uint32 {
	for _, e := range exprs {
		if p, ok := e.(*expr.Payload); ok && p.Base == expr.PayloadBaseNetworkHeader {
			return p.Offset
		}
	}
	return 0
}
