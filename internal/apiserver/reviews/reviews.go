// Package reviews answers the kinds that are questions: whose token is this
// (TokenReview), who am I (SelfSubjectReview), may this be done
// (SubjectAccessReview and its kin), and what may I do
// (SelfSubjectRulesReview). Nothing of it is stored.
package reviews

import (
	"context"
	"slices"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"skiff/internal/api"
	"skiff/internal/api/authentication"
	"skiff/internal/api/authorization"
	"skiff/internal/apiserver"
	"skiff/internal/apiserver/authn"
	"skiff/internal/apiserver/authz"
)

// Rules lists what a user may do: *authz.RBAC.
type Rules interface {
	RulesFor(ctx context.Context, user *authn.User, namespace string) ([]rbacv1.PolicyRule, error)
}

// Reviewer answers reviews.
type Reviewer struct {
	Tokens     authn.TokenAuthenticator
	Authorizer authz.Authorizer
	Rules      Rules
	// Audiences are the API server's own.
	Audiences []string
}

// Reviews are the answers by resource, as apiserver.Config wants them.
func (r *Reviewer) Reviews() map[schema.GroupResource]apiserver.ReviewFunc {
	return map[schema.GroupResource]apiserver.ReviewFunc{
		authentication.TokenReview.GroupResource():             r.token,
		authentication.SelfSubjectReview.GroupResource():       r.self,
		authorization.SubjectAccessReview.GroupResource():      r.access,
		authorization.LocalSubjectAccessReview.GroupResource(): r.localAccess,
		authorization.SelfSubjectAccessReview.GroupResource():  r.selfAccess,
		authorization.SelfSubjectRulesReview.GroupResource():   r.rules,
	}
}

func (r *Reviewer) token(ctx context.Context, _ *apiserver.Call, obj api.Object) (api.Object, error) {
	review := obj.DeepCopyObject().(*authenticationv1.TokenReview)
	if review.Spec.Token == "" {
		return nil, apierrors.NewBadRequest("token is required for TokenReview in authentication")
	}
	audiences := review.Spec.Audiences
	if len(audiences) == 0 {
		audiences = r.Audiences
	}
	asked := audiences
	if slices.Equal(audiences, r.Audiences) {
		asked = nil // also tokens that know of no audience
	}
	user, found, err := r.Tokens.AuthenticateToken(ctx, review.Spec.Token, asked)
	review.Status = authenticationv1.TokenReviewStatus{Authenticated: user != nil && err == nil}
	if err != nil {
		review.Status.Error = err.Error()
	}
	if review.Status.Authenticated {
		review.Status.User = userInfo(user)
		review.Status.Audiences = found
		if len(found) == 0 {
			review.Status.Audiences = audiences
		}
	}
	return review, nil
}

// self answers without what was sent, which says nothing.
func (r *Reviewer) self(_ context.Context, c *apiserver.Call, _ api.Object) (api.Object, error) {
	return &authenticationv1.SelfSubjectReview{
		ObjectMeta: metav1.ObjectMeta{CreationTimestamp: metav1.Now()},
		Status:     authenticationv1.SelfSubjectReviewStatus{UserInfo: userInfo(c.User)},
	}, nil
}

func userInfo(u *authn.User) authenticationv1.UserInfo {
	info := authenticationv1.UserInfo{Username: u.Name, UID: u.UID, Groups: u.Groups}
	for k, v := range u.Extra {
		if info.Extra == nil {
			info.Extra = map[string]authenticationv1.ExtraValue{}
		}
		info.Extra[k] = v
	}
	return info
}

func (r *Reviewer) rules(ctx context.Context, c *apiserver.Call, obj api.Object) (api.Object, error) {
	review := obj.DeepCopyObject().(*authorizationv1.SelfSubjectRulesReview)
	if review.Spec.Namespace == "" {
		return nil, apierrors.NewBadRequest("no namespace on request")
	}
	rules, err := r.Rules.RulesFor(ctx, c.User, review.Spec.Namespace)
	// Nodes and masters may do things that no rule says.
	status := authorizationv1.SubjectRulesReviewStatus{
		ResourceRules: []authorizationv1.ResourceRule{}, NonResourceRules: []authorizationv1.NonResourceRule{},
	}
	_, node := authz.NodeName(c.User)
	status.Incomplete = err != nil || node
	if err != nil {
		status.EvaluationError = err.Error()
	}
	for _, rule := range rules {
		if len(rule.Resources) > 0 {
			status.ResourceRules = append(status.ResourceRules, authorizationv1.ResourceRule{
				Verbs: rule.Verbs, APIGroups: rule.APIGroups, Resources: rule.Resources, ResourceNames: rule.ResourceNames,
			})
		}
		if len(rule.NonResourceURLs) > 0 {
			status.NonResourceRules = append(status.NonResourceRules, authorizationv1.NonResourceRule{
				Verbs: rule.Verbs, NonResourceURLs: rule.NonResourceURLs,
			})
		}
	}
	review.Status = status
	return review, nil
}
