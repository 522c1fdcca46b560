package disruption

import (
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	"skiff/internal/controllers/controllertest"

	"skiff/internal/client"
)

func budgetOf(change func(*policyv1.PodDisruptionBudgetSpec)) *policyv1.PodDisruptionBudget {
	b := &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "b", Generation: 1}}
	b.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "a"}}
	change(&b.Spec)
	return b
}

func least(v intstr.IntOrString) *policyv1.PodDisruptionBudget {
	return budgetOf(func(s *policyv1.PodDisruptionBudgetSpec) { s.MinAvailable = &v })
}

func most(v intstr.IntOrString) *policyv1.PodDisruptionBudget {
	return budgetOf(func(s *policyv1.PodDisruptionBudgetSpec) { s.MaxUnavailable = &v })
}

func podsOf(owner *appsv1.ReplicaSet, healthy, unready int) (out []*corev1.Pod) {
	for i := range healthy + unready {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: fmt.Sprintf("p%d", i), Labels: map[string]string{"app": "a"}}}
		if owner != nil {
			p.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(owner, appsv1.SchemeGroupVersion.WithKind("ReplicaSet"))}
		}
		if i < healthy {
			p.Status.Phase = corev1.PodRunning
			p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
		}
		out = append(out, p)
	}
	return out
}

func TestStatus(t *testing.T) {
	for _, c := range []struct {
		budget                     *policyv1.PodDisruptionBudget
		healthy, unready           int
		expected, desired, allowed int32
	}{
		{least(intstr.FromInt32(2)), 3, 0, 3, 2, 1},
		{least(intstr.FromInt32(2)), 2, 1, 3, 2, 0},
		{least(intstr.FromString("50%")), 5, 0, 5, 3, 2}, // of 5 that the controller wants
		{most(intstr.FromInt32(1)), 5, 0, 5, 4, 1},
		{most(intstr.FromInt32(1)), 3, 2, 5, 4, 0},
		{most(intstr.FromString("100%")), 5, 0, 5, 0, 5},
		{least(intstr.FromInt32(0)), 0, 0, 0, 0, 0},
	} {
		list := podsOf(nil, c.healthy, c.unready)
		want, err := demandOf(c.budget, len(list), 5)
		if err != nil {
			t.Fatal(err)
		}
		s, _ := status(c.budget, list, want, time.Now())
		if s.ExpectedPods != c.expected || s.DesiredHealthy != c.desired || s.DisruptionsAllowed != c.allowed || s.CurrentHealthy != int32(c.healthy) {
			t.Errorf("%v with %d healthy, %d not: %+v", c.budget.Spec, c.healthy, c.unready, s)
		}
	}
}

func TestEvictionsThatDoNotComeAbout(t *testing.T) {
	controllertest.Run(t, []runtime.Object{least(intstr.FromInt32(1)), podsOf(nil, 2, 0)[0], podsOf(nil, 2, 0)[1]}, func(t *testing.T, c *controllertest.Cluster) {
		c.Start(func(f *client.Informers) (controllertest.Runner, error) {
			return New(c.Kube, f, c.Events), nil
		})
		get := func() *policyv1.PodDisruptionBudget {
			b, err := c.Kube.PolicyV1().PodDisruptionBudgets("ns").Get(t.Context(), "b", metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		b := get()
		if s := b.Status; s.DisruptionsAllowed != 1 || s.ObservedGeneration != 1 || s.Conditions[0].Reason != "SufficientPods" {
			t.Fatalf("at first %+v", s)
		}
		b.Status.DisruptionsAllowed, b.Status.DisruptedPods = 0, map[string]metav1.Time{"p0": metav1.Now()}
		if _, err := c.Kube.PolicyV1().PodDisruptionBudgets("ns").UpdateStatus(t.Context(), b, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		c.Settle()
		if s := get().Status; s.DisruptionsAllowed != 0 || s.CurrentHealthy != 1 || s.Conditions[0].Reason != "InsufficientPods" {
			t.Errorf("with one on its way: %+v", s)
		}
		c.Pass(patience)
		if s := get().Status; s.DisruptionsAllowed != 1 || len(s.DisruptedPods) != 0 {
			t.Errorf("when it did not go: %+v", s)
		}
	})
}

func TestSizesOfControllers(t *testing.T) {
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "d", UID: "d"}, Spec: appsv1.DeploymentSpec{Replicas: new(int32(4))}}
	rs := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{
		Namespace: "ns", Name: "rs", UID: "rs", OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(d, appsv1.SchemeGroupVersion.WithKind("Deployment"))},
	}}
	objects := []runtime.Object{d, rs, most(intstr.FromString("25%"))}
	for _, p := range podsOf(rs, 4, 0) {
		objects = append(objects, p)
	}
	controllertest.Run(t, objects, func(t *testing.T, c *controllertest.Cluster) {
		c.Start(func(f *client.Informers) (controllertest.Runner, error) {
			return New(c.Kube, f, c.Events), nil
		})
		b, err := c.Kube.PolicyV1().PodDisruptionBudgets("ns").Get(t.Context(), "b", metav1.GetOptions{})
		if err != nil || b.Status.ExpectedPods != 4 || b.Status.DisruptionsAllowed != 1 {
			t.Errorf("%+v, %v", b.Status, err)
		}
		before := c.Writes()
		c.Pass(time.Hour)
		if n := c.Writes() - before; n != 0 {
			t.Errorf("%d writes in an idle hour", n)
		}
	})
}
