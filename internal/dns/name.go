package dns

import (
	"net/netip"
	"strings"

	"github.com/miekg/dns"
)

// subject is what a name of the cluster is about.
type subject int

const (
	nothing      subject = iota // no such name can exist
	apex                        // DOMAIN
	nameServer                  // ns.dns.DOMAIN
	version                     // dns-version.DOMAIN
	branch                      // a name with others below it: svc, pod, dns
	namespace                   // NAMESPACE.svc, NAMESPACE.pod
	service                     // SERVICE.NAMESPACE.svc
	protocolName                // _PROTOCOL.SERVICE.NAMESPACE.svc
	portName                    // _PORT._PROTOCOL.SERVICE.NAMESPACE.svc
	endpointName                // HOSTNAME.SERVICE.NAMESPACE.svc
	pod                         // 1-2-3-4.NAMESPACE.pod
)

// name is a name of the cluster, taken apart. All parts are in lower case.
type name struct {
	subject   subject
	branch    string // svc or pod
	namespace string
	service   string
	endpoint  string // the name of an endpoint, or a pod's dashed address
	port      string
	protocol  string
}

// parseName takes apart a fully qualified name, which must be below the domain
// (both end in a dot).
func parseName(qname, domain string) name {
	qname = strings.ToLower(qname)
	if qname == domain {
		return name{subject: apex}
	}
	labels := dns.SplitDomainName(strings.TrimSuffix(qname, "."+domain))
	last := len(labels) - 1
	switch labels[last] {
	case "svc":
		return parseService(labels[:last])
	case "pod":
		return parsePod(labels[:last])
	case "dns":
		return parseDNS(labels[:last])
	case "dns-version":
		if last == 0 {
			return name{subject: version}
		}
	}
	return name{}
}

func parseDNS(labels []string) name {
	switch {
	case len(labels) == 0:
		return name{subject: branch}
	case len(labels) == 1 && labels[0] == "ns":
		return name{subject: nameServer}
	}
	return name{}
}

// parseService reads what stands before "svc".
func parseService(labels []string) name {
	n := name{branch: "svc"}
	if len(labels) >= 1 {
		n.namespace = labels[len(labels)-1]
	}
	if len(labels) >= 2 {
		n.service = labels[len(labels)-2]
	}
	switch len(labels) {
	case 0:
		n.subject = branch
	case 1:
		n.subject = namespace
	case 2:
		n.subject = service
	case 3:
		n.subject, n.endpoint = endpointName, labels[0]
		if protocol, ok := strings.CutPrefix(labels[0], "_"); ok {
			n.subject, n.protocol, n.endpoint = protocolName, protocol, ""
		}
	case 4:
		port, ok1 := strings.CutPrefix(labels[0], "_")
		protocol, ok2 := strings.CutPrefix(labels[1], "_")
		if ok1 && ok2 {
			n.subject, n.port, n.protocol = portName, port, protocol
		}
	}
	return n
}

// parsePod reads what stands before "pod".
func parsePod(labels []string) name {
	switch len(labels) {
	case 0:
		return name{subject: branch, branch: "pod"}
	case 1:
		return name{subject: namespace, branch: "pod", namespace: labels[0]}
	case 2:
		return name{subject: pod, branch: "pod", endpoint: labels[0], namespace: labels[1]}
	}
	return name{}
}

// dashed is an address as a label: dots and colons become dashes.
func dashed(addr netip.Addr) string {
	return strings.NewReplacer(".", "-", ":", "-").Replace(addr.String())
}

// undashed reads a pod's label.
func undashed(label string) (netip.Addr, bool) {
	for _, sep := range []string{".", ":"} {
		if addr, err := netip.ParseAddr(strings.ReplaceAll(label, "-", sep)); err == nil {
			return addr, true
		}
	}
	return netip.Addr{}, false
}

// reverseAddress reads the address out of a name below in-addr.arpa or ip6.arpa.
func reverseAddress(qname string) (netip.Addr, bool) {
	qname = strings.ToLower(qname)
	if labels, ok := strings.CutSuffix(qname, ".in-addr.arpa."); ok {
		parts := strings.Split(labels, ".")
		if len(parts) != 4 {
			return netip.Addr{}, false
		}
		addr, err := netip.ParseAddr(parts[3] + "." + parts[2] + "." + parts[1] + "." + parts[0])
		return addr, err == nil
	}
	if labels, ok := strings.CutSuffix(qname, ".ip6.arpa."); ok {
		return reverseIPv6(strings.Split(labels, "."))
	}
	return netip.Addr{}, false
}

func reverseIPv6(nibbles []string) (netip.Addr, bool) {
	if len(nibbles) != 32 {
		return netip.Addr{}, false
	}
	var b strings.Builder
	for i := 31; i >= 0; i-- {
		b.WriteString(nibbles[i])
		if i > 0 && i%4 == 0 {
			b.WriteByte(':')
		}
	}
	addr, err := netip.ParseAddr(b.String())
	return addr, err == nil
}
