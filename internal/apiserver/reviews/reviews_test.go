package reviews

import (
	"context"
	"errors"
	"fmt"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/yaml"

	"skiff/internal/api"
	"skiff/internal/api/authentication"
	"skiff/internal/api/authorization"
	"skiff/internal/apiserver"
	"skiff/internal/apiserver/authn"
	"skiff/internal/apiserver/authz"
)

// listener denies everything, and keeps what it was asked.
type listener struct {
	asked authz.Attributes
	err   error
}

func (l *listener) Authorize(_ context.Context, a authz.Attributes) (authz.Decision, string, error) {
	l.asked = a
	return authz.Deny, "no", l.err
}

func answer(t *testing.T, r *Reviewer, kind *api.Resource, text string) (api.Object, error) {
	t.Helper()
	o := kind.New()
	if err := yaml.UnmarshalStrict([]byte(text), o); err != nil {
		t.Fatal(err)
	}
	return r.Reviews()[kind.GroupResource()](t.Context(), &apiserver.Call{User: authn.NewUser("ann")}, o)
}

func TestWhatIsAskedOfTheAuthorizer(t *testing.T) {
	l := &listener{}
	r := &Reviewer{Authorizer: l}
	const resource = "resourceAttributes: {verb: get, group: g, version: v, resource: r, subresource: s, namespace: ns, name: x}"
	for _, c := range []struct {
		kind       *api.Resource
		spec, want string
	}{
		{authorization.SubjectAccessReview, "user: bob, uid: u, groups: [g], extra: {k: [v]}, " + resource, "bob u [g] map[k:[v]] get g/v/r/s ns/x "},
		{authorization.LocalSubjectAccessReview, "user: bob, resourceAttributes: {verb: get, resource: r}", "bob  [] map[] get /*/r/ / "},
		{authorization.SelfSubjectAccessReview, resource, "ann  [system:authenticated] map[] get g/v/r/s ns/x "},
		{authorization.SelfSubjectAccessReview, "nonResourceAttributes: {verb: get, path: /x}", "ann  [system:authenticated] map[] get /// / /x"},
	} {
		if _, err := answer(t, r, c.kind, "{spec: {"+c.spec+"}}"); err != nil {
			t.Error(err)
		}
		a := l.asked
		got := fmt.Sprintf("%s %s %v %v %s %s/%s/%s/%s %s/%s %s", a.User.Name, a.User.UID, a.User.Groups, a.User.Extra,
			a.Verb, a.Group, a.Version, a.Resource, a.Subresource, a.Namespace, a.Name, a.Path)
		if got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.spec, got, c.want)
		}
	}
}

func TestSelectorsThatCannotBeRead(t *testing.T) {
	const (
		fieldsIgnored = "spec.resourceAttributes.fieldSelector ignored due to parse error"
		fieldsPartly  = "spec.resourceAttributes.fieldSelector partially ignored due to parse error"
		labelsIgnored = "spec.resourceAttributes.labelSelector ignored due to parse error"
		labelsPartly  = "spec.resourceAttributes.labelSelector partially ignored due to parse error"
	)
	for _, c := range []struct{ attributes, selector, ignored string }{
		{"", "<nil>", ""},
		{"fieldSelector: {rawSelector: 'a=b,c!=d'}", "a=b,c!=d", ""},
		{"fieldSelector: {rawSelector: a}", "<nil>", fieldsIgnored},
		{"fieldSelector: {requirements: [{key: a, operator: In, values: [b]}, {key: c, operator: NotIn, values: [d]}]}", "a=b,c!=d", ""},
		{"fieldSelector: {requirements: [{key: a, operator: In, values: [b]}, {key: c, operator: Exists}]}", "a=b", fieldsPartly},
		{"fieldSelector: {requirements: [{key: a, operator: In, values: [b, c]}]}", "<nil>", fieldsIgnored},
		{"fieldSelector: {requirements: [{key: a, operator: Resembles, values: [b]}]}", "<nil>", fieldsIgnored},
		{"labelSelector: {rawSelector: 'a in (b,c)'}", "<nil>", ""},
		{"labelSelector: {rawSelector: 'a in'}", "<nil>", labelsIgnored},
		{"labelSelector: {requirements: [{key: a, operator: In, values: [b, c]}, {key: a, operator: Exists}]}", "<nil>", ""},
		{"labelSelector: {requirements: [{key: a, operator: Resembles}, {key: a, operator: Exists}]}", "<nil>", labelsPartly},
		{"labelSelector: {requirements: [{key: a, operator: Resembles}]}, fieldSelector: {rawSelector: a}", "<nil>", fieldsIgnored + "; " + labelsIgnored},
	} {
		l := &listener{}
		o, err := answer(t, &Reviewer{Authorizer: l}, authorization.SelfSubjectAccessReview, "{spec: {resourceAttributes: {"+c.attributes+"}}}")
		if err != nil {
			t.Fatal(err)
		}
		status := o.(*authorizationv1.SelfSubjectAccessReview).Status
		if got := fmt.Sprint(l.asked.FieldSelector); got != c.selector || status.EvaluationError != c.ignored {
			t.Errorf("%s: %s, %q; want %s, %q", c.attributes, got, status.EvaluationError, c.selector, c.ignored)
		}
	}
	l := &listener{err: errors.New("broken")}
	o, err := answer(t, &Reviewer{Authorizer: l}, authorization.SelfSubjectAccessReview, "{spec: {resourceAttributes: {fieldSelector: {rawSelector: a}}}}")
	if err != nil {
		t.Fatal(err)
	}
	want := authorizationv1.SubjectAccessReviewStatus{Denied: true, Reason: "no", EvaluationError: "broken; " + fieldsIgnored}
	if got := o.(*authorizationv1.SelfSubjectAccessReview).Status; got != want {
		t.Errorf("%+v", got)
	}
}

func TestWhoAmI(t *testing.T) {
	o, err := answer(t, &Reviewer{}, authentication.SelfSubjectReview, "{metadata: {name: x, labels: {a: b}}}")
	if err != nil {
		t.Fatal(err)
	}
	got := o.(*authenticationv1.SelfSubjectReview)
	if got.Name != "" || got.Labels != nil || got.CreationTimestamp.IsZero() || got.Status.UserInfo.Username != "ann" {
		t.Errorf("%+v", got)
	}
}

func TestBadRequests(t *testing.T) {
	for kind, want := range map[*api.Resource]string{
		authentication.TokenReview:           "token is required for TokenReview in authentication",
		authorization.SelfSubjectRulesReview: "no namespace on request",
	} {
		if _, err := answer(t, &Reviewer{}, kind, "{}"); !apierrors.IsBadRequest(err) || err.Error() != want {
			t.Errorf("%s: %v", kind.Kind, err)
		}
	}
}
