package pki

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"os"
	"path/filepath"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	"k8s.io/client-go/rest"
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

func clientPath(dir string) string  { return filepath.Join(dir, "kubelet-client"+requestedSuffix) }
func servingPath(dir string) string { return filepath.Join(dir, "kubelet-server"+requestedSuffix) }

func nodeSubject(name string) pkix.Name {
	return pkix.Name{CommonName: NodeUser(name), Organization: []string{NodesGroup}}
}

// RESTConfig is a connection to the API server as the node. It follows
// renewals.
func (n *NodeCertificates) RESTConfig() *rest.Config {
	return n.client.restConfig(n.bootstrap)
}

// GetServing fits tls.Config.GetCertificate of the kubelet's server.
func (n *NodeCertificates) GetServing(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return n.serving.current.Load(), nil
}

// Run renews the certificates before they end, until ctx does.
func (n *NodeCertificates) Run(ctx context.Context) error {
	keep(ctx, "node "+n.node.Name, n.renew, &n.client, &n.serving)
	return nil
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
