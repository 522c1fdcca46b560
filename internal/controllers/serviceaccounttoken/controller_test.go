package serviceaccounttoken

import (
	"context"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"skiff/internal/apiserver/apitest"
	"skiff/internal/apiserver/apitest/cluster"
)

func secretFor(name, account string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{corev1.ServiceAccountNameKey: account}},
		Type:       corev1.SecretTypeServiceAccountToken,
	}
}

// TestTokenSecrets is against the real API, as the controller manager: what the
// Secret is filled with authenticates, and no longer than the Secret is there.
func TestTokenSecrets(t *testing.T) {
	s := cluster.Start(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- New(kubernetes.NewForConfigOrDie(s.Config("system:kube-controller-manager")), []byte("CA")).Run(ctx)
	}()
	defer func() { cancel(); <-ended }()

	kube := kubernetes.NewForConfigOrDie(s.Admin())
	secrets := kube.CoreV1().Secrets("default")
	create := func(secret *corev1.Secret) {
		t.Helper()
		if _, err := secrets.Create(ctx, secret, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	account, err := kube.CoreV1().ServiceAccounts("default").Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "robot"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	create(secretFor("good", "robot"))
	create(secretFor("lost", "nobody"))

	var filled *corev1.Secret
	apitest.Eventually(t, "the secret has a token", func(ctx context.Context) bool {
		filled, err = secrets.Get(ctx, "good", metav1.GetOptions{})
		return err == nil && len(filled.Data["token"]) > 0
	})
	if string(filled.Data["ca.crt"]) != "CA" || string(filled.Data["namespace"]) != "default" || filled.Annotations[corev1.ServiceAccountUIDKey] != string(account.UID) {
		t.Errorf("%+v", filled)
	}
	apitest.Eventually(t, "the secret of no account is gone", func(ctx context.Context) bool {
		_, err := secrets.Get(ctx, "lost", metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})

	review := func() authenticationv1.TokenReviewStatus {
		t.Helper()
		r := &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: string(filled.Data["token"])}}
		r, err := kube.AuthenticationV1().TokenReviews().Create(ctx, r, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return r.Status
	}
	if got := review(); !got.Authenticated || got.User.Username != "system:serviceaccount:default:robot" {
		t.Errorf("%+v", got)
	}
	if err := secrets.Delete(ctx, "good", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if review().Authenticated {
		t.Error("the token outlives its Secret")
	}
}
