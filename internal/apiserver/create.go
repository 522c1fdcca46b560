package apiserver

import (
	"context"
	"errors"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/api"
	"skiff/internal/apiserver/admission"
	"skiff/internal/apiserver/codec"
	"skiff/internal/store"
)

// nameTries is how many generated names are tried until one is free.
const nameTries = 8

// create answers POST to a collection.
func (x *exchange) create() error {
	if err := x.negotiate(); err != nil {
		return err
	}
	o, err := x.createOptions()
	if err != nil {
		return err
	}
	obj, err := x.decodeBody(x.e.r.GroupVersionKind, x.e.r.New(), o.FieldValidation)
	if err != nil {
		return err
	}
	item, err := x.insert(obj, o)
	if err != nil {
		return err
	}
	return x.writeItem(http.StatusCreated, item)
}

// insert brings a new object, as the client sent it, through defaults,
// admission and validation into the store.
func (x *exchange) insert(obj api.Object, o *metav1.CreateOptions) (store.Item, error) {
	r := x.e.r
	if err := settleNamespace(obj, x.scope()); err != nil {
		return nil, err
	}
	if r.Default != nil {
		r.Default(obj)
	}
	x.dedupOwners(obj)
	x.s.managed.update(r, x.Subresource, x.e.new(), obj, managerName(o.FieldManager, x.r.UserAgent()))
	return x.insertManaged(obj, o)
}

// insertManaged is insert for an object whose managed fields are settled.
func (x *exchange) insertManaged(obj api.Object, o *metav1.CreateOptions) (store.Item, error) {
	r, dryRun := x.e.r, len(o.DryRun) > 0
	adm := x.admission(admission.Create, obj, nil, o, dryRun)
	adm.Name = obj.GetName()
	if err := x.s.mutate(x.ctx(), adm); err != nil {
		return nil, err
	}
	if r.Default != nil {
		r.Default(obj)
	}
	fillNew(r, obj)
	if obj.GetName() != "" || obj.GetGenerateName() == "" {
		return x.put(obj, adm, dryRun)
	}
	return x.putGenerated(obj, adm, dryRun)
}

// putGenerated is put under names made from metadata.generateName, until one
// is free. Each try starts from the same object: preparing it may have written
// its name elsewhere, as a Job's labels do.
func (x *exchange) putGenerated(obj api.Object, adm *admission.Request, dryRun bool) (store.Item, error) {
	var name string
	for range nameTries {
		name = generateName(obj.GetGenerateName())
		try := obj.DeepCopyObject().(api.Object)
		try.SetName(name)
		adm.Name, adm.Object = name, try
		item, err := x.put(try, adm, dryRun)
		if err == nil || !apierrors.IsAlreadyExists(err) {
			return item, err
		}
	}
	return nil, apierrors.NewGenerateNameConflict(x.e.r.GroupResource(), name, 1)
}

// put prepares, validates and stores a new object that has its name.
func (x *exchange) put(obj api.Object, adm *admission.Request, dryRun bool) (item store.Item, err error) {
	r := x.e.r
	if r.PrepareCreate != nil {
		r.PrepareCreate(obj)
	}
	finish, err := x.s.allocate(x.ctx(), r, obj, nil, dryRun)
	if err != nil {
		return nil, err
	}
	defer func() { settle(finish, err) }()
	if errs := r.Validate(obj); len(errs) > 0 {
		return nil, apierrors.NewInvalid(r.GroupVersionKind.GroupKind(), obj.GetName(), errs)
	}
	if f := r.Warnings; f != nil {
		x.remark(f(obj))
	}
	if err := x.s.validate(x.ctx(), adm); err != nil {
		return nil, err
	}
	defer func() { x.s.finish(x.ctx(), adm, err == nil && !dryRun) }()
	if dryRun {
		return x.dryCreate(obj)
	}
	item, err = x.e.table.Create(x.ctx(), obj)
	return item, storeError(err, r, obj.GetName())
}

// dryCreate fails where a create would, as far as one can tell beforehand.
func (x *exchange) dryCreate(obj api.Object) (store.Item, error) {
	_, err := x.e.table.Get(x.ctx(), obj.GetNamespace(), obj.GetName(), store.Latest)
	switch {
	case err == nil:
		return nil, storeError(store.ErrExists, x.e.r, obj.GetName())
	case !errors.Is(err, store.ErrNotFound):
		return nil, storeError(err, x.e.r, obj.GetName())
	}
	return codec.Item(obj, x.e.r.GroupVersionKind), nil
}

// scope is the namespace of objects that the request is about: a Namespace
// itself lies in none, though its path names it.
func (x *exchange) scope() string {
	if !x.e.r.Namespaced {
		return ""
	}
	return x.Namespace
}

// remark passes on what the kind has to remark.
func (x *exchange) remark(texts []string) {
	for _, text := range texts {
		x.warn(text)
	}
}

// allocate lets the resource's allocator fill in obj.
func (s *Server) allocate(ctx context.Context, r *api.Resource, obj, old api.Object, dryRun bool) (finish func(bool), err error) {
	a := s.cfg.Allocators[r.GroupResource()]
	if a == nil {
		return func(bool) {}, nil
	}
	return a.Begin(ctx, obj, old, dryRun)
}

// settle tells an allocator how a write ended. A write whose answer did not
// come may still happen: what it took must not be given to others.
func settle(finish func(stored bool), err error) {
	var refused apierrors.APIStatus
	switch {
	case err == nil:
		finish(true)
	case errors.As(err, &refused), errors.Is(err, store.ErrExists), errors.Is(err, store.ErrConflict), errors.Is(err, store.ErrNotFound):
		finish(false)
	}
}
