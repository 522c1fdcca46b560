package apiserver_test

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"skiff/internal/apiserver/apitest"
)

func TestDeleteWaitsForFinalizers(t *testing.T) {
	s := apitest.Start(t)
	c := kubernetes.NewForConfigOrDie(s.Admin()).CoreV1().ConfigMaps("default")
	ctx := t.Context()
	held := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "held", Finalizers: []string{"example.com/hold"}}}
	if _, err := c.Create(ctx, held, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(ctx, "held", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	got, err := c.Get(ctx, "held", metav1.GetOptions{})
	if err != nil || got.DeletionTimestamp == nil || *got.DeletionGracePeriodSeconds != 0 {
		t.Fatalf("%+v, %v", got.ObjectMeta, err)
	}
	_, err = c.Patch(ctx, "held", types.MergePatchType, []byte(`{"metadata":{"finalizers":["example.com/hold","example.com/more"]}}`), metav1.PatchOptions{})
	if !apierrors.IsInvalid(err) {
		t.Errorf("a new finalizer on what is being deleted: %v", err)
	}
	version := got.ResourceVersion
	if err := c.Delete(ctx, "held", metav1.DeleteOptions{}); err != nil {
		t.Error(err)
	}
	if got, _ = c.Get(ctx, "held", metav1.GetOptions{}); got.ResourceVersion != version {
		t.Error("asking again is a write")
	}
	got.Finalizers = nil
	if _, err := c.Update(ctx, got, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(ctx, "held", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("without finalizers it is still there: %v", err)
	}
}

func TestDeletePropagation(t *testing.T) {
	s := apitest.Start(t)
	c := kubernetes.NewForConfigOrDie(s.Admin()).AppsV1().Deployments("default")
	policies := map[metav1.DeletionPropagation]string{
		metav1.DeletePropagationForeground: metav1.FinalizerDeleteDependents,
		metav1.DeletePropagationOrphan:     metav1.FinalizerOrphanDependents,
		metav1.DeletePropagationBackground: "",
	}
	for policy, finalizer := range policies {
		name := strings.ToLower(string(policy))
		if _, err := c.Create(t.Context(), deployment(name), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := c.Delete(t.Context(), name, metav1.DeleteOptions{PropagationPolicy: &policy}); err != nil {
			t.Fatal(err)
		}
		got, err := c.Get(t.Context(), name, metav1.GetOptions{})
		switch {
		case finalizer == "" && !apierrors.IsNotFound(err):
			t.Errorf("%s: %v", policy, err)
		case finalizer != "" && (err != nil || !slices.Equal(got.Finalizers, []string{finalizer}) || got.Generation != 2):
			t.Errorf("%s: %+v, %v", policy, got.ObjectMeta, err)
		}
	}
	bad := metav1.DeletionPropagation("Sideways")
	if err := c.Delete(t.Context(), "x", metav1.DeleteOptions{PropagationPolicy: &bad}); !apierrors.IsInvalid(err) {
		t.Errorf("policy %s: %v", bad, err)
	}
}

func TestDeletePreconditions(t *testing.T) {
	s := apitest.Start(t)
	c := kubernetes.NewForConfigOrDie(s.Admin()).CoreV1().ConfigMaps("default")
	made, err := c.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "c"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	other := types.UID("other")
	if err := c.Delete(t.Context(), "c", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &other}}); !apierrors.IsConflict(err) {
		t.Errorf("another's UID: %v", err)
	}
	stale := "1"
	if err := c.Delete(t.Context(), "c", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{ResourceVersion: &stale}}); !apierrors.IsConflict(err) {
		t.Errorf("stale version: %v", err)
	}
	if err := c.Delete(t.Context(), "c", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &made.UID, ResourceVersion: &made.ResourceVersion}}); err != nil {
		t.Error(err)
	}
}

