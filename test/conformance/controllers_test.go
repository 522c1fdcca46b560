package conformance

import (
	"context"
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"skiff/internal/apiserver/apitest"
	"skiff/internal/controllers"
)

// startWithControllers is start, and all controllers, each as itself.
func startWithControllers(t *testing.T) *admin {
	t.Helper()
	a := start(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- controllers.Run(ctx, controllers.Config{
			Client: a.Config("system:kube-controller-manager"),
			ClientFor: func(name string) *rest.Config {
				return a.Config("system:serviceaccount:kube-system:"+name, "system:serviceaccounts", "system:serviceaccounts:kube-system")
			},
			RootCA: a.PKI.CA.PEM,
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("the controllers: %v", err)
		}
	})
	return a
}

// home makes a namespace, and waits until pods can be made there.
func (a *admin) home(t *testing.T, name string) string {
	t.Helper()
	_, err := a.kube.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	need(t, err)
	apitest.Eventually(t, name+" has its service account", func(ctx context.Context) bool {
		_, err := a.kube.CoreV1().ServiceAccounts(name).Get(ctx, "default", metav1.GetOptions{})
		return err == nil
	})
	return name
}

// simplePod is a pod with nothing but a container.
func simplePod(name string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}}
}
