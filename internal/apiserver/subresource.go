package apiserver

import (
	"net/http"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"skiff/internal/api"
	"skiff/internal/apiserver/admission"
	"skiff/internal/apiserver/codec"
)

// call is the request as hooks see it.
func (x *exchange) call(dryRun bool) *Call {
	return &Call{
		RequestInfo: x.RequestInfo, User: x.user, Target: x.e.r, Server: x.s,
		DryRun: dryRun, Warn: x.warn, Request: x.r,
	}
}

// subresource answers one that the server has code of its own for.
func (x *exchange) subresource(sub api.Subresource) error {
	key := SubresourceKey{x.Group, x.Resource, sub.Name}
	if connect := x.s.cfg.Connects[key]; connect != nil {
		return x.connect(connect)
	}
	if create := x.s.cfg.Creates[key]; create != nil && x.Verb == "create" {
		return x.createSub(sub, create)
	}
	return errNoSuchPath
}

// connect hands the connection over.
func (x *exchange) connect(to ConnectFunc) error {
	if err := x.s.admit(x.ctx(), x.admission(admission.Connect, nil, nil, nil, false)); err != nil {
		return err
	}
	return to(x.w, x.r, x.call(false))
}

// createSub answers POST of a body to a subresource.
func (x *exchange) createSub(sub api.Subresource, create CreateFunc) error {
	if err := x.negotiateWhole(); err != nil {
		return err
	}
	kind := x.bodyKind(sub)
	into, err := x.s.cfg.Scheme.New(kind)
	if err != nil {
		return err
	}
	return x.createWith(kind, into.(api.Object), x.Name, create)
}

func (x *exchange) bodyKind(sub api.Subresource) schema.GroupVersionKind {
	kind := sub.Kind
	if kind.Version == "" {
		kind.Group, kind.Version = x.e.r.Group, x.e.r.Version
	}
	if kind.Kind == "" {
		kind.Kind = x.e.r.Kind
	}
	return kind
}

// createWith decodes a body that is not stored, passes it through admission,
// and answers with what create makes of it.
func (x *exchange) createWith(kind schema.GroupVersionKind, into api.Object, name string, create CreateFunc) error {
	o, err := x.createOptions()
	if err != nil {
		return err
	}
	body, err := x.decodeBody(kind, into, o.FieldValidation)
	if err != nil {
		return err
	}
	if err := settleNamespace(body, x.scope()); err != nil {
		return err
	}
	dryRun := len(o.DryRun) > 0
	adm := x.admission(admission.Create, body, nil, o, dryRun)
	adm.Name = name
	if err := x.s.admit(x.ctx(), adm); err != nil {
		return err
	}
	answer, err := create(x.ctx(), x.call(dryRun), body)
	if err != nil {
		return err
	}
	return x.answerObject(http.StatusCreated, answer)
}

// answerObject writes what a hook returned, whose kind may not be set.
func (x *exchange) answerObject(code int, obj runtime.Object) error {
	if obj.GetObjectKind().GroupVersionKind().Empty() {
		kinds, _, err := x.s.cfg.Scheme.ObjectKinds(obj)
		if err != nil {
			return err
		}
		obj.GetObjectKind().SetGroupVersionKind(kinds[0])
	}
	if o, ok := obj.(api.Object); ok {
		return x.writeItem(code, codec.Item(o, obj.GetObjectKind().GroupVersionKind()))
	}
	return x.writeObject(code, obj)
}
