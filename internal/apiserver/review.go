package apiserver

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"

	"skiff/internal/api"
)

// review answers requests for a kind that is not stored: its creation is a
// question, and the answer is the same object with its status filled in.
func (x *exchange) review() error {
	if err := x.negotiateWhole(); err != nil {
		return err
	}
	if x.Verb != "create" {
		return apierrors.NewMethodNotSupported(x.GroupResource(), x.Verb)
	}
	kind := x.e.r.GroupVersionKind
	if create := x.s.cfg.Creates[SubresourceKey{Group: x.Group, Resource: x.Resource}]; create != nil {
		return x.createWith(kind, x.e.r.New(), "", create)
	}
	answer := x.s.cfg.Reviews[x.GroupResource()]
	if answer == nil {
		return errNoSuchPath
	}
	return x.createWith(kind, x.e.r.New(), "", func(ctx context.Context, c *Call, body api.Object) (runtime.Object, error) {
		if x.e.r.Default != nil {
			x.e.r.Default(body)
		}
		if errs := x.e.r.Validate(body); len(errs) > 0 {
			return nil, apierrors.NewInvalid(kind.GroupKind(), "", errs)
		}
		return answer(ctx, c, body)
	})
}
