package wire

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime/debug"

	"golang.org/x/sync/errgroup"

	"skiff/internal/controllers"
	"skiff/internal/footprint"
	"skiff/internal/pki"
	"skiff/internal/scheduler"
)

// Server runs a whole cluster's server: control plane and, unless told
// otherwise, a node.
func Server(ctx context.Context, c Config) error {
	return c.locked(ctx, roleServer, func(ctx context.Context, c Config) error {
		p, err := newControlPlane(ctx, c)
		if err != nil {
			return err
		}
		defer p.close()
		return p.runAll(ctx)
	})
}

// APIServer runs the API server alone.
func APIServer(ctx context.Context, c Config) error {
	c.WithoutNode = true
	return c.locked(ctx, roleAPIServer, func(ctx context.Context, c Config) error {
		p, err := newControlPlane(ctx, c)
		if err != nil {
			return err
		}
		defer p.close()
		return p.run(ctx, func() error {
			notify("READY=1")
			footprint.ReleaseAfter(ctx, startOver)
			return nil
		})
	})
}

// locked checks the configuration and the machine, and runs a role with the
// data directory to itself.
func (c Config) locked(ctx context.Context, role role, run func(context.Context, Config) error) error {
	if err := c.Complete(); err != nil {
		return err
	}
	if err := c.preflight(role); err != nil {
		return err
	}
	l, err := acquireLock(c.DataDir)
	if err != nil {
		return err
	}
	defer l.release()
	if err := c.saveState(role); err != nil {
		return fmt.Errorf("cannot write in --data-dir: %w", err)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	return run(ctx, c)
}

// gcPercent is how much the heap may grow, over what is in use, before it is
// cleaned: half of the runtime's default. What is in use is mostly bytes that
// hold no pointers, which need no scanning.
const gcPercent = 50

// runAll runs the control plane and all its clients in this process.
func (p *controlPlane) runAll(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		return p.run(ctx, func() error {
			p.startClients(ctx, g)
			return nil
		})
	})
	return g.Wait()
}

// startClients starts what speaks to the API server as its clients.
func (p *controlPlane) startClients(ctx context.Context, g *errgroup.Group) {
	component(ctx, g, "controllers", noted(&p.running.controllers, controllers.Run), p.controllersConfig())
	component(ctx, g, "scheduler", noted(&p.running.scheduler, scheduler.Run), scheduler.Config{Client: p.identity("system:kube-scheduler")})
	g.Go(func() error {
		return ensureDNSService(ctx, p.identity("system:skiff:addons", pki.MastersGroup), p.ClusterDNS)
	})
	if p.WithoutNode {
		notify("READY=1")
		footprint.ReleaseAfter(ctx, startOver)
		return
	}
	g.Go(func() error { return p.runNode(ctx) })
	g.Go(func() error {
		return keepControlPlaneRole(ctx, p.identity("system:skiff:addons", pki.MastersGroup), p.NodeName)
	})
	g.Go(func() error {
		return announceReady(ctx, p.identity("system:skiff:up", pki.MastersGroup), p.NodeName, p.began, true)
	})
}

// runNode runs the node of the server's own machine. Its components are in
// this process; its kubelet serves with a certificate like any other's.
func (p *controlPlane) runNode(ctx context.Context) error {
	serving, err := p.pki.CA.Leaf(p.Path("pki", "kubelet"), p.kubeletServing())
	if err != nil {
		return err
	}
	return runNode(ctx, p.Config, nodeIdentity{
		kubelet:   p.identity(pki.NodeUser(p.NodeName), pki.NodesGroup),
		network:   p.client(pki.NetworkOf(p.NodeName)),
		proxy:     p.client(pki.Proxy),
		serving:   serving.GetCertificate,
		clientCAs: p.pki.CA.Pool(),
	})
}

// kubeletServing is the certificate of the kubelet in this process.
func (p *controlPlane) kubeletServing() pki.Request {
	return pki.Request{
		Subject:  pkix.Name{CommonName: pki.NodeUser(p.NodeName), Organization: []string{pki.NodesGroup}},
		DNSNames: []string{p.NodeName}, IPs: []net.IP{net.ParseIP(p.NodeIP)},
		Usages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
}

func (p *controlPlane) controllersConfig() controllers.Config {
	return controllers.Config{
		Client:      p.identity("system:kube-controller-manager"),
		ClientFor:   p.controller,
		ClusterCIDR: []netip.Prefix{netip.MustParsePrefix(p.ClusterCIDR)},
		RootCA:      p.pki.CA.PEM,
		Signer:      p.pki.CA,

		NodeMonitorGracePeriod: p.NodeMonitorGracePeriod,
	}
}
