package pki

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func open(t *testing.T, dir string) *PKI {
	t.Helper()
	p, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestOpenKeepsWhatIsThere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pki")
	first, second := open(t, dir), open(t, dir)
	if first.CA.Hash() != second.CA.Hash() {
		t.Error("the second start has another authority")
	}
	if !first.CA.Cert.Equal(second.CA.Cert) {
		t.Error("the second start has another certificate")
	}
	for name, mode := range map[string]os.FileMode{"ca.crt": 0o644, "ca.key": 0o600, "sa.key": 0o600, "sa.pub": 0o644} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != mode {
			t.Errorf("%s has mode %o, want %o", name, info.Mode(), mode)
		}
	}
}

func TestOpenCompletesAnInterruptedStart(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir)
	if err := os.Remove(filepath.Join(dir, "ca.crt")); err != nil {
		t.Fatal(err)
	}
	if second := open(t, dir); first.CA.Hash() != second.CA.Hash() {
		t.Error("the key that was there is not the authority's any more")
	}
}

func TestOpenRefusesAForeignKey(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	other, _ := newKey()
	if err := writeKey(filepath.Join(dir, "ca.key"), other); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil {
		t.Error("a key that does not fit its certificate was taken")
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.key"), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil {
		t.Error("a damaged key was taken")
	}
}

func TestServingFollowsAddresses(t *testing.T) {
	p := open(t, t.TempDir())
	serviceIP := net.IPv4(10, 96, 0, 1)
	s, err := p.Serving(ServingOptions{ServiceIP: serviceIP, ClusterDomain: "cluster.local",
		Hosts: Names{IPs: []net.IP{net.IPv4(192, 0, 2, 1)}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"kubernetes.default.svc.cluster.local", "localhost", "127.0.0.1", "10.96.0.1", "192.0.2.1"} {
		verify(t, p.CA, s.Leaf, name)
	}
	before, _ := s.Certificate()
	if err := s.SetAddresses(Names{IPs: []net.IP{net.IPv4(192, 0, 2, 1)}}); err != nil {
		t.Fatal(err)
	}
	if same, _ := s.Certificate(); same != before {
		t.Error("re-signed although nothing changed")
	}
	if err := s.SetAddresses(Names{IPs: []net.IP{net.IPv4(192, 0, 2, 2)}}); err != nil {
		t.Fatal(err)
	}
	verify(t, p.CA, s.Leaf, "192.0.2.2")
}

func verify(t *testing.T, ca *CA, l *Leaf, name string) {
	t.Helper()
	c, err := l.GetCertificate(&tls.ClientHelloInfo{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: ca.Pool()}); err != nil {
		t.Errorf("the certificate does not hold for %s: %v", name, err)
	}
}

func TestLeafIsRenewedNearItsEnd(t *testing.T) {
	p := open(t, t.TempDir())
	base := filepath.Join(p.Dir, "leaf")
	want := Request{Subject: pkix.Name{CommonName: "x"}, Lifetime: time.Second}
	if _, err := p.CA.Leaf(base, want); err != nil {
		t.Fatal(err)
	}
	want.Lifetime = time.Hour * 24
	l, err := p.CA.Leaf(base, want)
	if err != nil {
		t.Fatal(err)
	}
	c, _ := l.Certificate()
	if time.Until(c.Leaf.NotAfter) < time.Hour {
		t.Error("a certificate at its end was kept")
	}
	again, err := p.CA.Leaf(base, want)
	if err != nil {
		t.Fatal(err)
	}
	if d, _ := again.Certificate(); !d.Leaf.Equal(c.Leaf) {
		t.Error("a good certificate was replaced")
	}
}

func TestLeafOfAnotherAuthorityIsReplaced(t *testing.T) {
	p := open(t, t.TempDir())
	base := filepath.Join(p.Dir, "leaf")
	want := Request{Subject: pkix.Name{CommonName: "x"}}
	if _, err := open(t, t.TempDir()).CA.Leaf(base, want); err != nil {
		t.Fatal(err)
	}
	l, err := p.CA.Leaf(base, want)
	if err != nil {
		t.Fatal(err)
	}
	if c, _ := l.Certificate(); c.Leaf.CheckSignatureFrom(p.CA.Cert) != nil {
		t.Error("the certificate is of the other authority")
	}
}
