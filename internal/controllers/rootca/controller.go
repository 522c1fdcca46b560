// Package rootca puts the cluster's root CA into every namespace, as the
// ConfigMap kube-root-ca.crt, which is projected into pods so that they can
// verify the API server.
//
// It reads Namespaces and the ConfigMaps of that name; it owns the latter.
package rootca

import (
	"context"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"skiff/internal/client"
	"skiff/internal/controllers/pernamespace"
)

const (
	name = "kube-root-ca.crt"
	key  = "ca.crt"

	descriptionAnnotation = "kubernetes.io/description"
	description           = "The CA that signed the certificate of the API server, for use with its Service kubernetes.default.svc."
)

// New makes the controller; ca is the CA bundle in PEM. reader is who lists and
// watches, which the controller's own role does not allow.
func New(kube, reader kubernetes.Interface, factory *client.Informers, ca []byte) *pernamespace.Controller {
	maps := client.NewInformers(reader).Where(pernamespace.Named(name))
	lister := maps.ConfigMaps()
	return pernamespace.New("rootca", factory, maps, lister.Informer(), func(ctx context.Context, ns string) error {
		have, err := lister.Lister().ConfigMaps(ns).Get(name)
		if err != nil {
			have = nil
		}
		return publish(ctx, kube, have, wanted(ns, ca))
	})
}

func wanted(ns string, ca []byte) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name, Annotations: map[string]string{descriptionAnnotation: description}},
		Data:       map[string]string{key: string(ca)},
	}
}

// publish makes what is there (nil: nothing) hold what is wanted. Annotations
// of others stay.
func publish(ctx context.Context, kube kubernetes.Interface, have, want *corev1.ConfigMap) error {
	api := kube.CoreV1().ConfigMaps(want.Namespace)
	var err error
	switch {
	case have == nil:
		_, err = api.Create(ctx, want, metav1.CreateOptions{})
	case maps.Equal(have.Data, want.Data) && len(have.BinaryData) == 0 && have.Annotations[descriptionAnnotation] != "":
		return nil
	default:
		have = have.DeepCopy()
		have.Data, have.BinaryData = want.Data, nil
		metav1.SetMetaDataAnnotation(&have.ObjectMeta, descriptionAnnotation, description)
		_, err = api.Update(ctx, have, metav1.UpdateOptions{})
	}
	if err != nil {
		return fmt.Errorf("ConfigMap %s/%s: %w", want.Namespace, name, err)
	}
	return nil
}
