package wire

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"

	"skiff/internal/pki"
)

// Agent runs a node that joins a server: with its token at first, and from
// then on with certificates of its own.
func Agent(ctx context.Context, c Config) error {
	if c.Server == "" {
		return errors.New("an agent needs --server, the URL of the API server to join: https://HOST:6443")
	}
	if u, err := url.Parse(c.Server); err != nil || u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("--server %q is not the URL of an API server: give one like https://HOST:6443", c.Server)
	}
	if c.Token != "" {
		if _, err := pki.ParseJoinToken(c.Token); err != nil {
			return fmt.Errorf("--token: %w", err)
		}
	}
	return c.locked(ctx, roleAgent, func(ctx context.Context, c Config) error { return c.runAgent(ctx) })
}

func (c Config) runAgent(ctx context.Context) error {
	began := time.Now()
	bootstrap, err := c.join(ctx)
	if err != nil {
		return err
	}
	certs, err := c.nodeCertificates(ctx, bootstrap)
	if err != nil {
		return err
	}
	pool, err := caPool(bootstrap)
	if err != nil {
		return err
	}
	id := nodeIdentity{kubelet: certs.RESTConfig(), serving: certs.GetServing, clientCAs: pool}
	g, ctx := errgroup.WithContext(ctx)
	component(ctx, g, "certificates", func(ctx context.Context, n *pki.NodeCertificates) error { return n.Run(ctx) }, certs)
	g.Go(func() error {
		if err := c.identifyComponents(ctx, g, &id); err != nil {
			return err
		}
		return runNode(ctx, c, id)
	})
	g.Go(func() error { return announceReady(ctx, id.kubelet, c.NodeName, began, false) })
	return g.Wait()
}

// join returns a connection that may ask for the node's certificates. A node
// that has joined needs no token any more, and no answer from the server.
func (c Config) join(ctx context.Context) (*rest.Config, error) {
	if c.Token == "" {
		known, err := pki.Rejoin(c.Server, c.NodeName, c.Path("pki"))
		if err != nil {
			return nil, fmt.Errorf("%w: a node joins with --token, from `skiff token create` on the server", err)
		}
		return known, nil
	}
	token, err := pki.ParseJoinToken(c.Token)
	if err != nil {
		return nil, fmt.Errorf("--token: %w", err)
	}
	if known, err := pki.Rejoin(c.Server, c.NodeName, c.Path("pki")); err == nil && pki.Pins(token, known.CAData) {
		return known, nil
	}
	return pki.Join(ctx, c.Server, token, c.Path("pki"))
}

// joinPatience is how long a server may take to sign a node's certificates.
const joinPatience = 30 * time.Second

// nodeCertificates asks for the node's certificates, or finds those it has.
func (c Config) nodeCertificates(ctx context.Context, bootstrap *rest.Config) (*pki.NodeCertificates, error) {
	limited, cancel := context.WithTimeout(ctx, joinPatience)
	defer cancel()
	certs, err := pki.RequestNodeCertificates(limited, bootstrap, pki.Node{
		Name: c.NodeName, Dir: c.Path("pki"),
		Addresses: pki.Names{DNS: []string{c.NodeName}, IPs: []net.IP{net.ParseIP(c.NodeIP)}},
	})
	if err != nil {
		return nil, c.explainSigning(ctx, limited, bootstrap, err, fmt.Sprintf("certificates of node %s", c.NodeName))
	}
	return certs, nil
}

// explainSigning says what can be done about certificates that did not come.
// limited is the part of ctx that was given to asking for them.
func (c Config) explainSigning(ctx, limited context.Context, server *rest.Config, err error, what string) error {
	switch {
	case apierrors.IsUnauthorized(err):
		return fmt.Errorf("%s does not know the token, or no longer: make another with `skiff token create` there, and give it with --token", server.Host)
	case limited.Err() != nil && ctx.Err() == nil:
		return fmt.Errorf("%s did not sign the %s within %s: if its address %s is another node's, or the API server's, choose one of its own with --node-ip; else look at `kubectl get csr` there", server.Host, what, joinPatience, c.NodeIP)
	}
	return fmt.Errorf("cannot get the %s from %s: %w", what, server.Host, err)
}

// caPool holds the cluster's authority, which signs the kubelets' callers, too.
func caPool(cfg *rest.Config) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(cfg.CAData) {
		return nil, errors.New("the server gave no certificate authority")
	}
	return pool, nil
}
