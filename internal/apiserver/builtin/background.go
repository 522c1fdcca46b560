package builtin

import (
	"context"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/rest"

	"skiff/internal/apiserver/authz"
	"skiff/internal/apiserver/bootstrap"
	"skiff/internal/apiserver/flowcontrol"
	"skiff/internal/apiserver/services"
	"skiff/internal/client"
)

// Background is what works beside the requests of a server: it sees grants
// being taken back, repairs the addresses of Services, and follows how the
// server is to be shared.
type Background struct {
	rbac     *authz.RBAC
	services *services.Allocator
	flows    flowcontrol.Keeper
}

// Run works until ctx ends. cfg reaches the server as one of the system's
// masters.
func (b *Background) Run(ctx context.Context, cfg *rest.Config) error {
	clients, err := client.New(cfg, "skiff-service-repair")
	if err != nil {
		return err
	}
	b.flows.Client = clients.Kube.FlowcontrolV1()
	b.flows.Restore = func(ctx context.Context) error { return bootstrap.FlowControl(ctx, cfg) }
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return b.rbac.Run(ctx) })
	g.Go(func() error {
		return unlessOver(ctx, b.services.Run(ctx, client.NewRecorder(ctx, clients.Kube, "ipallocator-repair-controller")))
	})
	g.Go(func() error { return unlessOver(ctx, b.flows.Run(ctx)) })
	return g.Wait()
}

// unlessOver is err, but nil for what ended because ctx did.
func unlessOver(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}
