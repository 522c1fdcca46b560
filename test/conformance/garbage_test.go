package conformance

import (
	"context"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"skiff/internal/apiserver/apitest"
)

var app = map[string]string{"app": "x"}

func template() corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: app}, Spec: simplePod("").Spec}
}

// replicated makes a ReplicationController and waits for its pods.
func (a *admin) replicated(t *testing.T, namespace, name string, pods int32) *corev1.ReplicationController {
	t.Helper()
	of := template()
	rc, err := a.kube.CoreV1().ReplicationControllers(namespace).Create(t.Context(), &corev1.ReplicationController{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.ReplicationControllerSpec{Replicas: &pods, Selector: app, Template: &of},
	}, metav1.CreateOptions{})
	need(t, err)
	a.counts(t, namespace, int(pods))
	return rc
}

// counts waits until a namespace has so many pods.
func (a *admin) counts(t *testing.T, namespace string, pods int) (list *corev1.PodList) {
	t.Helper()
	apitest.Eventually(t, "the pods are there or gone", func(ctx context.Context) (ok bool) {
		var err error
		list, err = a.kube.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
		return err == nil && len(list.Items) == pods
	})
	return list
}

// deployed makes a Deployment and waits for its ReplicaSet and pods.
func (a *admin) deployed(t *testing.T, namespace string) {
	t.Helper()
	two := int32(2)
	_, err := a.kube.AppsV1().Deployments(namespace).Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "d"},
		Spec:       appsv1.DeploymentSpec{Replicas: &two, Selector: &metav1.LabelSelector{MatchLabels: app}, Template: template()},
	}, metav1.CreateOptions{})
	need(t, err)
	a.counts(t, namespace, 2)
}

func by(policy metav1.DeletionPropagation) metav1.DeleteOptions {
	return metav1.DeleteOptions{PropagationPolicy: &policy}
}

// orphaned waits until a ReplicationController is gone and its pods are nobody's.
func (a *admin) orphaned(t *testing.T, namespace, rc string) {
	t.Helper()
	apitest.Eventually(t, rc+" is gone", func(ctx context.Context) bool {
		_, err := a.kube.CoreV1().ReplicationControllers(namespace).Get(ctx, rc, metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})
	list, err := a.kube.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{})
	need(t, err)
	for _, p := range list.Items {
		if len(p.OwnerReferences) != 0 || p.DeletionTimestamp != nil {
			t.Errorf("%s has owners %v, deletion %v", p.Name, p.OwnerReferences, p.DeletionTimestamp)
		}
	}
}

