package conformance

import (
	"context"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"skiff/internal/apiserver/apitest"
)

func (a *admin) ends(t *testing.T, namespace string) {
	t.Helper()
	apitest.Eventually(t, namespace+" is gone", func(ctx context.Context) bool {
		_, err := a.kube.CoreV1().Namespaces().Get(ctx, namespace, metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})
}

func TestNamespaces(t *testing.T) {
	ctx, a := t.Context(), startWithControllers(t)
	namespaces := a.kube.CoreV1().Namespaces()
	promise(t, "[sig-api-machinery] Namespaces should apply a finalizer to a Namespace", func(t *testing.T) {
		name, fake := a.home(t, "finalized"), corev1.FinalizerName("example.com/fake")
		ns, err := namespaces.Get(ctx, name, metav1.GetOptions{})
		need(t, err)
		ns.Spec.Finalizers = append(ns.Spec.Finalizers, fake)
		ns, err = namespaces.Finalize(ctx, ns, metav1.UpdateOptions{})
		if err != nil || !slices.Contains(ns.Spec.Finalizers, fake) {
			t.Fatalf("%v, %v", ns, err)
		}
		ns.Spec.Finalizers = slices.DeleteFunc(ns.Spec.Finalizers, func(f corev1.FinalizerName) bool { return f == fake })
		ns, err = namespaces.Finalize(ctx, ns, metav1.UpdateOptions{})
		if err != nil || slices.Contains(ns.Spec.Finalizers, fake) {
			t.Fatalf("%v, %v", ns, err)
		}
	})
	promise(t, "[sig-api-machinery] Namespaces should apply an update to a Namespace", func(t *testing.T) {
		ns, err := namespaces.Get(ctx, a.home(t, "updated"), metav1.GetOptions{})
		need(t, err)
		ns.Labels["updated"] = "true"
		ns, err = namespaces.Update(ctx, ns, metav1.UpdateOptions{})
		if err != nil || ns.Labels["updated"] != "true" {
			t.Errorf("%v, %v", ns, err)
		}
	})
	promise(t, "[sig-api-machinery] Namespaces should patch a Namespace", func(t *testing.T) {
		ns, err := namespaces.Patch(ctx, a.home(t, "patched"), types.StrategicMergePatchType, []byte(`{"metadata":{"labels":{"patched":"true"}}}`), metav1.PatchOptions{})
		if err != nil || ns.Labels["patched"] != "true" || ns.Labels["kubernetes.io/metadata.name"] != "patched" {
			t.Errorf("%v, %v", ns, err)
		}
	})
	promise(t, "[sig-api-machinery] Namespaces should apply changes to a namespace status", func(t *testing.T) {
		ns, err := namespaces.Get(ctx, a.home(t, "status"), metav1.GetOptions{})
		if err != nil || ns.Status.Phase != corev1.NamespaceActive {
			t.Fatalf("%v, %v", ns, err)
		}
		ns, err = namespaces.Patch(ctx, "status", types.MergePatchType, []byte(conditioned), metav1.PatchOptions{}, "status")
		if err != nil || len(ns.Status.Conditions) != 1 || ns.Status.Conditions[0].Type != "Shown" {
			t.Fatalf("%v, %v", ns, err)
		}
		ns.Status.Conditions = append(ns.Status.Conditions, corev1.NamespaceCondition{Type: "Updated", Status: corev1.ConditionTrue, Reason: "Test"})
		ns, err = namespaces.UpdateStatus(ctx, ns, metav1.UpdateOptions{})
		if err != nil || len(ns.Status.Conditions) != 2 {
			t.Errorf("%v, %v", ns, err)
		}
	})
	promise(t, "[sig-api-machinery] Namespaces should ensure that all pods are removed when a namespace is deleted", func(t *testing.T) {
		ns := a.home(t, "with-pods")
		_, err := a.kube.CoreV1().Pods(ns).Create(ctx, simplePod("p"), metav1.CreateOptions{})
		need(t, err)
		need(t, namespaces.Delete(ctx, ns, metav1.DeleteOptions{}))
		a.ends(t, ns)
		a.home(t, ns)
		a.counts(t, ns, 0)
	})
	promise(t, "[sig-api-machinery] Namespaces should ensure that all services are removed when a namespace is deleted", func(t *testing.T) {
		ns := a.home(t, "with-services")
		_, err := a.kube.CoreV1().Services(ns).Create(ctx, &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: "s"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}},
		}, metav1.CreateOptions{})
		need(t, err)
		need(t, namespaces.Delete(ctx, ns, metav1.DeleteOptions{}))
		a.ends(t, ns)
		a.home(t, ns)
		if list, err := a.kube.CoreV1().Services(ns).List(ctx, metav1.ListOptions{}); err != nil || len(list.Items) != 0 {
			t.Errorf("%v, %v", list, err)
		}
	})
	promise(t, "[sig-api-machinery] OrderedNamespaceDeletion namespace deletion should delete pod first", func(t *testing.T) {
		ns := a.home(t, "ordered")
		pod := simplePod("p")
		pod.Finalizers = []string{"example.com/hold"}
		_, err := a.kube.CoreV1().Pods(ns).Create(ctx, pod, metav1.CreateOptions{})
		need(t, err)
		_, err = a.kube.CoreV1().ConfigMaps(ns).Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "c"}}, metav1.CreateOptions{})
		need(t, err)
		need(t, namespaces.Delete(ctx, ns, metav1.DeleteOptions{}))
		apitest.Eventually(t, "the namespace says what it waits for", func(ctx context.Context) bool {
			got, err := namespaces.Get(ctx, ns, metav1.GetOptions{})
			return err == nil && slices.ContainsFunc(got.Status.Conditions, func(c corev1.NamespaceCondition) bool {
				return c.Type == corev1.NamespaceContentRemaining && c.Status == corev1.ConditionTrue
			})
		})
		p, err := a.kube.CoreV1().Pods(ns).Get(ctx, "p", metav1.GetOptions{})
		if err != nil || p.DeletionTimestamp == nil {
			t.Errorf("the pod: %v, %v", p, err)
		}
		if c, err := a.kube.CoreV1().ConfigMaps(ns).Get(ctx, "c", metav1.GetOptions{}); err != nil || c.DeletionTimestamp != nil {
			t.Errorf("the config map goes before the pod: %v, %v", c, err)
		}
		_, err = a.kube.CoreV1().Pods(ns).Patch(ctx, "p", types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
		need(t, err)
		a.ends(t, ns)
	})
}
