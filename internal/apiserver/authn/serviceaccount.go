package authn

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/api"
	"skiff/internal/api/core"
	"skiff/internal/apiserver/serviceaccount"
)

// ServiceAccounts authenticates by service account tokens. A token holds as
// long as the account and what it is bound to do: that is looked up each time.
// Only the signature is remembered.
type ServiceAccounts struct {
	Issuer *serviceaccount.Issuer
	Reader api.Reader

	signed memo[*serviceaccount.Claims]
}

// deletionLeeway is how long the token of a pod outlives the pod's grace: its
// last requests may still be under way.
const deletionLeeway = 60 * time.Second

// AuthenticateToken implements TokenAuthenticator.
func (s *ServiceAccounts) AuthenticateToken(ctx context.Context, token string, audiences []string) (*User, []string, error) {
	if len(audiences) == 0 {
		audiences = s.Issuer.Audiences
	}
	claims, found, err := s.verify(token, audiences)
	if errors.Is(err, serviceaccount.ErrNotOurs) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	user, err := s.user(ctx, claims)
	return user, found, err
}

func (s *ServiceAccounts) verify(token string, audiences []string) (*serviceaccount.Claims, []string, error) {
	key, now := sha256.Sum256([]byte(token)), time.Now()
	if claims, ok := s.signed.get(key); ok {
		if found, err := claims.For(audiences, now); err == nil {
			return claims, found, nil
		}
	}
	claims, found, err := s.Issuer.Verify(token, audiences, now)
	if err == nil {
		s.signed.put(key, claims)
	}
	return claims, found, err
}

// user checks that the account and all the token is bound to still exist.
func (s *ServiceAccounts) user(ctx context.Context, c *serviceaccount.Claims) (*User, error) {
	k := c.Kubernetes
	account, err := s.live(ctx, core.ServiceAccount, k.Namespace, k.ServiceAccount)
	if err != nil {
		return nil, err
	}
	u := &User{
		Name: serviceaccount.UserName(k.Namespace, k.ServiceAccount.Name), UID: string(account.GetUID()),
		Groups: append(serviceaccount.Groups(k.Namespace), Authenticated),
		Extra:  map[string][]string{CredentialIDKey: {"JTI=" + c.ID}},
	}
	if k.Secret != nil {
		if _, err := s.live(ctx, core.Secret, k.Namespace, *k.Secret); err != nil {
			return nil, err
		}
	}
	if k.Pod != nil {
		if _, err := s.live(ctx, core.Pod, k.Namespace, *k.Pod); err != nil {
			return nil, err
		}
		u.Extra[PodNameKey], u.Extra[PodUIDKey] = []string{k.Pod.Name}, []string{string(k.Pod.UID)}
	}
	if k.Node != nil {
		// A pod outlives a Node object that is made anew: the node is only
		// checked for tokens bound to it alone.
		if k.Pod == nil {
			if _, err := s.live(ctx, core.Node, "", *k.Node); err != nil {
				return nil, err
			}
		}
		u.Extra[NodeNameKey] = []string{k.Node.Name}
		if k.Node.UID != "" {
			u.Extra[NodeUIDKey] = []string{string(k.Node.UID)}
		}
	}
	return u, nil
}

func (s *ServiceAccounts) live(ctx context.Context, r *api.Resource, namespace string, ref serviceaccount.Ref) (metav1.Object, error) {
	obj, err := s.Reader.Get(ctx, r, namespace, ref.Name)
	if apierrors.IsNotFound(err) || err == nil && obj.GetUID() != ref.UID {
		return nil, fmt.Errorf("the token's %s %q is not there any more", r.Singular, ref.Name)
	}
	if err != nil {
		return nil, err
	}
	if d := obj.GetDeletionTimestamp(); d != nil && time.Now().After(d.Add(deletionLeeway)) {
		return nil, fmt.Errorf("the token's %s %q has been deleted", r.Singular, ref.Name)
	}
	return obj, nil
}
