package pki

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/util/cert"
)

// Leaf is a certificate with its key, kept in BASE.crt and BASE.key, that is
// re-signed when what it should say changes, when its authority does, and when
// it comes near its end. It is looked at when it is used, so it costs nothing
// while it is not. Its methods may be called concurrently.
type Leaf struct {
	ca   *CA
	base string

	mu      sync.Mutex
	want    Request
	current *tls.Certificate
}

// Leaf reads the certificate kept at base, or makes it.
func (ca *CA) Leaf(base string, want Request) (*Leaf, error) {
	l := &Leaf{ca: ca, base: base, want: want}
	if c, err := tls.LoadX509KeyPair(base+".crt", base+".key"); err == nil && c.Leaf.CheckSignatureFrom(ca.Cert) == nil {
		l.current = &c
	}
	_, err := l.Certificate()
	return l, err
}

// Certificate returns a certificate that holds now.
func (l *Leaf) Certificate() (*tls.Certificate, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current != nil && l.holds(l.current.Leaf, time.Now()) {
		return l.current, nil
	}
	fresh, err := l.sign()
	if err != nil {
		if l.current != nil && time.Now().Before(l.current.Leaf.NotAfter) {
			slog.Warn("cannot renew a certificate; the old one stays", "certificate", l.base+".crt", "error", err)
			return l.current, nil
		}
		return nil, err
	}
	l.current = fresh
	return fresh, nil
}

// GetCertificate fits tls.Config.GetCertificate.
func (l *Leaf) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) { return l.Certificate() }

// GetClientCertificate fits tls.Config.GetClientCertificate.
func (l *Leaf) GetClientCertificate(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return l.Certificate()
}

// SetNames changes the names and addresses that the certificate is for.
// Connections made from now on see it.
func (l *Leaf) SetNames(names []string, ips []net.IP) error {
	l.mu.Lock()
	l.want.DNSNames, l.want.IPs = names, ips
	l.mu.Unlock()
	_, err := l.Certificate()
	return err
}

// holds says whether have is what is wanted and will be for a while.
func (l *Leaf) holds(have *x509.Certificate, now time.Time) bool {
	return have != nil &&
		have.Subject.String() == l.want.Subject.String() &&
		sameNames(have.DNSNames, l.want.DNSNames) && sameIPs(have.IPAddresses, l.want.IPs) &&
		!NearEnd(have, now)
}

func (l *Leaf) sign() (*tls.Certificate, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	c, err := l.ca.Sign(l.want, key.Public())
	if err != nil {
		return nil, err
	}
	if err := writeKey(l.base+".key", key); err != nil {
		return nil, err
	}
	if err := WriteFile(l.base+".crt", encodeCerts(c), 0o644); err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{c.Raw}, PrivateKey: crypto.PrivateKey(key), Leaf: c}, nil
}

// NearEnd says whether less than a fifth of the certificate's life is left.
func NearEnd(c *x509.Certificate, now time.Time) bool {
	life := c.NotAfter.Sub(c.NotBefore)
	return now.After(c.NotAfter.Add(-life/5)) || now.Before(c.NotBefore)
}

func encodeCerts(certs ...*x509.Certificate) []byte {
	var out []byte
	for _, c := range certs {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: cert.CertificateBlockType, Bytes: c.Raw})...)
	}
	return out
}

func sameNames(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

func sameIPs(a, b []net.IP) bool {
	text := func(ips []net.IP) []string {
		var out []string
		for _, ip := range ips {
			out = append(out, ip.String())
		}
		return out
	}
	return sameNames(text(a), text(b))
}

// readCerts reads the certificates in a PEM file.
func readCerts(path string) ([]*x509.Certificate, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	certs, err := cert.ParseCertsPEM(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return certs, nil
}
