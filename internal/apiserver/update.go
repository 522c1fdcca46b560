package apiserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/apiserver/admission"
	"skiff/internal/apiserver/codec"
	"skiff/internal/store"
)

// lostRace says whether a write is to be done again because another came in
// between. One that does not insist on a resourceVersion never fails for that:
// of those that race one always wins, so all of them get through in time.
func lostRace(ctx context.Context, err error) bool {
	return errors.Is(err, store.ErrConflict) && ctx.Err() == nil
}

// change is one write to an object that exists.
type change struct {
	part    *api.Part // nil: the object itself
	options runtime.Object
	dryRun  bool
	// manager is written into managedFields; "" when make did so itself.
	manager string
	// make gives the new object, which it owns, from the present one. It is
	// called again after a conflict.
	make func(old store.Item) (api.Object, error)
	// insist: an object without resourceVersion is refused where the kind
	// requires one.
	insist bool
}

// update answers PUT to an object, or to one part of it.
func (x *exchange) update(part *api.Part) error {
	if err := x.negotiate(); err != nil {
		return err
	}
	o, err := x.updateOptions()
	if err != nil {
		return err
	}
	sent, err := x.decodeBody(x.e.r.GroupVersionKind, x.e.r.New(), o.FieldValidation)
	if err != nil {
		return err
	}
	if err := x.checkAddress(sent); err != nil {
		return err
	}
	if x.e.r.Default != nil {
		x.e.r.Default(sent)
	}
	x.dedupOwners(sent)
	item, err := x.change(&change{
		part: part, options: o, dryRun: len(o.DryRun) > 0, insist: true,
		manager: managerName(o.FieldManager, x.r.UserAgent()),
		make:    func(store.Item) (api.Object, error) { return sent.DeepCopyObject().(api.Object), nil },
	})
	if apierrors.IsNotFound(err) && part == nil && x.e.r.AllowCreateOnUpdate {
		return x.createInstead(sent, &metav1.CreateOptions{
			TypeMeta: optionsType("CreateOptions"), DryRun: o.DryRun, FieldManager: o.FieldManager, FieldValidation: o.FieldValidation,
		})
	}
	if err != nil {
		return err
	}
	return x.writeItem(http.StatusOK, item)
}

// checkAddress compares the object with the path that it was sent to.
func (x *exchange) checkAddress(obj api.Object) error {
	if name := obj.GetName(); name != x.Name {
		if name == "" {
			return apierrors.NewBadRequest("name must be provided")
		}
		return apierrors.NewBadRequest(fmt.Sprintf("the name of the object (%s) does not match the name on the URL (%s)", name, x.Name))
	}
	return settleNamespace(obj, x.scope())
}

// createInstead creates what was to be changed but is not there, if the user
// may create.
func (x *exchange) createInstead(obj api.Object, o *metav1.CreateOptions) error {
	if obj.GetResourceVersion() != "" && obj.GetResourceVersion() != "0" {
		return conflict(x.e.r, x.Name)
	}
	if err := x.mayCreate(); err != nil {
		return err
	}
	item, err := x.insert(obj, o)
	if err != nil {
		return err
	}
	return x.writeItem(http.StatusCreated, item)
}

func (x *exchange) mayCreate() error {
	a := attributesOf(x.user, x.RequestInfo)
	a.Verb = "create"
	return x.s.allow(x.ctx(), a)
}

// change performs a write to an object that exists, and again while others
// come in between.
func (x *exchange) change(c *change) (store.Item, error) {
	for {
		old, err := x.e.table.Get(x.ctx(), x.scope(), x.Name, store.Latest)
		if err != nil {
			return nil, storeError(err, x.e.r, x.Name)
		}
		obj, err := c.make(old)
		if err != nil {
			return nil, err
		}
		item, err := x.replace(c, old, obj)
		if !lostRace(x.ctx(), err) {
			return item, storeError(err, x.e.r, x.Name)
		}
	}
}

// replace brings the new state of an object through admission and validation
// into the store, in place of old.
func (x *exchange) replace(c *change, old store.Item, obj api.Object) (item store.Item, err error) {
	live := old.Object()
	if err := x.checkPreconditions(c, obj, live); err != nil {
		return nil, err
	}
	if c.part != nil {
		whole := x.e.copyOf(old)
		c.part.Copy(whole, obj)
		whole.SetManagedFields(obj.GetManagedFields())
		obj = whole
	}
	if c.manager != "" {
		x.s.managed.update(x.e.r, x.Subresource, live, obj, c.manager)
	}
	keepTimes(obj, live)
	adm := x.admission(admission.Update, obj, live, c.options, c.dryRun)
	if err := x.s.mutate(x.ctx(), adm); err != nil {
		return nil, err
	}
	x.prepare(c, obj, live)
	finish, err := x.s.allocate(x.ctx(), x.e.r, obj, live, c.dryRun)
	if err != nil {
		return nil, err
	}
	defer func() { settle(finish, err) }()
	if errs := x.invalid(c, obj, live); len(errs) > 0 {
		return nil, apierrors.NewInvalid(x.e.r.GroupVersionKind.GroupKind(), x.Name, errs)
	}
	x.remarkChange(c, obj, live)
	if err := x.s.validate(x.ctx(), adm); err != nil {
		return nil, err
	}
	defer func() { x.s.finish(x.ctx(), adm, err == nil && !c.dryRun) }()
	return x.commit(old, obj, c.dryRun)
}

