package pki

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"os"
	"path/filepath"
	"slices"
)

// Serving is the API server's certificate. It always holds for the names that
// pods and local clients use; SetAddresses adds those of the host.
type Serving struct {
	*Leaf
	always Names
}

// Names are what a serving certificate holds for.
type Names struct {
	DNS []string
	IPs []net.IP
}

// ServingOptions say how the API server is reached.
type ServingOptions struct {
	// ServiceIP is the address of the Service "kubernetes": the first of the
	// service range.
	ServiceIP net.IP
	// ClusterDomain is usually cluster.local.
	ClusterDomain string
	// Hosts are the machine's addresses, and more names that clients use.
	Hosts Names
}

// Serving makes or reads the API server's serving certificate.
func (p *PKI) Serving(o ServingOptions) (*Serving, error) {
	s := &Serving{always: standingNames(o)}
	want := s.names(o.Hosts)
	var err error
	s.Leaf, err = p.CA.Leaf(filepath.Join(p.Dir, "apiserver"), Request{
		Subject:  pkix.Name{CommonName: "kube-apiserver"},
		DNSNames: want.DNS, IPs: want.IPs,
		Usages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	return s, err
}

// SetAddresses tells the names and addresses of the host as they are now.
func (s *Serving) SetAddresses(hosts Names) error {
	n := s.names(hosts)
	return s.SetNames(n.DNS, n.IPs)
}

func standingNames(o ServingOptions) Names {
	n := Names{
		DNS: []string{"kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost"},
		IPs: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if o.ClusterDomain != "" {
		n.DNS = append(n.DNS, "kubernetes.default.svc."+o.ClusterDomain)
	}
	if o.ServiceIP != nil {
		n.IPs = append(n.IPs, o.ServiceIP)
	}
	if host, err := os.Hostname(); err == nil && host != "" {
		n.DNS = append(n.DNS, host)
	}
	return n
}

// names joins the standing names and those of the host, each once.
func (s *Serving) names(hosts Names) Names {
	var n Names
	for _, name := range slices.Concat(s.always.DNS, hosts.DNS) {
		if !slices.Contains(n.DNS, name) {
			n.DNS = append(n.DNS, name)
		}
	}
	for _, ip := range slices.Concat(s.always.IPs, hosts.IPs) {
		if !slices.ContainsFunc(n.IPs, ip.Equal) {
			n.IPs = append(n.IPs, ip)
		}
	}
	return n
}
