package apiserver

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime"

	"skiff/internal/apiserver/admission"
)

// admission describes a write to the plug-ins.
func (x *exchange) admission(operation string, obj, old, options runtime.Object, dryRun bool) *admission.Request {
	return &admission.Request{
		Operation: operation, Resource: x.e.r, Subresource: x.Subresource,
		Namespace: x.Namespace, Name: x.Name, Object: obj, Old: old,
		Options: options, User: x.user, DryRun: dryRun, Warn: x.warn,
	}
}

// mutate runs the plug-ins that may change the object.
func (s *Server) mutate(ctx context.Context, r *admission.Request) error {
	for _, p := range s.cfg.Admission {
		if err := p.Admit(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// validate runs the plug-ins that may refuse the final object.
func (s *Server) validate(ctx context.Context, r *admission.Request) error {
	for _, p := range s.cfg.Admission {
		if err := p.Validate(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// admit runs both, for what has no object of its own to store.
func (s *Server) admit(ctx context.Context, r *admission.Request) error {
	if err := s.mutate(ctx, r); err != nil {
		return err
	}
	return s.validate(ctx, r)
}

// finish tells the plug-ins that want to know what became of a request.
func (s *Server) finish(ctx context.Context, r *admission.Request, stored bool) {
	for _, p := range s.cfg.Admission {
		if f, ok := p.(admission.Finisher); ok {
			f.Finish(ctx, r, stored)
		}
	}
}
