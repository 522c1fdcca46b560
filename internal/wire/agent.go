package wire

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/rest"

	"skiff/internal/pki"
)

// Agent runs a node that joins a server: with its token at first, and from
// then on with certificates of its own.
func Agent(ctx context.Context, c Config) error {
	if c.Server == "" {
		return errors.New("an agent needs --server, the URL of the API server to join: https://HOST:6443")
	}
	token, err := pki.ParseJoinToken(c.Token)
	if err != nil {
		return fmt.Errorf("--token: %w", err)
	}
	return c.locked(ctx, "agent", func(ctx context.Context, c Config) error { return c.runAgent(ctx, token) })
}

func (c Config) runAgent(ctx context.Context, token pki.JoinToken) error {
	began := time.Now()
	bootstrap, err := pki.Join(ctx, c.Server, token)
	if err != nil {
		return err
	}
	certs, err := pki.RequestNodeCertificates(ctx, bootstrap, pki.Node{
		Name: c.NodeName, Dir: c.Path("pki"),
		Addresses: pki.Names{DNS: []string{c.NodeName}, IPs: []net.IP{net.ParseIP(c.NodeIP)}},
	})
	if err != nil {
		return fmt.Errorf("cannot join: %w", err)
	}
	pool, err := caPool(bootstrap)
	if err != nil {
		return err
	}
	as := certs.RESTConfig()
	g, ctx := errgroup.WithContext(ctx)
	component(ctx, g, "certificates", func(ctx context.Context, n *pki.NodeCertificates) error { return n.Run(ctx) }, certs)
	g.Go(func() error {
		return runNode(ctx, c, nodeIdentity{kubelet: as, proxy: as, serving: certs.GetServing, clientCAs: pool})
	})
	g.Go(func() error { return announceReady(ctx, as, c.NodeName, began, false) })
	return g.Wait()
}

// caPool holds the cluster's authority, which signs the kubelets' callers, too.
func caPool(cfg *rest.Config) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(cfg.CAData) {
		return nil, errors.New("the server gave no certificate authority")
	}
	return pool, nil
}
