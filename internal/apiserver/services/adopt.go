package services

import (
	"context"
	"log/slog"
	"net/netip"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"skiff/internal/api/core"
	"skiff/internal/store"
)

// adoptAtOnce is how many IPAddresses are written side by side.
const adoptAtOnce = 16

// adopt takes what stored Services hold without having it: data of a time
// before IPAddresses, or a snapshot that lacks them. Two Services that hold
// the same are Run's to report.
func (a *Allocator) adopt(ctx context.Context) error {
	list, err := a.storage.Table(core.Service).List(ctx, store.ListOptions{MinRevision: store.Latest})
	if err != nil {
		return err
	}
	a.began = list.Revision
	missing := map[netip.Addr]types.NamespacedName{}
	var ports []int
	for i := range list.Items {
		s, ok := i.Object().(*corev1.Service)
		if !ok {
			continue
		}
		ports = append(ports, nodePorts(s)...)
		for _, text := range clusterIPs(s) {
			if addr, err := parseIP(text); err == nil && !a.cached(ctx, addr) {
				missing[addr] = nameOf(s)
			}
		}
	}
	if len(missing) > 0 {
		slog.Info("Services hold addresses without IPAddresses; making them", "count", len(missing))
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(adoptAtOnce)
	for addr, owner := range missing {
		g.Go(func() error {
			_, err := a.claim(ctx, addr, owner, false)
			return err
		})
	}
	if err := g.Wait(); err != nil || len(ports) == 0 {
		return err
	}
	return a.ports.change(context.WithoutCancel(ctx), func(set *portSet) error {
		for _, port := range ports {
			set.set(port, 1)
		}
		return nil
	})
}
