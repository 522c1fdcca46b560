// Package flowcontrol keeps a fairness.Dispatcher up with the cluster's
// FlowSchemas and PriorityLevelConfigurations, and them up with what they
// should be: it writes which schemas lead nowhere, and has the objects that
// every cluster has put back.
//
// It follows two tables. Between changes it does nothing.
package flowcontrol

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	clientv1 "k8s.io/client-go/kubernetes/typed/flowcontrol/v1"

	"skiff/internal/api"
	"skiff/internal/api/flowcontrol"
	"skiff/internal/apiserver/fairness"
	"skiff/internal/store"
)

// Storage is where the objects are read from: *store.Store.
type Storage interface {
	Table(*api.Resource) store.Table
}

// Keeper is what the package comment says.
type Keeper struct {
	Storage    Storage
	Dispatcher *fairness.Dispatcher
	// Client writes conditions. What it asks must be exempt: it must not wait
	// for what it is there to set right.
	Client clientv1.FlowcontrolV1Interface
	// Restore puts back what every cluster has.
	Restore func(context.Context) error
}

// objects are what was read last.
type objects struct {
	schemas []*flowcontrolv1.FlowSchema
	levels  []*flowcontrolv1.PriorityLevelConfiguration
}

// Run works until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	changed, configured := make(chan struct{}, 1), make(chan objects, 1)
	schemas, levels := k.Storage.Table(flowcontrol.FlowSchema), k.Storage.Table(flowcontrol.PriorityLevelConfiguration)
	for _, table := range []store.Table{schemas, levels} {
		g.Go(func() error { return follow(ctx, table, changed) })
	}
	g.Go(func() error {
		for {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-changed:
				k.configure(ctx, schemas, levels, configured)
			}
		}
	})
	g.Go(func() error { return newTender(k).run(ctx, configured) })
	return g.Wait()
}

// configure reads all objects and has the Dispatcher follow them.
func (k *Keeper) configure(ctx context.Context, schemas, levels store.Table, configured chan objects) {
	var now objects
	revision, err := read(ctx, schemas, 0, &now.schemas)
	if err == nil {
		// No schema is to be seen without the level that was made for it.
		_, err = read(ctx, levels, revision, &now.levels)
	}
	if err != nil {
		return // ctx has ended
	}
	k.Dispatcher.Configure(now.schemas, now.levels, time.Now())
	select {
	case <-configured: // nobody has seen it, and nobody needs to
	default:
	}
	configured <- now
}

// read lists a table as its cache has it, which is no older than what the
// watch has told, nor than the revision.
func read[T any](ctx context.Context, table store.Table, revision int64, to *[]T) (int64, error) {
	l, err := table.List(ctx, store.ListOptions{MinRevision: revision})
	if err != nil {
		return 0, err
	}
	for item := range l.Items {
		if obj, ok := item.Object().(T); ok {
			*to = append(*to, obj)
		}
	}
	return l.Revision, nil
}

// follow says that a table has changed, and that it is there, until ctx ends.
func follow(ctx context.Context, table store.Table, changed chan<- struct{}) error {
	const pause = 100 * time.Millisecond
	note := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	for {
		w, err := table.Watch(ctx, store.WatchOptions{})
		if err == nil {
			note() // what is missing is told by nothing
			for range w.Events() {
				note()
			}
			err = w.Err()
			w.Stop()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		slog.Warn("lost sight of FlowSchemas or priority levels; looking again", "error", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}
