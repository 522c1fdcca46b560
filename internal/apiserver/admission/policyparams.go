package admission

import (
	"context"
	"fmt"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/admissionregistration"
	"skiff/internal/api/catalogue"
	"skiff/internal/apiserver/authz"
)

// PolicyParams lets nobody have a policy read what they may not read: who
// writes a policy with parameters, or a binding of one, must be allowed to get
// them.
type PolicyParams struct {
	Reader     api.Reader
	Authorizer authz.Authorizer
}

// Name implements Plugin.
func (PolicyParams) Name() string { return "PolicyParams" }

// Validate implements Validator.
func (p PolicyParams) Validate(ctx context.Context, r *Request) error {
	if r.Subresource != "" || r.Operation != Create && r.Operation != Update {
		return nil
	}
	now, old := paramsOf(r.Object), paramsOf(r.Old)
	switch {
	case now.same(old):
		return nil
	case now.kind != nil:
		return p.mayReadAll(ctx, r, now.kind)
	case now.ref != nil:
		return p.mayRead(ctx, r, now)
	}
	return nil
}

// params are the kind of a policy's parameters, or which of them a binding of
// the policy means.
type params struct {
	kind *admissionregistrationv1.ParamKind

	ref      *admissionregistrationv1.ParamRef
	policy   string
	policies *api.Resource
}

func (p params) same(old params) bool {
	return p.policy == old.policy && equality.Semantic.DeepEqual(p.kind, old.kind) && equality.Semantic.DeepEqual(p.ref, old.ref)
}

func paramsOf(o any) params {
	switch o := o.(type) {
	case *admissionregistrationv1.ValidatingAdmissionPolicy:
		return params{kind: o.Spec.ParamKind}
	case *admissionregistrationv1.MutatingAdmissionPolicy:
		return params{kind: o.Spec.ParamKind}
	case *admissionregistrationv1.ValidatingAdmissionPolicyBinding:
		return params{ref: o.Spec.ParamRef, policy: o.Spec.PolicyName, policies: admissionregistration.ValidatingAdmissionPolicy}
	case *admissionregistrationv1.MutatingAdmissionPolicyBinding:
		return params{ref: o.Spec.ParamRef, policy: o.Spec.PolicyName, policies: admissionregistration.MutatingAdmissionPolicy}
	}
	return params{}
}

// mayReadAll is what a policy takes: its bindings may mean any of the kind.
func (p PolicyParams) mayReadAll(ctx context.Context, r *Request, kind *admissionregistrationv1.ParamKind) error {
	asked := get(kind)
	asked.Namespace, asked.Name = "*", "*"
	return p.ask(ctx, r, asked, "paramKind", fmt.Sprintf(`user %v must have "get" permission on all objects of the referenced paramKind (kind=%s, apiVersion=%s)`,
		r.User, kind.Kind, kind.APIVersion))
}

// mayRead is what a binding takes.
func (p PolicyParams) mayRead(ctx context.Context, r *Request, b params) error {
	asked := get(nil)
	if policy, err := p.Reader.Get(ctx, b.policies, "", b.policy); err == nil {
		asked = get(paramsOf(policy).kind)
	}
	asked.Namespace, asked.Name = b.ref.Namespace, b.ref.Name
	return p.ask(ctx, r, asked, "paramRef", fmt.Sprintf(`user %v does not have "get" permission on the object referenced by paramRef`, r.User))
}

// get asks for objects of the kind, for those of any kind where it is not known
// which resource they are.
func get(kind *admissionregistrationv1.ParamKind) authz.Attributes {
	a := authz.Attributes{Verb: "get", Group: "*", Version: "*", Resource: "*"}
	if kind == nil {
		return a
	}
	gv, err := schema.ParseGroupVersion(kind.APIVersion)
	if err != nil {
		return a
	}
	a.Group, a.Version = gv.Group, gv.Version
	for _, r := range catalogue.All() {
		if r.GroupVersionKind == gv.WithKind(kind.Kind) {
			a.Resource = r.Plural
		}
	}
	return a
}

func (p PolicyParams) ask(ctx context.Context, r *Request, a authz.Attributes, what, why string) error {
	a.User = r.User
	decision, _, err := p.Authorizer.Authorize(ctx, a)
	switch {
	case err != nil:
		why = err.Error()
	case decision == authz.Allow:
		return nil
	}
	return apierrors.NewInvalid(r.Resource.GroupKind(), r.name(), field.ErrorList{field.Forbidden(field.NewPath("spec", what), why)})
}
