package apiserver

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/runtime"

	"skiff/internal/apiserver/admission"
)

// admission describes a write to the plug-ins.
func (x *exchange) admission(operation string, obj, old, options runtime.Object, dryRun bool) *admission.Request {
	return &admission.Request{
		Operation: operation, Verb: x.Verb, Resource: x.e.r, Subresource: x.Subresource,
		Namespace: x.Namespace, Name: x.Name, Object: obj, Old: old,
		Options: options, User: x.user, DryRun: dryRun, Warn: x.warn,
	}
}

// mutate runs the plug-ins that may change the object.
func (s *Server) mutate(ctx context.Context, r *admission.Request) error {
	return s.step(r, "admit", func(p admission.Plugin) error { return p.Admit(ctx, r) })
}

// validate runs the plug-ins that may refuse the final object.
func (s *Server) validate(ctx context.Context, r *admission.Request) error {
	return s.step(r, "validate", func(p admission.Plugin) error { return p.Validate(ctx, r) })
}

// step calls the plug-ins one after the other until one refuses.
func (s *Server) step(r *admission.Request, name string, call func(admission.Plugin) error) (err error) {
	start := time.Now()
	last := start
	for _, p := range s.cfg.Admission {
		err = call(p)
		now := time.Now()
		s.metrics.admission.plugin(p.Name(), r.Operation, name, err, now.Sub(last))
		if last = now; err != nil {
			break
		}
	}
	s.metrics.admission.step(r.Operation, name, err, last.Sub(start))
	return err
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
