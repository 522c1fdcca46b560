package reviews

import (
	"context"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/apiserver"
	"skiff/internal/apiserver/authn"
	"skiff/internal/apiserver/authz"
)

func (r *Reviewer) access(ctx context.Context, _ *apiserver.Call, obj api.Object) (api.Object, error) {
	review := obj.DeepCopyObject().(*authorizationv1.SubjectAccessReview)
	if errs := validateSubject(&review.Spec); len(errs) > 0 {
		return nil, invalid("SubjectAccessReview", errs)
	}
	review.Status = r.decide(ctx, subject(&review.Spec), review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes)
	return review, nil
}

func (r *Reviewer) localAccess(ctx context.Context, c *apiserver.Call, obj api.Object) (api.Object, error) {
	review := obj.DeepCopyObject().(*authorizationv1.LocalSubjectAccessReview)
	errs := validateSubject(&review.Spec)
	spec := field.NewPath("spec")
	if a := review.Spec.ResourceAttributes; a != nil && a.Namespace != c.Namespace {
		errs = append(errs, field.Invalid(spec.Child("resourceAttributes", "namespace"), a.Namespace, "must match metadata.namespace"))
	}
	if review.Spec.NonResourceAttributes != nil {
		errs = append(errs, field.Invalid(spec.Child("nonResourceAttributes"), review.Spec.NonResourceAttributes, "disallowed on this kind of request"))
	}
	if len(errs) > 0 {
		return nil, invalid("LocalSubjectAccessReview", errs)
	}
	review.Status = r.decide(ctx, subject(&review.Spec), review.Spec.ResourceAttributes, nil)
	return review, nil
}

func (r *Reviewer) selfAccess(ctx context.Context, c *apiserver.Call, obj api.Object) (api.Object, error) {
	review := obj.DeepCopyObject().(*authorizationv1.SelfSubjectAccessReview)
	if err := validateWhat(review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes); err != nil {
		return nil, invalid("SelfSubjectAccessReview", field.ErrorList{err})
	}
	review.Status = r.decide(ctx, c.User, review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes)
	return review, nil
}

// decide asks the authorizer as it is asked for a request.
func (r *Reviewer) decide(ctx context.Context, user *authn.User, resource *authorizationv1.ResourceAttributes, path *authorizationv1.NonResourceAttributes) authorizationv1.SubjectAccessReviewStatus {
	attributes := authz.Attributes{User: user}
	if path != nil {
		attributes.Verb, attributes.Path = path.Verb, path.Path
	}
	if resource != nil {
		attributes.Verb, attributes.Group, attributes.Version = resource.Verb, resource.Group, resource.Version
		attributes.Resource, attributes.Subresource = resource.Resource, resource.Subresource
		attributes.Namespace, attributes.Name = resource.Namespace, resource.Name
		attributes.FieldSelector = fieldSelector(resource.FieldSelector)
	}
	decision, reason, err := r.Authorizer.Authorize(ctx, attributes)
	status := authorizationv1.SubjectAccessReviewStatus{
		Allowed: decision == authz.Allow, Denied: decision == authz.Deny, Reason: reason,
	}
	if err != nil {
		status.EvaluationError = err.Error()
	}
	return status
}

// fieldSelector reads what can be said by equality; the rest narrows nothing,
// which is the safe side.
func fieldSelector(f *authorizationv1.FieldSelectorAttributes) fields.Selector {
	if f == nil {
		return nil
	}
	if f.RawSelector != "" {
		selector, err := fields.ParseSelector(f.RawSelector)
		if err != nil {
			return nil
		}
		return selector
	}
	var terms []fields.Selector
	for _, requirement := range f.Requirements {
		if requirement.Operator == metav1.FieldSelectorOpIn && len(requirement.Values) == 1 {
			terms = append(terms, fields.OneTermEqualSelector(requirement.Key, requirement.Values[0]))
		}
	}
	if len(terms) == 0 {
		return nil
	}
	return fields.AndSelectors(terms...)
}

func subject(s *authorizationv1.SubjectAccessReviewSpec) *authn.User {
	u := &authn.User{Name: s.User, UID: s.UID, Groups: s.Groups}
	for k, v := range s.Extra {
		if u.Extra == nil {
			u.Extra = map[string][]string{}
		}
		u.Extra[k] = v
	}
	return u
}

func validateSubject(s *authorizationv1.SubjectAccessReviewSpec) (errs field.ErrorList) {
	if err := validateWhat(s.ResourceAttributes, s.NonResourceAttributes); err != nil {
		errs = append(errs, err)
	}
	if s.User == "" && len(s.Groups) == 0 {
		errs = append(errs, field.Invalid(field.NewPath("spec", "user"), s.User, "at least one of user or group must be specified"))
	}
	return errs
}

func validateWhat(resource *authorizationv1.ResourceAttributes, path *authorizationv1.NonResourceAttributes) *field.Error {
	spec := field.NewPath("spec")
	switch {
	case resource != nil && path != nil:
		return field.Invalid(spec.Child("nonResourceAttributes"), path, "cannot be specified in combination with resourceAttributes")
	case resource == nil && path == nil:
		return field.Invalid(spec.Child("resourceAttributes"), resource, "exactly one of nonResourceAttributes or resourceAttributes must be specified")
	}
	return nil
}

func invalid(kind string, errs field.ErrorList) error {
	return apierrors.NewInvalid(authorizationv1.SchemeGroupVersion.WithKind(kind).GroupKind(), "", errs)
}