// checkPreconditions compares the version and identity that the client
// expects with what is there.
func (x *exchange) checkPreconditions(c *change, obj, live api.Object) error {
	version := obj.GetResourceVersion()
	if version == "0" {
		version = ""
	}
	switch {
	case version == "" && c.insist && x.e.r.RequireResourceVersion:
		errs := field.ErrorList{field.Invalid(field.NewPath("metadata", "resourceVersion"), "", "must be specified for an update")}
		return apierrors.NewInvalid(x.e.r.GroupVersionKind.GroupKind(), x.Name, errs)
	case version != "" && version != live.GetResourceVersion():
		return conflict(x.e.r, x.Name)
	case obj.GetUID() != "" && obj.GetUID() != live.GetUID():
		return apierrors.NewConflict(x.e.r.GroupResource(), x.Name, fmt.Errorf(
			"Precondition failed: UID in precondition: %v, UID in object meta: %v", obj.GetUID(), live.GetUID()))
	}
	return nil
}

// prepare settles what the system says of the object after an update.
func (x *exchange) prepare(c *change, obj, live api.Object) {
	r := x.e.r
	keepSystemFields(obj, live)
	obj.SetResourceVersion(live.GetResourceVersion())
	if c.part != nil {
		if c.part.Name != "status" {
			bumpGeneration(r, obj, live) // a Pod's resize and ephemeralcontainers are of its spec
		}
		return
	}
	if r.Default != nil {
		r.Default(obj)
	}
	if r.PrepareUpdate != nil {
		r.PrepareUpdate(obj, live)
	}
	bumpGeneration(r, obj, live)
}

// bumpGeneration counts the change when it is one of what is wanted.
func bumpGeneration(r *api.Resource, obj, live api.Object) {
	if r.Spec == nil {
		return
	}
	if now, then := r.Spec(obj), r.Spec(live); !same(now, then) && !equality.Semantic.DeepEqual(now, then) {
		obj.SetGeneration(live.GetGeneration() + 1)
	}
}

// same is a quick way to find most of what is equal in meaning: in bytes, or,
// where there are none, in Go. The values are pointers where they have bytes.
func same(a, b any) bool {
	x, ok := a.(meta.Encoded)
	y, both := b.(meta.Encoded)
	if ok && both {
		return meta.Same(x, y)
	}
	return reflect.DeepEqual(a, b)
}

func (x *exchange) invalid(c *change, obj, live api.Object) field.ErrorList {
	if c.part != nil {
		return c.part.Validate(obj, live)
	}
	validate := x.e.r.Validate
	if x.e.r.Spec != nil && obj.GetGeneration() == live.GetGeneration() {
		validate = x.e.r.ValidateKept
	}
	return append(validate(obj), x.e.r.ValidateUpdate(obj, live)...)
}

// remarkChange is remark for an update, of the whole or of a part.
func (x *exchange) remarkChange(c *change, obj, live api.Object) {
	switch {
	case c.part == nil && x.e.r.UpdateWarnings != nil:
		x.remark(x.e.r.UpdateWarnings(obj, live))
	case c.part != nil && c.part.Warnings != nil:
		x.remark(c.part.Warnings(obj))
	}
}

// commit stores the new state; or nothing, when nothing changed; or removes
// the object, when this was what its deletion waited for.
func (x *exchange) commit(old store.Item, obj api.Object, dryRun bool) (store.Item, error) {
	if equality.Semantic.DeepEqual(obj, old.Object()) {
		return old, nil
	}
	if dryRun {
		return codec.Item(obj, x.e.r.GroupVersionKind), nil
	}
	if x.mayGo(obj) {
		if _, err := x.remove(old); err != nil {
			return nil, err
		}
		return codec.Item(obj, x.e.r.GroupVersionKind), nil
	}
	return x.e.table.Update(x.ctx(), old, obj)
}

// mayGo says whether an object that is being deleted has nothing left to wait
// for.
func (x *exchange) mayGo(obj api.Object) bool {
	if obj.GetDeletionTimestamp() == nil || len(obj.GetFinalizers()) > 0 {
		return false
	}
	if g := obj.GetDeletionGracePeriodSeconds(); g != nil && *g > 0 {
		return false
	}
	return x.e.r.Deleting == nil || x.e.r.Deleting(obj.DeepCopyObject().(api.Object))
}
