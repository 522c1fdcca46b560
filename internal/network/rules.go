package network

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"skiff/internal/tablewatch"
)

// The table, in nft's words:
//
//	table ip skiff-network-ID {
//	  chain guard {
//	    type filter hook prerouting priority raw
//	    iifname "skID*" ip daddr 127.0.0.0/8 drop
//	  }
//	  chain prerouting {
//	    type nat hook prerouting priority dstnat
//	    fib daddr type local jump hostports
//	  }
//	  chain output {
//	    type nat hook output priority dstnat
//	    fib daddr type local jump hostports
//	  }
//	  chain hostports {
//	    tcp dport PORT dnat to POD:PORT            (one for every hostPort)
//	  }
//	  chain postrouting {
//	    type nat hook postrouting priority srcnat
//	    ip saddr CLUSTER ip daddr != CLUSTER ip daddr != 224.0.0.0/4 oifname != "lo" masquerade fully-random
//	    ip saddr 127.0.0.0/8 oifname != "lo" ct status dnat snat to GATEWAY
//	    ip saddr POD ip daddr POD ct status dnat snat to GATEWAY  (for every pod with a hostPort)
//	  }
//	}
//
// guard belongs to route_localnet on the pods' links: that lets the host's
// own connections to 127.0.0.1 be sent on to pods, and would let a pod that
// forges packets reach what listens on the host's 127.0.0.1 (CVE-2020-8558).
type rules struct {
	name       string // of the table
	cluster    netip.Prefix
	gateway    netip.Addr // the host, as its pods know it
	linkPrefix string
	watch      *tablewatch.Watch // of changes by others; may be nil
}

func rulesOf(cfg Config, gateway netip.Addr) rules {
	return rules{name: cfg.Names.Table("network"), cluster: cfg.ClusterCIDR, gateway: gateway, linkPrefix: cfg.linkPrefix()}
}

// apply makes the table what it should be for these pods, in one transaction:
// no packet sees it half done. What was there before is replaced.
func (r rules) apply(pods []podRecord) error {
	c, err := nftables.New(nftables.WithSockOptions(r.watch.Own))
	if err != nil {
		return fmt.Errorf("nftables: %w", err)
	}
	table := &nftables.Table{Family: nftables.TableFamilyIPv4, Name: r.name}
	c.AddTable(table) // so that there is one to delete
	c.DelTable(table)
	c.AddTable(table)

	r.guard(c, table)
	hostports := c.AddChain(&nftables.Chain{Name: "hostports", Table: table})
	natChain(c, table, "prerouting", nftables.ChainHookPrerouting, nftables.ChainPriorityNATDest, jumpIfLocal(hostports))
	natChain(c, table, "output", nftables.ChainHookOutput, nftables.ChainPriorityNATDest, jumpIfLocal(hostports))
	natChain(c, table, "postrouting", nftables.ChainHookPostrouting, nftables.ChainPriorityNATSource,
		append([][]expr.Any{r.masqueradeOut(), r.fromLocalhost()}, r.hairpins(pods)...)...)
	for _, pod := range pods {
		for _, port := range pod.Ports {
			if e, ok := hostPortRule(pod.IP, port); ok {
				c.AddRule(&nftables.Rule{Table: table, Chain: hostports, Exprs: e, UserData: comment(pod.Pod)})
			}
		}
	}
	if err := c.Flush(); err != nil {
		return fmt.Errorf("writing the nftables table %s: %w", r.name, err)
	}
	return nil
}

// remove takes the table away; it is no error if there is none.
func (r rules) remove() error {
	c, err := nftables.New()
	if err != nil {
		return fmt.Errorf("nftables: %w", err)
	}
	table := &nftables.Table{Family: nftables.TableFamilyIPv4, Name: r.name}
	c.AddTable(table)
	c.DelTable(table)
	if err := c.Flush(); err != nil {
		return fmt.Errorf("removing the nftables table %s: %w", r.name, err)
	}
	return nil
}

func (r rules) guard(c *nftables.Conn, table *nftables.Table) {
	chain := c.AddChain(&nftables.Chain{
		Name: "guard", Table: table, Type: nftables.ChainTypeFilter,
		Hooknum: nftables.ChainHookPrerouting, Priority: nftables.ChainPriorityRaw,
	})
	c.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: concat(
		ifnameIs(expr.MetaKeyIIFNAME, expr.CmpOpEq, []byte(r.linkPrefix)),
		addressIn(destination, expr.CmpOpEq, loopback),
		[]expr.Any{&expr.Verdict{Kind: expr.VerdictDrop}},
	)})
}

// masqueradeOut gives what pods send out of the cluster the node's address.
func (r rules) masqueradeOut() []expr.Any {
	return concat(
		addressIn(source, expr.CmpOpEq, r.cluster),
		addressIn(destination, expr.CmpOpNeq, r.cluster),
		addressIn(destination, expr.CmpOpNeq, multicast),
		ifnameIs(expr.MetaKeyOIFNAME, expr.CmpOpNeq, []byte("lo\x00")),
		[]expr.Any{&expr.Masq{FullyRandom: true}},
	)
}

