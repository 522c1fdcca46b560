package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/rest"

	"skiff/internal/pki"
)

// nodeIdentity is who a node's components are.
type nodeIdentity struct {
	kubelet *rest.Config // system:node:NAME
	network *rest.Config // system:skiff:network:NAME
	// proxy is system:kube-proxy. It reads Services for itself and for DNS,
	// which asks the API for nothing.
	proxy *rest.Config
	// serving is the kubelet's own certificate, clientCAs signed its callers'.
	serving   func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	clientCAs *x509.CertPool
}

// identifyComponents gets what runs beside the kubelet names of its own, by
// certificates that the node asks for. They are renewed in g until ctx ends.
func (c Config) identifyComponents(ctx context.Context, g *errgroup.Group, id *nodeIdentity) error {
	asking, limited := errgroup.WithContext(ctx)
	var network, proxy *pki.ComponentCertificate
	asking.Go(func() (err error) { network, err = c.networkCertificate(limited, id.kubelet); return err })
	asking.Go(func() (err error) { proxy, err = c.proxyCertificate(limited, id.kubelet); return err })
	if err := asking.Wait(); err != nil {
		return err
	}
	id.network, id.proxy = network.RESTConfig(), proxy.RESTConfig()
	component(ctx, g, "certificate of the pod network", renewing, network)
	component(ctx, g, "certificate of the proxy", renewing, proxy)
	return nil
}

func renewing(ctx context.Context, c *pki.ComponentCertificate) error { return c.Run(ctx) }

func (c Config) networkCertificate(ctx context.Context, node *rest.Config) (*pki.ComponentCertificate, error) {
	return c.componentCertificate(ctx, node, "network", pki.NetworkOf(c.NodeName))
}

func (c Config) proxyCertificate(ctx context.Context, node *rest.Config) (*pki.ComponentCertificate, error) {
	return c.componentCertificate(ctx, node, "kube-proxy", pki.Proxy)
}

func (c Config) componentCertificate(ctx context.Context, node *rest.Config, name string, as pki.Client) (*pki.ComponentCertificate, error) {
	limited, cancel := context.WithTimeout(ctx, joinPatience)
	defer cancel()
	certificate, err := pki.RequestComponentCertificate(limited, node, c.Path("pki"), name, as)
	if err != nil {
		return nil, c.explainSigning(ctx, limited, node, err, "certificate of "+as.User)
	}
	return certificate, nil
}
