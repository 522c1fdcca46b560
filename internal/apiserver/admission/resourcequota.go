package admission

import (
	"context"
	"errors"
	"hash/maphash"
	"log/slog"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"skiff/internal/api"
	"skiff/internal/api/core"
	"skiff/internal/api/quota"
	"skiff/internal/store"
)

// Tables are where a plug-in writes by itself: *store.Store.
type Tables interface {
	Table(*api.Resource) store.Table
}

// ResourceQuota refuses what exceeds a quota of its namespace. What it lets
// pass it reserves first, in the quota's status, by a write that fails when
// another one came in between: so no two requests take the same share. A
// request that fails later gives its share back.
//
// It runs last of all plug-ins.
type ResourceQuota struct {
	Reader api.Reader
	Tables Tables

	// turns has requests of one namespace wait for one another, which is
	// cheaper than to have all but one fail and try again.
	turns [64]sync.Mutex
}

// reservation is a share of a quota that a request holds until it is stored.
type reservation struct {
	quota string
	share corev1.ResourceList
}

// reserveTries is how often a reservation is tried while others write the quota.
const reserveTries = 10

// Name implements Plugin.
func (*ResourceQuota) Name() string { return "ResourceQuota" }

// Validate implements Validator.
func (p *ResourceQuota) Validate(ctx context.Context, r *Request) error {
	r.reserved = nil
	change, ok := changeOf(r)
	if !ok {
		return nil
	}
	quotas, err := p.Reader.List(ctx, core.ResourceQuota, r.Namespace)
	if err != nil || len(quotas) == 0 {
		return err
	}
	if change.Object.GetNamespace() == "" {
		change.Object.SetNamespace(r.Namespace)
	}
	var covering []string
	for _, obj := range quotas {
		share, err := quota.Charge(obj.(*corev1.ResourceQuota), change, time.Now())
		if err != nil {
			return r.forbid(err.Error())
		}
		if len(share) > 0 {
			covering = append(covering, obj.GetName())
		}
	}
	if r.DryRun || len(covering) == 0 {
		return nil
	}
	return p.reserveAll(ctx, r, covering, change)
}

func changeOf(r *Request) (quota.Change, bool) {
	gr := r.Resource.GroupResource()
	if r.Namespace == "" || r.Operation != Create && r.Operation != Update || !quota.Counts(gr, r.Subresource, r.Operation == Update) {
		return quota.Change{}, false
	}
	obj, ok := r.Object.(api.Object)
	old, _ := r.Old.(api.Object)
	return quota.Change{Resource: gr, Object: obj, Old: old}, ok && r.Resource.Namespaced
}

var turnSeed = maphash.MakeSeed()

// turn is the lock of a namespace.
func (p *ResourceQuota) turn(namespace string) *sync.Mutex {
	return &p.turns[maphash.String(turnSeed, namespace)%uint64(len(p.turns))]
}

// reserveAll reserves in each quota or in none.
func (p *ResourceQuota) reserveAll(ctx context.Context, r *Request, quotas []string, change quota.Change) error {
	turn := p.turn(r.Namespace)
	turn.Lock()
	defer turn.Unlock()
	for _, name := range quotas {
		share, err := p.reserve(ctx, r, name, change)
		if err != nil {
			p.giveBack(ctx, r)
			return err
		}
		if len(share) > 0 {
			r.reserved = append(r.reserved, reservation{quota: name, share: share})
		}
	}
	return nil
}

func (p *ResourceQuota) reserve(ctx context.Context, r *Request, name string, change quota.Change) (share corev1.ResourceList, err error) {
	err = p.write(ctx, r.Namespace, name, func(q *corev1.ResourceQuota) (err error) {
		if share, err = quota.Charge(q, change, time.Now()); err != nil {
			return r.forbid(err.Error())
		}
		quota.Add(q.Status.Used, share)
		return nil
	})
	return share, err
}

// write changes a quota as it is at this moment; one that has gone needs no
// change.
func (p *ResourceQuota) write(ctx context.Context, namespace, name string, change func(*corev1.ResourceQuota) error) error {
	table := p.Tables.Table(core.ResourceQuota)
	for range reserveTries {
		item, err := table.Get(ctx, namespace, name, store.Latest)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		q := item.Object().(*corev1.ResourceQuota).DeepCopy()
		if err := change(q); err != nil {
			return err
		}
		_, err = table.Update(ctx, item, q)
		if err == nil || errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return apierrors.NewConflict(core.ResourceQuota.GroupResource(), name, errors.New("too many others write it at the same time; try again"))
}

// Finish implements Finisher.
func (p *ResourceQuota) Finish(ctx context.Context, r *Request, stored bool) {
	if stored || len(r.reserved) == 0 {
		r.reserved = nil
		return
	}
	turn := p.turn(r.Namespace)
	turn.Lock()
	defer turn.Unlock()
	p.giveBack(ctx, r)
}

// giveBack undoes the reservations of a request. What it cannot undo, the quota
// controller finds at its next count.
func (p *ResourceQuota) giveBack(ctx context.Context, r *Request) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	for _, held := range r.reserved {
		err := p.write(ctx, r.Namespace, held.quota, func(q *corev1.ResourceQuota) error {
			q.Status.Used = quota.Without(q.Status.Used, held.share)
			return nil
		})
		if err != nil {
			slog.Warn("cannot give back what was reserved of a quota", "namespace", r.Namespace, "quota", held.quota, "err", err)
		}
	}
	r.reserved = nil
}
