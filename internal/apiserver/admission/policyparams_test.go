package admission

import (
	"context"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"skiff/internal/api"
	"skiff/internal/api/admissionregistration"
	"skiff/internal/apiserver/authz"
	"skiff/internal/apiserver/testreader"
)

// reads allows one thing to be got.
type reads struct{ group, version, resource, namespace, name string }

func (r reads) Authorize(_ context.Context, a authz.Attributes) (authz.Decision, string, error) {
	if a.Verb == "get" && r == (reads{a.Group, a.Version, a.Resource, a.Namespace, a.Name}) {
		return authz.Allow, "", nil
	}
	return authz.NoOpinion, "", nil
}

func TestPolicyParams(t *testing.T) {
	settings := &admissionregistrationv1.ParamKind{APIVersion: "v1", Kind: "ConfigMap"}
	mine := &admissionregistrationv1.ParamKind{APIVersion: "example.com/v1", Kind: "Mine"}
	validating := func(kind *admissionregistrationv1.ParamKind) api.Object {
		return &admissionregistrationv1.ValidatingAdmissionPolicy{ObjectMeta: named("", "p"), Spec: admissionregistrationv1.ValidatingAdmissionPolicySpec{ParamKind: kind}}
	}
	mutating := func(kind *admissionregistrationv1.ParamKind) api.Object {
		return &admissionregistrationv1.MutatingAdmissionPolicy{ObjectMeta: named("", "p"), Spec: admissionregistrationv1.MutatingAdmissionPolicySpec{ParamKind: kind}}
	}
	bound := func(policy string, ref *admissionregistrationv1.ParamRef) api.Object {
		return &admissionregistrationv1.ValidatingAdmissionPolicyBinding{ObjectMeta: named("", "b"), Spec: admissionregistrationv1.ValidatingAdmissionPolicyBindingSpec{PolicyName: policy, ParamRef: ref}}
	}
	mutated := func(policy string, ref *admissionregistrationv1.ParamRef) api.Object {
		return &admissionregistrationv1.MutatingAdmissionPolicyBinding{ObjectMeta: named("", "b"), Spec: admissionregistrationv1.MutatingAdmissionPolicyBindingSpec{PolicyName: policy, ParamRef: ref}}
	}
	ref := &admissionregistrationv1.ParamRef{Name: "x", Namespace: "ns"}
	reader := testreader.New(validating(settings), mutating(mine))
	const (
		all  = `ValidatingAdmissionPolicy.admissionregistration.k8s.io "p" is invalid: spec.paramKind: Forbidden: user &{ann  [system:authenticated] map[]} must have "get" permission on all objects of the referenced paramKind (kind=ConfigMap, apiVersion=v1)`
		one  = `is invalid: spec.paramRef: Forbidden: user &{ann  [system:authenticated] map[]} does not have "get" permission on the object referenced by paramRef`
		none = "spec.paramKind: Forbidden"
	)
	for _, tt := range []struct {
		name     string
		reads    reads
		r        *api.Resource
		old, now api.Object
		want     string
	}{
		{"a policy", reads{"", "v1", "configmaps", "*", "*"}, admissionregistration.ValidatingAdmissionPolicy, nil, validating(settings), ""},
		{"of whom may not", reads{}, admissionregistration.ValidatingAdmissionPolicy, nil, validating(settings), all},
		{"without parameters", reads{}, admissionregistration.ValidatingAdmissionPolicy, nil, validating(nil), ""},
		{"as it was", reads{}, admissionregistration.ValidatingAdmissionPolicy, validating(settings), validating(settings), ""},
		{"with others", reads{}, admissionregistration.ValidatingAdmissionPolicy, validating(mine), validating(settings), all},
		{"of a kind that is not known", reads{"example.com", "v1", "*", "*", "*"}, admissionregistration.MutatingAdmissionPolicy, nil, mutating(mine), ""},
		{"which others may not read", reads{"example.com", "v1", "mines", "*", "*"}, admissionregistration.MutatingAdmissionPolicy, nil, mutating(mine), none},
		{"a binding", reads{"", "v1", "configmaps", "ns", "x"}, admissionregistration.ValidatingAdmissionPolicyBinding, nil, bound("p", ref), ""},
		{"of whom may not", reads{"", "v1", "configmaps", "ns", "y"}, admissionregistration.ValidatingAdmissionPolicyBinding, nil, bound("p", ref), one},
		{"of another policy", reads{}, admissionregistration.MutatingAdmissionPolicyBinding, mutated("q", ref), mutated("p", ref), one},
		{"of one that is not there", reads{"*", "*", "*", "ns", "x"}, admissionregistration.MutatingAdmissionPolicyBinding, nil, mutated("q", ref), ""},
		{"of the other kind", reads{"example.com", "v1", "*", "ns", "x"}, admissionregistration.MutatingAdmissionPolicyBinding, nil, mutated("p", ref), ""},
		{"as it was", reads{}, admissionregistration.ValidatingAdmissionPolicyBinding, bound("p", ref), bound("p", ref.DeepCopy()), ""},
		{"without", reads{}, admissionregistration.ValidatingAdmissionPolicyBinding, nil, bound("p", nil), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := create(tt.r, tt.now)
			if tt.old != nil {
				r.Operation, r.Old = Update, tt.old
			}
			p := PolicyParams{Reader: reader, Authorizer: tt.reads}
			if tt.want == "" {
				pass(t, p, r)
			} else {
				refuse(t, p, r, tt.want)
			}
		})
	}
	status := create(admissionregistration.ValidatingAdmissionPolicy, validating(settings))
	status.Subresource, status.Operation = "status", Update
	pass(t, PolicyParams{Reader: reader, Authorizer: reads{}}, status)
}
