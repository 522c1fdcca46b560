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

// admissionStep is what plug-ins do at one of the two moments at which they
// are called, in the order in which they run.
type admissionStep struct {
	times *admissionTimes
	calls []admissionCall
}

// admissionCall is one plug-in's Admit, or Validate.
type admissionCall struct {
	times *admissionTimes
	do    func(context.Context, *admission.Request) error
}

func newAdmissionSteps(plugins []admission.Plugin, m admissionMetrics) (admit, validate *admissionStep) {
	step := func(name string) *admissionStep {
		return &admissionStep{times: &admissionTimes{all: m.steps, labels: []string{name}}}
	}
	call := func(p admission.Plugin, step string, do func(context.Context, *admission.Request) error) admissionCall {
		return admissionCall{&admissionTimes{all: m.plugins, labels: []string{p.Name(), step}}, do}
	}
	admit, validate = step("admit"), step("validate")
	for _, p := range plugins {
		if a, ok := p.(admission.Admitter); ok {
			admit.calls = append(admit.calls, call(p, "admit", a.Admit))
		}
		if v, ok := p.(admission.Validator); ok {
			validate.calls = append(validate.calls, call(p, "validate", v.Validate))
		}
	}
	return admit, validate
}

// run calls the plug-ins one after the other until one refuses.
func (s *admissionStep) run(ctx context.Context, r *admission.Request) (err error) {
	start := time.Now()
	last := start
	for _, c := range s.calls {
		err = c.do(ctx, r)
		now := time.Now()
		c.times.observe(r.Operation, err, now.Sub(last))
		if last = now; err != nil {
			break
		}
	}
	s.times.observe(r.Operation, err, last.Sub(start))
	return err
}

// mutate runs the plug-ins that may change the object.
func (s *Server) mutate(ctx context.Context, r *admission.Request) error {
	return s.admitting.run(ctx, r)
}

// validate runs the plug-ins that may refuse the final object.
func (s *Server) validate(ctx context.Context, r *admission.Request) error {
	return s.validating.run(ctx, r)
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
