// Package serviceaccounttoken fills Secrets of the type
// kubernetes.io/service-account-token, by which users ask for a token that
// does not expire: with the token, the root CA and the namespace.
//
// The token is bound to the Secret, so it ends with it. The Secret is made a
// dependant of its ServiceAccount, so it goes when that does; one for an
// account that is not there is removed.
//
// It reads Secrets of that type only; it owns their data.
package serviceaccounttoken

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/utils/ptr"

	"skiff/internal/client"
	"skiff/internal/reconcile"
)

// forEver is the longest that a token can be asked for: 136 years.
const forEver = int64(1) << 32

// Controller reconciles Secrets.
type Controller struct {
	kube    kubernetes.Interface
	factory *client.Informers
	secrets corelisters.SecretLister
	ca      []byte
	loop    *reconcile.Loop[reconcile.Key]
}

// New makes the controller; ca is the root CA in PEM, or nil.
func New(kube kubernetes.Interface, ca []byte) *Controller {
	ofType := fields.OneTermEqualSelector("type", string(corev1.SecretTypeServiceAccountToken)).String()
	factory := client.NewInformers(kube).Where(ofType)
	secrets := factory.Secrets()
	c := &Controller{kube: kube, factory: factory, secrets: secrets.Lister(), ca: ca}
	c.loop = reconcile.New("serviceaccount-token", c.reconcile)
	reconcile.OnChange(secrets.Informer(), func(s *corev1.Secret) { c.loop.Add(reconcile.KeyOf(s)) })
	return c
}

// Run reconciles until ctx ends.
func (c *Controller) Run(ctx context.Context) error {
	defer c.factory.Shutdown()
	if err := c.factory.Sync(ctx); err != nil {
		return err
	}
	return c.loop.Run(ctx, 1)
}

func (c *Controller) reconcile(ctx context.Context, key reconcile.Key) error {
	secret, err := c.secrets.Secrets(key.Namespace).Get(key.Name)
	if err != nil || secret.DeletionTimestamp != nil || secret.Type != corev1.SecretTypeServiceAccountToken {
		return reconcile.IgnoreNotFound(err)
	}
	account, err := c.kube.CoreV1().ServiceAccounts(key.Namespace).Get(ctx, secret.Annotations[corev1.ServiceAccountNameKey], metav1.GetOptions{})
	if apierrors.IsNotFound(err) || err == nil && !meantFor(secret, account) {
		err := c.kube.CoreV1().Secrets(key.Namespace).Delete(ctx, key.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &secret.UID}})
		return reconcile.IgnoreNotFound(err)
	}
	if err != nil {
		return err
	}
	next := secret.DeepCopy()
	if !c.fill(next, account) {
		return nil
	}
	if len(next.Data[corev1.ServiceAccountTokenKey]) == 0 {
		if err := c.sign(ctx, next, account.Name); err != nil {
			return reconcile.IgnoreNotFound(err)
		}
	}
	if _, err = c.kube.CoreV1().Secrets(key.Namespace).Update(ctx, next, metav1.UpdateOptions{}); err != nil {
		return reconcile.IgnoreNotFound(err)
	}
	return nil
}

// meantFor: a secret that names another UID was for an account of the same name
// that is gone.
func meantFor(s *corev1.Secret, a *corev1.ServiceAccount) bool {
	uid := s.Annotations[corev1.ServiceAccountUIDKey]
	return uid == "" || uid == string(a.UID)
}

// fill writes all but the token, and says whether anything is missing.
func (c *Controller) fill(s *corev1.Secret, a *corev1.ServiceAccount) (lacking bool) {
	if s.Data == nil {
		s.Data = map[string][]byte{}
	}
	set := func(key string, value []byte) {
		if len(value) > 0 && !bytes.Equal(s.Data[key], value) {
			s.Data[key], lacking = value, true
		}
	}
	set(corev1.ServiceAccountRootCAKey, c.ca)
	set(corev1.ServiceAccountNamespaceKey, []byte(s.Namespace))
	if s.Annotations[corev1.ServiceAccountUIDKey] != string(a.UID) {
		metav1.SetMetaDataAnnotation(&s.ObjectMeta, corev1.ServiceAccountUIDKey, string(a.UID))
		lacking = true
	}
	if !slices.ContainsFunc(s.OwnerReferences, func(o metav1.OwnerReference) bool { return o.UID == a.UID }) {
		s.OwnerReferences = append(s.OwnerReferences, metav1.OwnerReference{APIVersion: "v1", Kind: "ServiceAccount", Name: a.Name, UID: a.UID})
		lacking = true
	}
	return lacking || len(s.Data[corev1.ServiceAccountTokenKey]) == 0
}

// sign asks the API server for the token.
func (c *Controller) sign(ctx context.Context, s *corev1.Secret, account string) error {
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		ExpirationSeconds: ptr.To(forEver),
		BoundObjectRef:    &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Secret", Name: s.Name, UID: s.UID},
	}}
	answer, err := c.kube.CoreV1().ServiceAccounts(s.Namespace).CreateToken(ctx, account, request, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("token for Secret %s/%s: %w", s.Namespace, s.Name, err)
	}
	s.Data[corev1.ServiceAccountTokenKey] = []byte(answer.Status.Token)
	return nil
}
