// Package serviceaccount gives every namespace its "default" ServiceAccount,
// which pods run as when they name no other.
//
// It reads Namespaces and the ServiceAccounts called default; it owns the
// existence of the latter and nothing in them.
package serviceaccount

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"skiff/internal/client"
	"skiff/internal/controllers/pernamespace"
)

const name = "default"

// New makes the controller and asks the informers for what it reads. reader is
// who lists and watches, which the controller's own role does not allow.
func New(kube, reader kubernetes.Interface, factory *client.Informers) *pernamespace.Controller {
	accounts := client.NewInformers(reader).Where(pernamespace.Named(name))
	lister := accounts.ServiceAccounts()
	return pernamespace.New("serviceaccount", factory, accounts, lister.Informer(), func(ctx context.Context, ns string) error {
		if _, err := lister.Lister().ServiceAccounts(ns).Get(name); err == nil {
			return nil
		}
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name}}
		_, err := kube.CoreV1().ServiceAccounts(ns).Create(ctx, account, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("ServiceAccount %s/%s: %w", ns, name, err)
		}
		return nil
	})
}
