package builtin_test

import (
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"skiff/internal/pki"
)

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestAnonymousSeesLittle(t *testing.T) {
	c := start(t)
	anyone := client(t, c.bearer(""))
	if _, err := anyone.ServerVersion(); err != nil {
		t.Errorf("/version: %v", err)
	}
	if _, err := anyone.RESTClient().Get().AbsPath("/readyz").DoRaw(t.Context()); err != nil {
		t.Errorf("/readyz: %v", err)
	}
	if _, err := anyone.CoreV1().ConfigMaps("kube-public").Get(t.Context(), "cluster-info", metav1.GetOptions{}); err != nil {
		t.Errorf("cluster-info: %v", err)
	}
	_, err := anyone.CoreV1().Pods("default").List(t.Context(), metav1.ListOptions{})
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), `User "system:anonymous" cannot list resource "pods" in API group "" in the namespace "default"`) {
		t.Errorf("pods: %v", err)
	}
	if _, err := client(t, c.bearer("nonsense")).ServerVersion(); !apierrors.IsUnauthorized(err) {
		t.Errorf("a token nobody made: %v", err)
	}
}

func TestRolesDecide(t *testing.T) {
	ctx, c := t.Context(), start(t)
	admin, ann := c.admin(t), client(t, c.config(t, "ann", "devs"))
	if _, err := ann.CoreV1().ConfigMaps("default").List(ctx, metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("without a role: %v", err)
	}
	must[*rbacv1.RoleBinding](t)(admin.RbacV1().RoleBindings("default").Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "viewers"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "system:aggregate-to-view"},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "Group", Name: "devs"}},
	}, metav1.CreateOptions{}))
	if _, err := ann.CoreV1().ConfigMaps("default").List(ctx, metav1.ListOptions{}); err != nil {
		t.Errorf("with the role: %v", err)
	}
	must[*rbacv1.RoleBinding](t)(admin.RbacV1().RoleBindings("default").Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "rolewriters"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "system:aggregate-to-admin"},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: "ann"}},
	}, metav1.CreateOptions{}))
	_, err := ann.RbacV1().Roles("default").Create(ctx, &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Name: "more"},
		Rules:      []rbacv1.PolicyRule{{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{"secrets"}}},
	}, metav1.CreateOptions{})
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), `is attempting to grant RBAC permissions not currently held:`+"\n"+`{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}`) {
		t.Errorf("granting what one has not: %v", err)
	}
	review := must[*authorizationv1.SelfSubjectAccessReview](t)(ann.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{
		Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: "default", Verb: "list", Resource: "configmaps"}},
	}, metav1.CreateOptions{}))
	if !review.Status.Allowed || !strings.Contains(review.Status.Reason, "RBAC: allowed by RoleBinding") {
		t.Errorf("%+v", review.Status)
	}
	rules := must[*authorizationv1.SelfSubjectRulesReview](t)(ann.AuthorizationV1().SelfSubjectRulesReviews().Create(ctx, &authorizationv1.SelfSubjectRulesReview{
		Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: "default"},
	}, metav1.CreateOptions{}))
	if len(rules.Status.ResourceRules) < 10 || len(rules.Status.NonResourceRules) == 0 {
		t.Errorf("%+v", rules.Status)
	}
	whoami := must[*authenticationv1.SelfSubjectReview](t)(ann.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{}))
	if whoami.Status.UserInfo.Username != "ann" || strings.Join(whoami.Status.UserInfo.Groups, " ") != "devs system:authenticated" {
		t.Errorf("%+v", whoami.Status)
	}
}

func TestServiceAccountTokens(t *testing.T) {
	ctx, c := t.Context(), start(t)
	admin := c.admin(t)
	account := must[*corev1.ServiceAccount](t)(admin.CoreV1().ServiceAccounts("default").Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}, metav1.CreateOptions{}))
	pod := must[*corev1.Pod](t)(admin.CoreV1().Pods("default").Create(ctx, simplePod("p"), metav1.CreateOptions{}))
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		ExpirationSeconds: ptr.To[int64](3607),
		BoundObjectRef:    &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: "p", UID: pod.UID},
	}}
	token := must[*authenticationv1.TokenRequest](t)(admin.CoreV1().ServiceAccounts("default").CreateToken(ctx, "default", request, metav1.CreateOptions{})).Status.Token

	self := client(t, c.bearer(token))
	whoami := must[*authenticationv1.SelfSubjectReview](t)(self.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{}))
	if u := whoami.Status.UserInfo; u.Username != "system:serviceaccount:default:default" || u.UID != string(account.UID) || u.Extra["authentication.kubernetes.io/pod-name"][0] != "p" {
		t.Errorf("%+v", u)
	}
	review := must[*authenticationv1.TokenReview](t)(admin.AuthenticationV1().TokenReviews().Create(ctx, &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token}}, metav1.CreateOptions{}))
	if !review.Status.Authenticated || len(review.Status.Audiences) != 1 {
		t.Errorf("%+v", review.Status)
	}
	if err := admin.CoreV1().Pods("default").Delete(ctx, "p", metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)}); err != nil {
		t.Fatal(err)
	}
	if _, err := self.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{}); !apierrors.IsUnauthorized(err) {
		t.Errorf("the token outlives its pod: %v", err)
	}
	request.Spec.ExpirationSeconds = ptr.To[int64](60)
	request.Spec.BoundObjectRef = nil
	if _, err := admin.CoreV1().ServiceAccounts("default").CreateToken(ctx, "default", request, metav1.CreateOptions{}); !apierrors.IsInvalid(err) {
		t.Errorf("a token of a minute: %v", err)
	}
}

func TestBootstrapTokensJoin(t *testing.T) {
	ctx, c := t.Context(), start(t)
	join := must[pki.JoinToken](t)(pki.NewJoinToken(c.pki.CA))
	if err := pki.CreateBootstrapToken(ctx, c.admin(t), join, 0, ""); err != nil {
		t.Fatal(err)
	}
	config, err := pki.Join(ctx, c.url, join, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	whoami := must[*authenticationv1.SelfSubjectReview](t)(client(t, config).AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{}))
	if whoami.Status.UserInfo.Username != "system:bootstrap:"+join.ID {
		t.Errorf("%+v", whoami.Status)
	}
	if _, err := client(t, config).CoreV1().Secrets("kube-system").List(ctx, metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("a joining node reads secrets: %v", err)
	}
}

func simplePod(name string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": name}}, Spec: corev1.PodSpec{
		Containers: []corev1.Container{{Name: "c", Image: "nginx"}},
	}}
}
