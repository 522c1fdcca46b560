package builtin_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"
)

func nodePort(name string) *corev1.Service {
	return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.ServiceSpec{
		Type: corev1.ServiceTypeNodePort, Selector: map[string]string{"app": "x"}, Ports: []corev1.ServicePort{{Port: 80}},
	}}
}

func TestServicesHaveAddresses(t *testing.T) {
	ctx, c := t.Context(), start(t)
	services := c.admin(t).CoreV1().Services("default")
	var mu sync.Mutex
	var group sync.WaitGroup
	ips, ports := map[string]bool{}, map[int32]bool{}
	for i := range 20 {
		group.Go(func() {
			s, err := services.Create(ctx, nodePort(fmt.Sprintf("s%d", i)), metav1.CreateOptions{})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			ips[s.Spec.ClusterIP], ports[s.Spec.Ports[0].NodePort] = true, true
		})
	}
	group.Wait()
	if len(ips) != 20 || len(ports) != 20 {
		t.Errorf("20 Services have %d addresses and %d ports", len(ips), len(ports))
	}
	taken := nodePort("taken")
	taken.Spec.ClusterIP = "10.96.0.1"
	if _, err := services.Create(ctx, taken, metav1.CreateOptions{}); !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "provided IP is already allocated") {
		t.Error(err)
	}

	s := must[*corev1.Service](t)(services.Get(ctx, "s0", metav1.GetOptions{}))
	ip, port := s.Spec.ClusterIP, s.Spec.Ports[0].NodePort
	patched := must[*corev1.Service](t)(services.Patch(ctx, "s0", types.MergePatchType, []byte(`{"spec":{"type":"ClusterIP"}}`), metav1.PatchOptions{}))
	if patched.Spec.Ports[0].NodePort != 0 || patched.Spec.ClusterIP != ip {
		t.Errorf("%+v", patched.Spec)
	}
	again := nodePort("again")
	again.Spec.Ports[0].NodePort = port
	must[*corev1.Service](t)(services.Create(ctx, again, metav1.CreateOptions{}))
	dry := nodePort("dry")
	dry.Spec.ClusterIP = "10.96.77.77"
	for range 2 {
		must[*corev1.Service](t)(services.Create(ctx, dry, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}))
	}
	must[*corev1.Service](t)(services.Create(ctx, dry, metav1.CreateOptions{}))
	if err := services.Delete(ctx, "dry", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	must[*corev1.Service](t)(services.Create(ctx, dry, metav1.CreateOptions{}))
}

func podOn(t *testing.T, kube *kubernetes.Clientset, name, node string) *corev1.Pod {
	t.Helper()
	if _, err := kube.CoreV1().ServiceAccounts("default").Get(t.Context(), "default", metav1.GetOptions{}); apierrors.IsNotFound(err) {
		must[*corev1.ServiceAccount](t)(kube.CoreV1().ServiceAccounts("default").Create(t.Context(),
			&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}, metav1.CreateOptions{}))
	}
	must[*corev1.Pod](t)(kube.CoreV1().Pods("default").Create(t.Context(), simplePod(name), metav1.CreateOptions{}))
	if err := bind(t.Context(), kube, name, node); err != nil {
		t.Fatal(err)
	}
	return must[*corev1.Pod](t)(kube.CoreV1().Pods("default").Get(t.Context(), name, metav1.GetOptions{}))
}

func bind(ctx context.Context, kube *kubernetes.Clientset, name, node string) error {
	return kube.CoreV1().Pods("default").Bind(ctx, &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Target: corev1.ObjectReference{Kind: "Node", Name: node},
	}, metav1.CreateOptions{})
}

