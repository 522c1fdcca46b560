// Package controllers runs the controllers of the cluster: each in a package
// of its own below this one, with an identity of its own, all of them reading
// from the same informers.
package controllers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/rest"

	"skiff/internal/client"
	"skiff/internal/controllers/certificates/sign"
	"skiff/internal/reconcile"
)

// Config says as whom the controllers work, and what they need to know.
type Config struct {
	// Client is system:kube-controller-manager. The informers read as it.
	Client *rest.Config
	// ClientFor is the identity of one controller, by the name of its service
	// account in kube-system ("deployment-controller"); nil: Client is
	// everyone's.
	ClientFor func(name string) *rest.Config

	// ClusterCIDR are the ranges that nodes get their podCIDRs from, one for
	// each family; empty: someone else gives them out.
	ClusterCIDR []netip.Prefix
	// RootCA is published to every namespace, in PEM; empty: it is not.
	RootCA []byte
	// Signer signs the certificates of nodes; nil: someone else does.
	Signer sign.Authority

	// NodeMonitorGracePeriod is how long a kubelet may be silent before its
	// node is no longer Ready; 0: nodelifecycle.DefaultGrace.
	NodeMonitorGracePeriod time.Duration

	// LeaderElect: other controller managers may run, so hold a Lease.
	LeaderElect bool
	// Controllers to run, by the names in the list below; empty: all.
	Controllers []string
}

// Names are those of all controllers, as Config.Controllers takes them.
func Names() (names []string) {
	for _, e := range list {
		names = append(names, e.name)
	}
	return names
}

// Run runs the controllers until ctx ends. Those that need a resource which
// the API server does not serve are left out.
func Run(ctx context.Context, cfg Config) error {
	for _, name := range cfg.Controllers {
		if !slices.Contains(Names(), name) {
			return fmt.Errorf("there is no controller %q; there are %v", name, Names())
		}
	}
	c, err := client.New(cfg.Client, "skiff-controller-manager")
	if err != nil {
		return err
	}
	lease := reconcile.Lease{Elect: cfg.LeaderElect, Kube: c.Kube, Name: "kube-controller-manager"}
	return reconcile.Lead(ctx, lease, func(ctx context.Context) error { return lead(ctx, cfg, c) })
}

func lead(ctx context.Context, cfg Config, c client.Clients) error {
	served, err := client.Discover(ctx, c.Kube.Discovery())
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	b := &builder{ctx: ctx, cfg: cfg, shared: c, factory: client.NewInformers(c.Kube)}
	var runs []func() error
	for _, e := range list {
		if !b.wants(e, served) {
			continue
		}
		run, err := b.build(e)
		if err != nil {
			return fmt.Errorf("controller %s: %w", e.name, err)
		}
		runs = append(runs, run)
	}
	defer b.factory.Shutdown()
	g.Go(func() error {
		if err := b.factory.Sync(ctx); err != nil {
			return err
		}
		for _, run := range runs {
			g.Go(run)
		}
		return nil
	})
	return g.Wait()
}

// builder makes controllers.
type builder struct {
	ctx     context.Context
	cfg     Config
	shared  client.Clients
	factory *client.Informers
}

func (b *builder) wants(e entry, served client.Resources) bool {
	if len(b.cfg.Controllers) > 0 && !slices.Contains(b.cfg.Controllers, e.name) {
		return false
	}
	if e.when != nil && !e.when(b.cfg) {
		return false
	}
	if !served.Serves(e.needs...) {
		slog.Info("controller is not started: the API server does not serve all that it needs", "controller", e.name)
		return false
	}
	return true
}

// build makes one controller with the identity of its service account.
func (b *builder) build(e entry) (run func() error, err error) {
	clients := b.shared
	if b.cfg.ClientFor != nil {
		if clients, err = client.New(b.cfg.ClientFor(e.account), "skiff-"+e.account); err != nil {
			return nil, err
		}
	}
	r, err := e.build(environment{b, clients, e.account})
	if err != nil {
		return nil, err
	}
	return func() error {
		err := r.Run(b.ctx)
		if b.ctx.Err() == nil && err == nil {
			err = errors.New("ended by itself")
		}
		return fmt.Errorf("controller %s: %w", e.name, err)
	}, nil
}
