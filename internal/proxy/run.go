package proxy

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"

	"skiff/internal/servicecache"
	"skiff/internal/tablewatch"
)

// Run keeps the node's rules in step with the API until ctx ends. The rules
// stay in the kernel afterwards: connections go on while skiff is replaced.
// Until the API was read for the first time, rules of an earlier run serve.
func Run(ctx context.Context, cfg Config) error {
	if cfg.Informers == nil {
		factory, err := servicecache.NewForConfig(cfg.Client)
		if err != nil {
			return fmt.Errorf("proxy: %w", err)
		}
		cfg.Informers = factory
	}
	others, err := tablewatch.Open(cfg.Names.Table("proxy"))
	if err != nil {
		return fmt.Errorf("proxy: %w", err)
	}
	defer others.Close()
	k, err := openKernel(cfg.Names.Table("proxy"), others)
	if err != nil {
		return fmt.Errorf("proxy: %w", err)
	}
	defer k.close()
	flows, err := openConntrack()
	if err != nil {
		return fmt.Errorf("proxy: %w", err)
	}
	defer flows.close()

	h := newHealth(cfg.log())
	defer h.close()
	if err := h.serveNode(cfg.HealthAddress); err != nil {
		return fmt.Errorf("proxy: %w", err)
	}
	d := newDirty()
	stop, err := watch(cfg, d)
	if err != nil {
		return fmt.Errorf("proxy: %w", err)
	}
	defer stop()
	if cfg.Informers.Sync(ctx) != nil {
		return nil // ctx has ended
	}
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { others.Run(ctx) })
	newSyncer(&cfg, k, flows, h).loop(ctx, d)
	return nil
}

// Clean removes the node's tables and gives the kernel parameters their values
// back. It may be called at any time when the proxy does not run, and again.
func Clean(cfg Config) error {
	k, err := openKernel(cfg.Names.Table("proxy"), nil)
	if err != nil {
		return fmt.Errorf("clean up after the proxy: %w", err)
	}
	defer k.close()
	if err := k.restore(); err != nil {
		return fmt.Errorf("clean up after the proxy: %w", err)
	}
	if err := k.remove(); err != nil {
		return fmt.Errorf("clean up after the proxy: %w", err)
	}
	return nil
}

// watch marks Services dirty when they, or their EndpointSlices, change.
func watch(cfg Config, d *dirty) (stop func(), err error) {
	services := cfg.Informers.Services().Informer()
	endpoints := cfg.Informers.EndpointSlices().Informer()
	onService, err := services.AddEventHandler(d.handler(func(obj any) (types.NamespacedName, bool) {
		svc, ok := obj.(*corev1.Service)
		if !ok {
			return types.NamespacedName{}, false
		}
		return types.NamespacedName{Namespace: svc.Namespace, Name: svc.Name}, true
	}))
	if err != nil {
		return nil, err
	}
	onSlice, err := endpoints.AddEventHandler(d.handler(func(obj any) (types.NamespacedName, bool) {
		slice, ok := obj.(*discoveryv1.EndpointSlice)
		if !ok || slice.Labels[discoveryv1.LabelServiceName] == "" {
			return types.NamespacedName{}, false
		}
		return types.NamespacedName{Namespace: slice.Namespace, Name: slice.Labels[discoveryv1.LabelServiceName]}, true
	}))
	if err != nil {
		return nil, err
	}
	return func() {
		_ = services.RemoveEventHandler(onService)
		_ = endpoints.RemoveEventHandler(onSlice)
	}, nil
}

// coalesce is how long the first change of a burst waits for the rest: a
// Service and its slices come within it, and no human or probe notices it.
const coalesce = 2 * time.Millisecond

// Failed writes are tried again after a pause that doubles from the first of
// these to the second.
const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 30 * time.Second
)

// loop writes everything once, and then what changes; everything again when
// somebody else has changed the rules.
func (s *syncer) loop(ctx context.Context, d *dirty) {
	pause := firstRetry
	complete := false
	for ctx.Err() == nil {
		var err error
		if complete {
			err = s.update(d.take())
		} else {
			d.take()
			err = s.replaceAll()
		}
		if err != nil {
			s.log.Error("service rules not written; trying again", "error", err, "in", pause)
			complete = false
			wait(ctx, pause)
			pause = min(2*pause, lastRetry)
			continue
		}
		complete, pause = true, firstRetry
		select {
		case <-ctx.Done():
		case <-d.wake:
			wait(ctx, coalesce)
		case <-s.kernel.watch.Changed():
			s.log.Warn("another program changed the service rules; writing them anew", "table", s.kernel.name)
			complete = false
		}
	}
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
