package pki

import (
	"context"
	"crypto/x509/pkix"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	"k8s.io/client-go/rest"
)

// NetworksGroup is the group of all nodes' pod networks.
const NetworksGroup = "system:skiff:networks"

const networkUserPrefix = "system:skiff:network:"

// Proxy is who the service proxy is, on every node.
var Proxy = Client{User: "system:kube-proxy"}

// NetworkOf is who the pod network on a node is.
func NetworkOf(node string) Client {
	return Client{User: networkUserPrefix + node, Groups: []string{NetworksGroup}}
}

// NodeOfNetwork is the node whose pod network has that user name.
func NodeOfNetwork(user string) (node string, ok bool) {
	return strings.CutPrefix(user, networkUserPrefix)
}

// NodeComponents are the clients that run beside the kubelet of a node, under
// names of their own. A node may have their certificates by asking.
func NodeComponents(node string) []Client { return []Client{Proxy, NetworkOf(node)} }

// ComponentCertificate is the client certificate of one of a node's components.
// The node asks for it through a CertificateSigningRequest.
type ComponentCertificate struct {
	node   *rest.Config
	client requested
}

// RequestComponentCertificate reads the certificate of c in dir, in a file
// called after name, or asks for it as the node and waits until it is signed.
// One that still holds is enough to begin with: it is renewed when Run can.
func RequestComponentCertificate(ctx context.Context, node *rest.Config, dir, name string, c Client) (*ComponentCertificate, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	cc := &ComponentCertificate{node: node, client: requested{
		path:   filepath.Join(dir, name+"-client"+requestedSuffix),
		signer: certificatesv1.KubeAPIServerClientSignerName, usage: certificatesv1.UsageClientAuth,
	}}
	cc.client.template.Subject = c.subject()
	cc.client.load()
	if cc.client.works(time.Now()) && cc.client.isFor(c) {
		return cc, nil
	}
	return cc, cc.Renew(ctx)
}

func (c Client) subject() pkix.Name {
	return pkix.Name{CommonName: c.User, Organization: c.Groups}
}

// isFor says whether the certificate is that client's.
func (r *requested) isFor(c Client) bool {
	return r.current.Load().Leaf.Subject.String() == c.subject().String()
}

// RESTConfig is a connection to the API server as the component. It follows
// renewals.
func (c *ComponentCertificate) RESTConfig() *rest.Config { return c.client.restConfig(c.node) }

// Run renews the certificate before it ends, until ctx does.
func (c *ComponentCertificate) Run(ctx context.Context) error {
	user := c.client.template.Subject.CommonName
	if err := c.Renew(ctx); err != nil && ctx.Err() == nil {
		slog.Warn("cannot renew certificates yet", "of", user, "error", err)
	}
	keep(ctx, user, c.Renew, &c.client)
	return nil
}

// Renew asks for a new certificate, if the one there is comes near its end.
func (c *ComponentCertificate) Renew(ctx context.Context) error {
	if !c.client.due(time.Now()) {
		return nil
	}
	if err := c.client.request(ctx, c.node); err != nil {
		return fmt.Errorf("no client certificate for %q: %w", c.client.template.Subject.CommonName, err)
	}
	return nil
}
