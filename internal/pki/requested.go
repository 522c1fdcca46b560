package pki

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync/atomic"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/certificate/csr"
	"k8s.io/client-go/util/keyutil"
)

// requested is a certificate that a CertificateSigningRequest brought.
type requested struct {
	path     string // certificate and key in one file, so that they always fit
	signer   string
	usage    certificatesv1.KeyUsage
	template x509.CertificateRequest
	current  atomic.Pointer[tls.Certificate]
}

// requestedSuffix ends the names of the files that requested certificates are
// in: all that another authority signed are found by it.
const requestedSuffix = "-current.pem"

func (r *requested) load() {
	if c, err := tls.LoadX509KeyPair(r.path, r.path); err == nil {
		r.current.Store(&c)
	}
}

func (r *requested) works(now time.Time) bool {
	c := r.current.Load()
	return c != nil && now.Before(c.Leaf.NotAfter)
}

func (r *requested) due(now time.Time) bool {
	c := r.current.Load()
	return c == nil || NearEnd(c.Leaf, now) ||
		c.Leaf.Subject.String() != r.template.Subject.String() || !covers(c.Leaf, &r.template)
}

func (r *requested) untilRenewal() time.Duration {
	c := r.current.Load()
	if c == nil {
		return 0
	}
	life := c.Leaf.NotAfter.Sub(c.Leaf.NotBefore)
	return time.Until(c.Leaf.NotAfter.Add(-life / 5))
}

// restConfig is a connection to the server that via knows, with the certificate.
// It follows renewals: the file is read anew.
func (r *requested) restConfig(via *rest.Config) *rest.Config {
	config := rest.AnonymousClientConfig(via)
	config.CertFile, config.KeyFile = r.path, r.path
	return config
}

// keep calls renew when the first of the certificates is due, until ctx ends.
// owner is whose they are, for the log.
func keep(ctx context.Context, owner string, renew func(context.Context) error, certificates ...*requested) {
	for {
		wait := certificates[0].untilRenewal()
		for _, r := range certificates[1:] {
			wait = min(wait, r.untilRenewal())
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(max(wait, time.Minute)):
		}
		if err := renew(ctx); err != nil && ctx.Err() == nil {
			slog.Warn("cannot renew certificates yet", "of", owner, "error", err)
		}
	}
}

// covers says whether c holds for all that the request asks.
func covers(c *x509.Certificate, want *x509.CertificateRequest) bool {
	for _, name := range want.DNSNames {
		if !slices.Contains(c.DNSNames, name) {
			return false
		}
	}
	for _, ip := range want.IPAddresses {
		if !slices.ContainsFunc(c.IPAddresses, func(have net.IP) bool { return have.Equal(ip) }) {
			return false
		}
	}
	return true
}

// request gets a certificate for a new key and keeps both.
func (r *requested) request(ctx context.Context, config *rest.Config) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	key, err := newKey()
	if err != nil {
		return err
	}
	certPEM, err := r.sign(ctx, client, key)
	if err != nil {
		return err
	}
	keyPEM, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return fmt.Errorf("the signer %s gave a certificate for another key: %w", r.signer, err)
	}
	if err := WriteFile(r.path, slices.Concat(certPEM, keyPEM), 0o600); err != nil {
		return err
	}
	r.current.Store(&pair)
	return nil
}

func (r *requested) sign(ctx context.Context, client kubernetes.Interface, key crypto.Signer) ([]byte, error) {
	der, err := x509.CreateCertificateRequest(rand.Reader, &r.template, key)
	if err != nil {
		return nil, err
	}
	data := pem.EncodeToMemory(&pem.Block{Type: cert.CertificateRequestBlockType, Bytes: der})
	usages := []certificatesv1.KeyUsage{certificatesv1.UsageDigitalSignature, r.usage}
	name, uid, err := csr.RequestCertificateWithContext(ctx, client, data, "", r.signer, nil, usages, key)
	if err != nil {
		return nil, err
	}
	return csr.WaitForCertificate(ctx, client, name, uid)
}
