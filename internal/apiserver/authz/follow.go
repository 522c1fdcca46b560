package authz

import (
	"context"
	"log/slog"
	"sync"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/types"

	"skiff/internal/api"
	"skiff/internal/api/rbac"
	"skiff/internal/store"
)

// follower keeps the index up with one table, both by watching it and, when
// somebody is about to be refused, by reading it. Each object's revision says
// which of the two saw it last.
type follower struct {
	table store.Table
	set   func(types.NamespacedName, api.Object)
	drop  func(types.NamespacedName)

	mu   sync.Mutex
	read int64 // the table is known as of this revision at least
	have map[types.NamespacedName]int64
}

func (r *RBAC) followers(storage Storage) []*follower {
	follow := func(kind *api.Resource, set func(types.NamespacedName, api.Object), drop func(types.NamespacedName)) *follower {
		return &follower{table: storage.Table(kind), set: set, drop: drop, have: map[types.NamespacedName]int64{}}
	}
	x := &r.index
	return []*follower{
		follow(rbac.ClusterRole, func(k types.NamespacedName, o api.Object) { x.setRole(k, o.(*rbacv1.ClusterRole).Rules) }, x.dropRole),
		follow(rbac.Role, func(k types.NamespacedName, o api.Object) { x.setRole(k, o.(*rbacv1.Role).Rules) }, x.dropRole),
		follow(rbac.ClusterRoleBinding, func(k types.NamespacedName, o api.Object) {
			b := o.(*rbacv1.ClusterRoleBinding)
			x.setBinding(k, b.RoleRef, b.Subjects)
		}, x.dropBinding),
		follow(rbac.RoleBinding, func(k types.NamespacedName, o api.Object) {
			b := o.(*rbacv1.RoleBinding)
			x.setBinding(k, b.RoleRef, b.Subjects)
		}, x.dropBinding),
	}
}

// run watches the table until ctx ends. A watch that breaks is taken up again
// from a new reading.
func (f *follower) run(ctx context.Context) {
	const pause = 100 * time.Millisecond
	for ctx.Err() == nil {
		if err := f.watch(ctx); err != nil && ctx.Err() == nil {
			slog.Warn("lost sight of the roles; looking again", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
		}
	}
}

func (f *follower) watch(ctx context.Context) error {
	if err := f.refresh(ctx); err != nil {
		return err
	}
	f.mu.Lock()
	since := f.read
	f.mu.Unlock()
	w, err := f.table.Watch(ctx, store.WatchOptions{Since: since})
	if err != nil {
		return err
	}
	defer w.Stop()
	for event := range w.Events() {
		f.apply(event)
	}
	return w.Err()
}

// apply takes one event, unless what is known is newer.
func (f *follower) apply(e store.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if e.Type == store.Bookmark || e.Revision <= f.read {
		return
	}
	key := keyOf(e.Item)
	if e.Revision <= f.have[key] {
		return
	}
	if e.Type == store.Deleted {
		delete(f.have, key)
		f.drop(key)
		return
	}
	f.put(key, e.Item)
}

// refresh reads the table as it is now and takes over what is new in it.
func (f *follower) refresh(ctx context.Context) error {
	list, err := f.table.List(ctx, store.ListOptions{MinRevision: store.Latest})
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if list.Revision <= f.read {
		return nil
	}
	seen := make(map[types.NamespacedName]bool, len(f.have))
	for item := range list.Items {
		key := keyOf(item)
		seen[key] = true
		if item.Revision() > f.have[key] {
			f.put(key, item)
		}
	}
	for key, revision := range f.have {
		if !seen[key] && revision <= list.Revision {
			delete(f.have, key)
			f.drop(key)
		}
	}
	f.read = list.Revision
	return nil
}

func (f *follower) put(key types.NamespacedName, item store.Item) {
	f.have[key] = item.Revision()
	f.set(key, item.Object())
}

func keyOf(i store.Item) types.NamespacedName {
	return types.NamespacedName{Namespace: i.Namespace(), Name: i.Name()}
}
