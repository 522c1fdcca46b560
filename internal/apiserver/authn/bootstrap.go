package authn

import (
	"context"
	"crypto/subtle"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/api"
	"skiff/internal/api/core"
	"skiff/internal/pki"
)

// BootstrapTokens authenticates nodes that are joining, by the tokens that lie
// as Secrets in kube-system.
type BootstrapTokens struct{ Reader api.Reader }

// AuthenticateToken implements TokenAuthenticator.
func (b BootstrapTokens) AuthenticateToken(ctx context.Context, token string, audiences []string) (*User, []string, error) {
	id, secret, ok := pki.SplitBootstrapToken(token)
	if !ok || len(audiences) > 0 {
		return nil, nil, nil
	}
	obj, err := b.Reader.Get(ctx, core.Secret, metav1.NamespaceSystem, pki.BootstrapTokenPrefix+id)
	if apierrors.IsNotFound(err) {
		return nil, nil, errInvalidToken
	}
	if err != nil {
		return nil, nil, err
	}
	stored, err := pki.ReadBootstrapToken(obj.(*corev1.Secret), time.Now())
	if err != nil {
		return nil, nil, err
	}
	if obj.GetDeletionTimestamp() != nil || subtle.ConstantTimeCompare([]byte(stored.Secret), []byte(secret)) != 1 {
		return nil, nil, errInvalidToken
	}
	if !stored.Authenticates() {
		return nil, nil, errors.New("bootstrap token " + id + " may not be used to authenticate")
	}
	return &User{Name: pki.BootstrapUserPrefix + id, Groups: stored.Groups}, nil, nil
}