func TestGarbageCollector(t *testing.T) {
	ctx, a := t.Context(), startWithControllers(t)
	kube := a.kube
	promise(t, "[sig-api-machinery] Garbage collector should delete RS created by deployment when not orphaning", func(t *testing.T) {
		ns := a.home(t, "deployment-background")
		a.deployed(t, ns)
		need(t, kube.AppsV1().Deployments(ns).Delete(ctx, "d", by(metav1.DeletePropagationBackground)))
		a.counts(t, ns, 0)
		apitest.Eventually(t, "the ReplicaSet is gone", func(ctx context.Context) bool {
			list, err := kube.AppsV1().ReplicaSets(ns).List(ctx, metav1.ListOptions{})
			return err == nil && len(list.Items) == 0
		})
	})
	promise(t, "[sig-api-machinery] Garbage collector should orphan RS created by deployment when deleteOptions.PropagationPolicy is Orphan", func(t *testing.T) {
		ns := a.home(t, "deployment-orphan")
		a.deployed(t, ns)
		need(t, kube.AppsV1().Deployments(ns).Delete(ctx, "d", by(metav1.DeletePropagationOrphan)))
		apitest.Eventually(t, "the Deployment is gone and its ReplicaSet is nobody's", func(ctx context.Context) bool {
			_, err := kube.AppsV1().Deployments(ns).Get(ctx, "d", metav1.GetOptions{})
			list, listErr := kube.AppsV1().ReplicaSets(ns).List(ctx, metav1.ListOptions{})
			return apierrors.IsNotFound(err) && listErr == nil && len(list.Items) == 1 && len(list.Items[0].OwnerReferences) == 0
		})
		a.counts(t, ns, 2)
	})
	promise(t, "[sig-api-machinery] Garbage collector should delete pods created by rc when not orphaning", func(t *testing.T) {
		ns := a.home(t, "rc-background")
		a.replicated(t, ns, "rc", 2)
		need(t, kube.CoreV1().ReplicationControllers(ns).Delete(ctx, "rc", by(metav1.DeletePropagationBackground)))
		a.counts(t, ns, 0)
	})
	promise(t, "[sig-api-machinery] Garbage collector should orphan pods created by rc if delete options say so", func(t *testing.T) {
		ns := a.home(t, "rc-orphan")
		a.replicated(t, ns, "rc", 10)
		need(t, kube.CoreV1().ReplicationControllers(ns).Delete(ctx, "rc", by(metav1.DeletePropagationOrphan)))
		a.orphaned(t, ns, "rc")
		a.counts(t, ns, 10)
	})
	promise(t, "[sig-api-machinery] Garbage collector should keep the rc around until all its pods are deleted if the deleteOptions says so", func(t *testing.T) {
		ns := a.home(t, "rc-foreground")
		pods := a.replicated(t, ns, "rc", 10)
		// One pod stays for a while: the owner must, too.
		list := a.counts(t, ns, 10)
		held := list.Items[0].Name
		hold := []byte(`{"metadata":{"finalizers":["example.com/hold"]}}`)
		_, err := kube.CoreV1().Pods(ns).Patch(ctx, held, types.MergePatchType, hold, metav1.PatchOptions{})
		need(t, err)
		need(t, kube.CoreV1().ReplicationControllers(ns).Delete(ctx, pods.Name, by(metav1.DeletePropagationForeground)))
		a.counts(t, ns, 1)
		rc, err := kube.CoreV1().ReplicationControllers(ns).Get(ctx, "rc", metav1.GetOptions{})
		if err != nil || rc.DeletionTimestamp == nil {
			t.Errorf("while a pod is left: %v, %v", rc, err)
		}
		_, err = kube.CoreV1().Pods(ns).Patch(ctx, held, types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
		need(t, err)
		a.orphaned(t, ns, "rc")
		a.counts(t, ns, 0)
	})
	promise(t, "[sig-api-machinery] Garbage collector should not delete dependents that have both valid owner and owner that's waiting for dependents to be deleted", func(t *testing.T) {
		a.twoOwners(t)
	})
	promise(t, "[sig-api-machinery] Garbage collector should not be blocked by dependency circle", func(t *testing.T) {
		ns := a.home(t, "circle")
		pods := kube.CoreV1().Pods(ns)
		var made []*corev1.Pod
		for _, name := range []string{"one", "two", "three"} {
			p, err := pods.Create(ctx, simplePod(name), metav1.CreateOptions{})
			need(t, err)
			made = append(made, p)
		}
		for i, p := range made {
			owner := made[(i+2)%3]
			p.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "Pod", Name: owner.Name, UID: owner.UID}}
			_, err := pods.Update(ctx, p, metav1.UpdateOptions{})
			need(t, err)
		}
		need(t, pods.Delete(ctx, "one", by(metav1.DeletePropagationForeground)))
		a.counts(t, ns, 0)
	})
}

// twoOwners gives half of a ReplicationController's pods a second owner, and
// deletes the first in the foreground.
func (a *admin) twoOwners(t *testing.T) {
	ctx, ns := t.Context(), a.home(t, "two-owners")
	a.replicated(t, ns, "dying", 10)
	none, of := int32(0), template()
	staying, err := a.kube.CoreV1().ReplicationControllers(ns).Create(ctx, &corev1.ReplicationController{
		ObjectMeta: metav1.ObjectMeta{Name: "staying"},
		Spec:       corev1.ReplicationControllerSpec{Replicas: &none, Selector: map[string]string{"other": "x"}, Template: withLabel(of, "other")},
	}, metav1.CreateOptions{})
	need(t, err)
	list := a.counts(t, ns, 10)
	for i := range 5 {
		p := &list.Items[i]
		p.OwnerReferences = append(p.OwnerReferences, metav1.OwnerReference{APIVersion: "v1", Kind: "ReplicationController", Name: "staying", UID: staying.UID})
		_, err := a.kube.CoreV1().Pods(ns).Update(ctx, p, metav1.UpdateOptions{})
		need(t, err)
	}
	need(t, a.kube.CoreV1().ReplicationControllers(ns).Delete(ctx, "dying", by(metav1.DeletePropagationForeground)))
	apitest.Eventually(t, "the first owner is gone", func(ctx context.Context) bool {
		_, err := a.kube.CoreV1().ReplicationControllers(ns).Get(ctx, "dying", metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})
	for _, p := range a.counts(t, ns, 5).Items {
		if p.DeletionTimestamp != nil || len(p.OwnerReferences) != 1 || p.OwnerReferences[0].Name != "staying" {
			t.Errorf("%s: owners %v, deletion %v", p.Name, p.OwnerReferences, p.DeletionTimestamp)
		}
	}
}

func withLabel(of corev1.PodTemplateSpec, key string) *corev1.PodTemplateSpec {
	of.Labels = map[string]string{key: "x"}
	return &of
}