// fromLocalhost lets a pod answer a connection to the host's 127.0.0.1. The
// source is the gateway, not masquerade's choice: a pod's link has no address,
// and the kernel would take one of any other link.
func (r rules) fromLocalhost() []expr.Any {
	return concat(
		addressIn(source, expr.CmpOpEq, loopback),
		ifnameIs(expr.MetaKeyOIFNAME, expr.CmpOpNeq, []byte("lo\x00")),
		redirected(),
		r.fromGateway(),
	)
}

// hairpins let pods reach themselves by their hostPorts.
func (r rules) hairpins(pods []podRecord) [][]expr.Any {
	var list [][]expr.Any
	for _, pod := range pods {
		if len(pod.Ports) == 0 {
			continue
		}
		self := netip.PrefixFrom(pod.IP, 32)
		list = append(list, concat(
			addressIn(source, expr.CmpOpEq, self),
			addressIn(destination, expr.CmpOpEq, self),
			redirected(),
			r.fromGateway(),
		))
	}
	return list
}

func (r rules) fromGateway() []expr.Any {
	return []expr.Any{
		&expr.Immediate{Register: 1, Data: r.gateway.AsSlice()},
		&expr.NAT{Type: expr.NATTypeSourceNAT, Family: unix.NFPROTO_IPV4, RegAddrMin: 1},
	}
}

// hostPortRule sends a port of the node to the pod. It is not ok for a
// protocol that this kernel's NAT does not know, and for no port.
func hostPortRule(pod netip.Addr, m portMapping) ([]expr.Any, bool) {
	protocol, ok := map[string]byte{"TCP": unix.IPPROTO_TCP, "UDP": unix.IPPROTO_UDP, "SCTP": unix.IPPROTO_SCTP}[strings.ToUpper(m.Protocol)]
	if !ok || m.HostPort == 0 || m.ContainerPort == 0 {
		return nil, false
	}
	var match []expr.Any
	if ip, err := netip.ParseAddr(m.HostIP); err == nil && !ip.IsUnspecified() {
		if !ip.Is4() {
			return nil, false
		}
		match = addressIn(destination, expr.CmpOpEq, netip.PrefixFrom(ip, 32))
	}
	return concat(match, []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{protocol}},
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: bigEndian(m.HostPort)},
		&expr.Immediate{Register: 1, Data: pod.AsSlice()},
		&expr.Immediate{Register: 2, Data: bigEndian(m.ContainerPort)},
		&expr.NAT{Type: expr.NATTypeDestNAT, Family: unix.NFPROTO_IPV4, RegAddrMin: 1, RegProtoMin: 2, Specified: true},
	}), true
}

func natChain(c *nftables.Conn, table *nftables.Table, name string, hook *nftables.ChainHook, priority *nftables.ChainPriority, list ...[]expr.Any) {
	chain := c.AddChain(&nftables.Chain{Name: name, Table: table, Type: nftables.ChainTypeNAT, Hooknum: hook, Priority: priority})
	for _, e := range list {
		c.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: e})
	}
}

var (
	loopback  = netip.MustParsePrefix("127.0.0.0/8")
	multicast = netip.MustParsePrefix("224.0.0.0/4")
)

// Offsets of the addresses in an IPv4 header.
const (
	source      = 12
	destination = 16
)

// addressIn matches packets whose address at the offset is (or is not) in a
// network.
func addressIn(offset uint32, op expr.CmpOp, prefix netip.Prefix) []expr.Any {
	mask := binary.BigEndian.AppendUint32(nil, ^uint32(0)<<(32-prefix.Bits()))
	match := []expr.Any{&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: 4}}
	if prefix.Bits() < 32 {
		match = append(match, &expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: mask, Xor: make([]byte, 4)})
	}
	return append(match, &expr.Cmp{Op: op, Register: 1, Data: prefix.Masked().Addr().AsSlice()})
}

// ifnameIs compares a link's name, or only the beginning of it when the name
// given has no zero byte at its end.
func ifnameIs(key expr.MetaKey, op expr.CmpOp, name []byte) []expr.Any {
	return []expr.Any{&expr.Meta{Key: key, Register: 1}, &expr.Cmp{Op: op, Register: 1, Data: name}}
}

// redirected matches connections whose destination was changed on the way in.
func redirected() []expr.Any {
	const dnat = 1 << 5 // IPS_DST_NAT
	return []expr.Any{
		&expr.Ct{Key: expr.CtKeySTATUS, Register: 1},
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: binaryutil.NativeEndian.PutUint32(dnat), Xor: make([]byte, 4)},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: make([]byte, 4)},
	}
}

// jumpIfLocal goes to the chain with packets for an address of the host.
func jumpIfLocal(chain *nftables.Chain) []expr.Any {
	return []expr.Any{
		&expr.Fib{Register: 1, FlagDADDR: true, ResultADDRTYPE: true},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: binaryutil.NativeEndian.PutUint32(unix.RTN_LOCAL)},
		&expr.Verdict{Kind: expr.VerdictJump, Chain: chain.Name},
	}
}

// comment is what nft prints after a rule: NFTNL_UDATA_RULE_COMMENT, a type
// and a length in front of a string that ends in zero.
func comment(text string) []byte {
	if text == "" || len(text) > 128 {
		return nil
	}
	return append([]byte{0, byte(len(text) + 1)}, text+"\x00"...)
}

func bigEndian(port uint16) []byte { return binary.BigEndian.AppendUint16(nil, port) }

func concat(parts ...[]expr.Any) []expr.Any {
	var all []expr.Any
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}