func TestPodsAreBoundOnce(t *testing.T) {
	c := start(t)
	kube := c.admin(t)
	pod := podOn(t, kube, "p", "n1")
	if pod.Spec.NodeName != "n1" || pod.Status.Conditions[0].Type != corev1.PodScheduled || pod.Status.Conditions[0].Status != corev1.ConditionTrue {
		t.Errorf("%+v %+v", pod.Spec.NodeName, pod.Status)
	}
	if !strings.HasPrefix(pod.Spec.Volumes[0].Name, "kube-api-access-") || *pod.Spec.Priority != 0 || len(pod.Spec.Tolerations) != 2 {
		t.Errorf("admission has not seen it: %+v", pod.Spec)
	}
	if err := bind(t.Context(), kube, "p", "n2"); !apierrors.IsConflict(err) || !strings.Contains(err.Error(), `pod p is already assigned to node "n1"`) {
		t.Error(err)
	}
	if err := bind(t.Context(), kube, "none", "n2"); !apierrors.IsNotFound(err) {
		t.Error(err)
	}
	if err := bind(t.Context(), kube, "p", ""); err == nil || err.Error() != "target.name: Required value" {
		t.Error(err)
	}
}

func TestEvictionKeepsToTheBudget(t *testing.T) {
	ctx, c := t.Context(), start(t)
	kube := c.admin(t)
	pods := kube.CoreV1().Pods("default")
	for _, name := range []string{"a", "b"} {
		pod := podOn(t, kube, name, "n1")
		pod.Status.Phase = corev1.PodRunning
		pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionTrue})
		must[*corev1.Pod](t)(pods.UpdateStatus(ctx, pod, metav1.UpdateOptions{}))
	}
	budget := must[*policyv1.PodDisruptionBudget](t)(kube.PolicyV1().PodDisruptionBudgets("default").Create(ctx, &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: "b"},
		Spec: policyv1.PodDisruptionBudgetSpec{MinAvailable: ptr.To(intstr.FromInt(1)), Selector: &metav1.LabelSelector{
			MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: metav1.LabelSelectorOpExists}},
		}},
	}, metav1.CreateOptions{}))
	evict := func(name string) error {
		return pods.EvictV1(ctx, &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: name}, DeleteOptions: &metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)}})
	}
	budget.Status = policyv1.PodDisruptionBudgetStatus{ObservedGeneration: budget.Generation, DisruptionsAllowed: 1, CurrentHealthy: 2, DesiredHealthy: 1, ExpectedPods: 2}
	must[*policyv1.PodDisruptionBudget](t)(kube.PolicyV1().PodDisruptionBudgets("default").UpdateStatus(ctx, budget, metav1.UpdateOptions{}))
	if err := evict("a"); err != nil {
		t.Fatal(err)
	}
	if _, err := pods.Get(ctx, "a", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the evicted pod: %v", err)
	}
	if err := evict("b"); !apierrors.IsTooManyRequests(err) || !strings.Contains(err.Error(), "Cannot evict pod as it would violate the pod's disruption budget.") {
		t.Errorf("beyond the budget: %v", err)
	}
	got := must[*policyv1.PodDisruptionBudget](t)(kube.PolicyV1().PodDisruptionBudgets("default").Get(ctx, "b", metav1.GetOptions{}))
	if _, ok := got.Status.DisruptedPods["a"]; !ok || got.Status.DisruptionsAllowed != 0 {
		t.Errorf("%+v", got.Status)
	}
	unready := must[*corev1.Pod](t)(pods.Get(ctx, "b", metav1.GetOptions{}))
	unready.Status.Conditions[len(unready.Status.Conditions)-1].Status = corev1.ConditionFalse
	must[*corev1.Pod](t)(pods.UpdateStatus(ctx, unready, metav1.UpdateOptions{}))
	if err := evict("b"); err != nil {
		t.Errorf("one that does not count: %v", err)
	}
	podOn(t, kube, "c", "n1") // it still starts
	if err := evict("c"); err != nil {
		t.Errorf("one that serves nobody yet: %v", err)
	}
	for _, name := range []string{"b", "c"} {
		if _, err := pods.Get(ctx, name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
