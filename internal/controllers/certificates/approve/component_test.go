package approve

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"net/url"
	"testing"

	certificatesv1 "k8s.io/api/certificates/v1"

	"skiff/internal/pki"
)

// parsed is a subject as it is read from a request: with all its names.
func parsed(t *testing.T, subject pkix.Name) pkix.Name {
	t.Helper()
	var out pkix.Name
	rdns := subject.ToRDNSequence()
	out.FillFromRDNSequence(&rdns)
	return out
}

func TestANodeMayHaveItsOwnComponentsCertificates(t *testing.T) {
	n1 := []string{pki.NodesGroup, "system:authenticated"}
	network := pkix.Name{CommonName: pki.NetworkOf("n1").User, Organization: []string{pki.NetworksGroup}}
	for name, c := range map[string]struct {
		user    string
		groups  []string
		subject pkix.Name
		extra   func(*x509.CertificateRequest)
		want    bool
	}{
		"proxy":   {user: pki.NodeUser("n1"), groups: n1, subject: pkix.Name{CommonName: pki.Proxy.User}, want: true},
		"network": {user: pki.NodeUser("n1"), groups: n1, subject: network, want: true},

		"another node's network": {user: pki.NodeUser("n2"), groups: n1, subject: network},
		"nobody's network": {user: pki.NodeUser("n1"), groups: n1,
			subject: pkix.Name{CommonName: pki.NetworkOf("").User, Organization: []string{pki.NetworksGroup}}},
		"network without its group": {user: pki.NodeUser("n1"), groups: n1, subject: pkix.Name{CommonName: pki.NetworkOf("n1").User}},
		"proxy with a group": {user: pki.NodeUser("n1"), groups: n1,
			subject: pkix.Name{CommonName: pki.Proxy.User, Organization: []string{pki.MastersGroup}}},
		"network with one group more": {user: pki.NodeUser("n1"), groups: n1,
			subject: pkix.Name{CommonName: pki.NetworkOf("n1").User, Organization: []string{pki.NetworksGroup, pki.MastersGroup}}},
		"proxy with a unit": {user: pki.NodeUser("n1"), groups: n1,
			subject: pkix.Name{CommonName: pki.Proxy.User, OrganizationalUnit: []string{"x"}}},
		"the administrator": {user: pki.NodeUser("n1"), groups: n1, subject: pkix.Name{CommonName: pki.AdminUser}},
		"the scheduler":     {user: pki.NodeUser("n1"), groups: n1, subject: pkix.Name{CommonName: "system:kube-scheduler"}},
		"itself":            {user: pki.NodeUser("n1"), groups: n1, subject: pkix.Name{CommonName: pki.NodeUser("n1"), Organization: []string{pki.NodesGroup}}},

		"asked by a user":         {user: "jane", groups: n1, subject: pkix.Name{CommonName: pki.Proxy.User}},
		"asked by a namesake":     {user: pki.NodeUser("n1"), groups: []string{"system:authenticated"}, subject: pkix.Name{CommonName: pki.Proxy.User}},
		"asked by a node unnamed": {user: pki.NodeUser(""), groups: n1, subject: pkix.Name{CommonName: pki.Proxy.User}},
		"asked with a token": {user: "system:bootstrap:abcdef", groups: []string{pki.BootstrapNodeGroup},
			subject: pkix.Name{CommonName: pki.Proxy.User}},

		"for an address": {user: pki.NodeUser("n1"), groups: n1, subject: pkix.Name{CommonName: pki.Proxy.User},
			extra: func(x *x509.CertificateRequest) { x.IPAddresses = []net.IP{net.IPv4(192, 0, 2, 1)} }},
		"for a host": {user: pki.NodeUser("n1"), groups: n1, subject: pkix.Name{CommonName: pki.Proxy.User},
			extra: func(x *x509.CertificateRequest) { x.DNSNames = []string{"n1"} }},
		"for a URI": {user: pki.NodeUser("n1"), groups: n1, subject: pkix.Name{CommonName: pki.Proxy.User},
			extra: func(x *x509.CertificateRequest) { x.URIs = []*url.URL{{Scheme: "spiffe"}} }},
	} {
		csr := &certificatesv1.CertificateSigningRequest{Spec: certificatesv1.CertificateSigningRequestSpec{Username: c.user, Groups: c.groups}}
		x := &x509.CertificateRequest{Subject: parsed(t, c.subject)}
		if c.extra != nil {
			c.extra(x)
		}
		if got := ofOwnComponent(csr, x); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