func TestPodsEndGracefully(t *testing.T) {
	s := apitest.Start(t)
	c := kubernetes.NewForConfigOrDie(s.Admin()).CoreV1().Pods("default")
	ctx := t.Context()
	p := pod("p")
	p.Spec.NodeName = "n"
	if _, err := c.Create(ctx, p, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	period := func() int64 {
		got, err := c.Get(ctx, "p", metav1.GetOptions{})
		if err != nil || got.DeletionGracePeriodSeconds == nil {
			t.Fatalf("%+v, %v", got, err)
		}
		return *got.DeletionGracePeriodSeconds
	}
	ask := func(o metav1.DeleteOptions) {
		if err := c.Delete(ctx, "p", o); err != nil {
			t.Fatal(err)
		}
	}
	seconds := func(n int64) metav1.DeleteOptions { return metav1.DeleteOptions{GracePeriodSeconds: &n} }
	ask(metav1.DeleteOptions{})
	if got := period(); got != 30 {
		t.Errorf("grace period %d, want the pod's own 30", got)
	}
	ask(seconds(60))
	if got := period(); got != 30 {
		t.Errorf("grace period %d: it was put off", got)
	}
	ask(seconds(5))
	if got := period(); got != 5 {
		t.Errorf("grace period %d, want it shortened to 5", got)
	}
	ask(seconds(0))
	if _, err := c.Get(ctx, "p", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("a pod deleted by force is still there: %v", err)
	}
	if _, err := c.Create(ctx, pod("unbound"), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(ctx, "unbound", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(ctx, "unbound", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("a pod on no node waits for one: %v", err)
	}
}

func TestNamespacesTerminate(t *testing.T) {
	s := apitest.Start(t)
	c := kubernetes.NewForConfigOrDie(s.Admin()).CoreV1().Namespaces()
	ctx := t.Context()
	made, err := c.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "n"}}, metav1.CreateOptions{})
	if err != nil || !slices.Equal(made.Spec.Finalizers, []corev1.FinalizerName{"kubernetes"}) || made.Status.Phase != corev1.NamespaceActive {
		t.Fatalf("%+v, %v", made, err)
	}
	if err := c.Delete(ctx, "n", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	got, err := c.Get(ctx, "n", metav1.GetOptions{})
	if err != nil || got.Status.Phase != corev1.NamespaceTerminating || got.DeletionTimestamp == nil {
		t.Fatalf("%+v, %v", got, err)
	}
	got.Spec.Finalizers = nil
	if _, err := c.Finalize(ctx, got, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(ctx, "n", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("a finalized namespace is still there: %v", err)
	}
}

func TestDeleteCollection(t *testing.T) {
	s := apitest.Start(t)
	makeConfigMaps(t, s.Admin(), 5)
	c := kubernetes.NewForConfigOrDie(s.Admin()).CoreV1().ConfigMaps("default")
	if err := c.DeleteCollection(t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "odd=true"}); err != nil {
		t.Fatal(err)
	}
	l, err := c.List(t.Context(), metav1.ListOptions{})
	if err != nil || len(l.Items) != 3 {
		t.Errorf("%d are left, %v", len(l.Items), err)
	}
	err = c.DeleteCollection(t.Context(), metav1.DeleteOptions{DryRun: []string{"All"}}, metav1.ListOptions{})
	if l, _ = c.List(t.Context(), metav1.ListOptions{}); err != nil || len(l.Items) != 3 {
		t.Errorf("after a dry run %d are left, %v", len(l.Items), err)
	}
}

func TestDryRunStoresNothing(t *testing.T) {
	s := apitest.Start(t)
	c := kubernetes.NewForConfigOrDie(s.Admin()).CoreV1().ConfigMaps("default")
	ctx, all := t.Context(), []string{"All"}
	cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "c-"}}
	got, err := c.Create(ctx, cm, metav1.CreateOptions{DryRun: all})
	if err != nil || got.UID == "" || !strings.HasPrefix(got.Name, "c-") || len(got.Name) != 7 {
		t.Errorf("%+v, %v", got, err)
	}
	cm.Name = "c"
	if got, err = c.Create(ctx, cm, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err = c.Create(ctx, cm, metav1.CreateOptions{DryRun: all}); !apierrors.IsAlreadyExists(err) {
		t.Errorf("dry run of what exists: %v", err)
	}
	changed := got.DeepCopy()
	changed.Data = map[string]string{"a": "b"}
	if again, err := c.Update(ctx, changed, metav1.UpdateOptions{DryRun: all}); err != nil || again.Data["a"] != "b" {
		t.Errorf("%+v, %v", again, err)
	}
	if _, err := c.Patch(ctx, "c", types.MergePatchType, []byte(`{"data":{"x":"y"}}`), metav1.PatchOptions{DryRun: all}); err != nil {
		t.Error(err)
	}
	if err := c.Delete(ctx, "c", metav1.DeleteOptions{DryRun: all}); err != nil {
		t.Error(err)
	}
	if now, err := c.Get(ctx, "c", metav1.GetOptions{}); err != nil || now.ResourceVersion != got.ResourceVersion {
		t.Errorf("dry runs changed it: %+v, %v", now, err)
	}
	if _, err := c.Create(ctx, cm, metav1.CreateOptions{DryRun: []string{"Some"}}); !apierrors.IsInvalid(err) {
		t.Errorf("dryRun=Some: %v", err)
	}
}
