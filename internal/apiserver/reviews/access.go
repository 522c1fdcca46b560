package reviews

import (
	"context"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"

	"skiff/internal/api"
	"skiff/internal/apiserver"
	"skiff/internal/apiserver/authn"
	"skiff/internal/apiserver/authz"
)

func (r *Reviewer) access(ctx context.Context, _ *apiserver.Call, obj api.Object) (api.Object, error) {
	review := obj.DeepCopyObject().(*authorizationv1.SubjectAccessReview)
	review.Status = r.decide(ctx, subject(&review.Spec), review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes)
	return review, nil
}

func (r *Reviewer) localAccess(ctx context.Context, _ *apiserver.Call, obj api.Object) (api.Object, error) {
	review := obj.DeepCopyObject().(*authorizationv1.LocalSubjectAccessReview)
	review.Status = r.decide(ctx, subject(&review.Spec), review.Spec.ResourceAttributes, nil)
	return review, nil
}

func (r *Reviewer) selfAccess(ctx context.Context, c *apiserver.Call, obj api.Object) (api.Object, error) {
	review := obj.DeepCopyObject().(*authorizationv1.SelfSubjectAccessReview)
	review.Status = r.decide(ctx, c.User, review.Spec.ResourceAttributes, review.Spec.NonResourceAttributes)
	return review, nil
}

// decide asks the authorizer as it is asked for a request.
func (r *Reviewer) decide(ctx context.Context, user *authn.User, resource *authorizationv1.ResourceAttributes, path *authorizationv1.NonResourceAttributes) authorizationv1.SubjectAccessReviewStatus {
	attributes := authz.Attributes{User: user}
	if path != nil {
		attributes.Verb, attributes.Path = path.Verb, path.Path
	}
	var ignored []string
	if resource != nil {
		attributes, ignored = resourceAttributes(user, resource)
	}
	decision, reason, err := r.Authorizer.Authorize(ctx, attributes)
	status := authorizationv1.SubjectAccessReviewStatus{
		Allowed: decision == authz.Allow, Denied: decision == authz.Deny, Reason: reason,
	}
	if err != nil {
		ignored = append([]string{err.Error()}, ignored...)
	}
	status.EvaluationError = strings.Join(ignored, "; ")
	return status
}

// resourceAttributes are those of a request for a resource, and what of its
// selectors they leave out.
func resourceAttributes(user *authn.User, r *authorizationv1.ResourceAttributes) (authz.Attributes, []string) {
	a := authz.Attributes{
		User: user, Verb: r.Verb, Group: r.Group, Version: r.Version, Resource: r.Resource, Subresource: r.Subresource,
		Namespace: r.Namespace, Name: r.Name,
	}
	if a.Version == "" {
		a.Version = "*"
	}
	var ignored []string
	selector, left := fieldSelector(r.FieldSelector)
	a.FieldSelector = selector
	for _, s := range []struct{ name, left string }{{"fieldSelector", left}, {"labelSelector", unreadLabels(r.LabelSelector)}} {
		if s.left != "" {
			ignored = append(ignored, "spec.resourceAttributes."+s.name+" "+s.left+" due to parse error")
		}
	}
	return a, ignored
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
