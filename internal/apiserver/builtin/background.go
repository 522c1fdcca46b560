package builtin

import (
	"context"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/rest"

	"skiff/internal/apiserver/authz"
	"skiff/internal/apiserver/services"
	"skiff/internal/client"
)

// Background is what works beside the requests of a server: it sees grants
// being taken back, and repairs the addresses of Services.
type Background struct {
	rbac     *authz.RBAC
	services *services.Allocator
}

// Run works until ctx ends. cfg reaches the server; Events are written by it.
func (b *Background) Run(ctx context.Context, cfg *rest.Config) error {
	clients, err := client.New(cfg, "skiff-service-repair")
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return b.rbac.Run(ctx) })
	g.Go(func() error {
		err := b.services.Run(ctx, client.NewRecorder(ctx, clients.Kube, "ipallocator-repair-controller"))
		if ctx.Err() != nil {
			return nil
		}
		return err
	})
	return g.Wait()
}
