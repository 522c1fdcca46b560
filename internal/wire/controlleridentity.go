package wire

import (
	"context"
	"time"

	"golang.org/x/oauth2"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/transport"
)

// controllerTokenSeconds is how long a controller's token holds; it is asked
// for anew before that.
const controllerTokenSeconds = 3600

// controllerIdentities returns the identity of each controller, when they do
// not run beside the API server: its service account in kube-system, whose
// tokens system:kube-controller-manager may ask for, and little else.
func controllerIdentities(ctx context.Context, manager *rest.Config) (func(name string) *rest.Config, error) {
	kube, err := kubernetes.NewForConfig(manager)
	if err != nil {
		return nil, err
	}
	return func(name string) *rest.Config {
		as := rest.AnonymousClientConfig(manager)
		tokens := transport.NewCachedTokenSource(&controllerToken{ctx, kube, name})
		as.Wrap(transport.ResettableTokenSourceWrapTransport(tokens))
		return as
	}, nil
}

// controllerToken asks for tokens of one controller's service account.
type controllerToken struct {
	ctx  context.Context
	kube kubernetes.Interface
	name string
}

// Token makes the service account if it is not there yet.
func (t *controllerToken) Token() (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(t.ctx, 30*time.Second)
	defer cancel()
	token, err := t.request(ctx)
	if apierrors.IsNotFound(err) {
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: t.name, Namespace: metav1.NamespaceSystem}}
		_, err = t.kube.CoreV1().ServiceAccounts(metav1.NamespaceSystem).Create(ctx, account, metav1.CreateOptions{})
		if err == nil || apierrors.IsAlreadyExists(err) {
			token, err = t.request(ctx)
		}
	}
	if err != nil {
		return nil, err
	}
	return &oauth2.Token{AccessToken: token.Status.Token, TokenType: "Bearer", Expiry: token.Status.ExpirationTimestamp.Time}, nil
}

func (t *controllerToken) request(ctx context.Context) (*authenticationv1.TokenRequest, error) {
	seconds := int64(controllerTokenSeconds)
	return t.kube.CoreV1().ServiceAccounts(metav1.NamespaceSystem).CreateToken(ctx, t.name,
		&authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}, metav1.CreateOptions{})
}
