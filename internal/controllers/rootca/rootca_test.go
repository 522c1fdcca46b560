package rootca

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"skiff/internal/controllers/controllertest"
	"skiff/internal/controllers/serviceaccount"

	"skiff/internal/client"
)

func TestEveryNamespaceHasWhatPodsNeed(t *testing.T) {
	objects := []runtime.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "old"}},
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "going"}, Status: corev1.NamespaceStatus{Phase: corev1.NamespaceTerminating}},
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "old", Name: name, Annotations: map[string]string{"mine": "1"}}, Data: map[string]string{key: "stale"}},
	}
	controllertest.Run(t, objects, func(t *testing.T, c *controllertest.Cluster) {
		c.Start(func(f *client.Informers) (controllertest.Runner, error) {
			return New(c.Kube, c.Kube, f, []byte("CA")), nil
		})
		c.Start(func(f *client.Informers) (controllertest.Runner, error) {
			return serviceaccount.New(c.Kube, c.Kube, f), nil
		})
		core := c.Kube.CoreV1()
		expect := func(ns string) {
			t.Helper()
			cm, err := core.ConfigMaps(ns).Get(t.Context(), name, metav1.GetOptions{})
			if err != nil || cm.Data[key] != "CA" || cm.Annotations[descriptionAnnotation] == "" {
				t.Errorf("%s: %v, err %v", ns, cm, err)
			}
			if _, err := core.ServiceAccounts(ns).Get(t.Context(), "default", metav1.GetOptions{}); err != nil {
				t.Error(err)
			}
		}
		expect("old")
		if cm, _ := core.ConfigMaps("old").Get(t.Context(), name, metav1.GetOptions{}); cm.Annotations["mine"] != "1" {
			t.Errorf("lost another's annotation: %v", cm.Annotations)
		}
		if _, err := core.ServiceAccounts("going").Get(t.Context(), "default", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			t.Errorf("made something in a namespace that is going: %v", err)
		}
		if _, err := core.Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "new"}}, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		c.Settle()
		expect("new")
		for _, err := range []error{
			core.ConfigMaps("new").Delete(t.Context(), name, metav1.DeleteOptions{}),
			core.ServiceAccounts("new").Delete(t.Context(), "default", metav1.DeleteOptions{}),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		c.Settle()
		expect("new")
		before := c.Writes()
		c.Pass(time.Hour)
		if n := c.Writes() - before; n != 0 {
			t.Errorf("%d writes in an idle hour", n)
		}
	})
}
