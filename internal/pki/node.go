package pki

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
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

// Node is a node that wants certificates.
type Node struct {
	Name string
	// Addresses are the addresses and host names its kubelet serves on.
	Addresses Names
	// Dir is where the certificates and keys are kept.
	Dir string
}

// NodeCertificates are a kubelet's two certificates: the one it is a client
// with, and the one it serves with. Both are asked for through
// CertificateSigningRequests, as upstream's kubelet does, so a node can join
// any Kubernetes API server that approves them.
type NodeCertificates struct {
	node      Node
	bootstrap *rest.Config
	client    requested
	serving   requested
}

// RequestNodeCertificates reads the certificates in node.Dir, and asks for
// those that are missing, too old, or for other addresses. It waits until they
// are signed. bootstrap is only used when there is no client certificate that
// still holds; it says where the server is and which authority it has.
func RequestNodeCertificates(ctx context.Context, bootstrap *rest.Config, node Node) (*NodeCertificates, error) {
	if err := os.MkdirAll(node.Dir, 0o700); err != nil {
		return nil, err
	}
	n := &NodeCertificates{
		node: node, bootstrap: bootstrap,
		client:  requested{path: clientPath(node.Dir), signer: certificatesv1.KubeAPIServerClientKubeletSignerName, usage: certificatesv1.UsageClientAuth},
		serving: requested{path: servingPath(node.Dir), signer: certificatesv1.KubeletServingSignerName, usage: certificatesv1.UsageServerAuth},
	}
	n.client.template.Subject = nodeSubject(node.Name)
	n.serving.template = x509.CertificateRequest{
		Subject: nodeSubject(node.Name), DNSNames: node.Addresses.DNS, IPAddresses: node.Addresses.IPs,
	}
	n.client.load()
	n.serving.load()
	return n, n.renew(ctx)
}

func clientPath(dir string) string  { return filepath.Join(dir, "kubelet-client-current.pem") }
func servingPath(dir string) string { return filepath.Join(dir, "kubelet-server-current.pem") }

func nodeSubject(name string) pkix.Name {
	return pkix.Name{CommonName: NodeUser(name), Organization: []string{NodesGroup}}
}

// RESTConfig is a connection to the API server as the node. It follows
// renewals.
func (n *NodeCertificates) RESTConfig() *rest.Config {
	config := rest.AnonymousClientConfig(n.bootstrap)
	config.CertFile, config.KeyFile = n.client.path, n.client.path
	return config
}

// GetServing fits tls.Config.GetCertificate of the kubelet's server.
func (n *NodeCertificates) GetServing(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return n.serving.current.Load(), nil
}

// Run renews the certificates before they end, until ctx does.
func (n *NodeCertificates) Run(ctx context.Context) error {
	for {
		wait := min(n.client.untilRenewal(), n.serving.untilRenewal())
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(max(wait, time.Minute)):
		}
		if err := n.renew(ctx); err != nil && ctx.Err() == nil {
			slog.Warn("cannot renew the node's certificates yet", "node", n.node.Name, "error", err)
		}
	}
}

// renew asks for what is due. The client certificate comes first: the serving
// one is asked for as the node.
func (n *NodeCertificates) renew(ctx context.Context) error {
	now := time.Now()
	if n.client.due(now) {
		as := n.bootstrap
		if n.client.works(now) {
			as = n.RESTConfig()
		}
		if err := n.client.request(ctx, as); err != nil {
			return fmt.Errorf("no client certificate for node %q: %w", n.node.Name, err)
		}
	}
	if n.serving.due(now) {
		if err := n.serving.request(ctx, n.RESTConfig()); err != nil {
			return fmt.Errorf("no serving certificate for node %q: %w", n.node.Name, err)
		}
	}
	return nil
}

// requested is a certificate that a CertificateSigningRequest brought.
type requested struct {
	path     string // certificate and key in one file, so that they always fit
	signer   string
	usage    certificatesv1.KeyUsage
	template x509.CertificateRequest
	current  atomic.Pointer[tls.Certificate]
}

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
