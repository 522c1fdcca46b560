package podgc

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"skiff/internal/controllers/controllertest"

	"skiff/internal/client"
)

func pod(name, node string, change ...func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name}, Spec: corev1.PodSpec{NodeName: node}}
	for _, f := range change {
		f(p)
	}
	return p
}

func deleted(p *corev1.Pod) {
	p.DeletionTimestamp, p.Finalizers = &metav1.Time{Time: time.Unix(1, 0)}, []string{"x/y"}
}

func node(name string, ready corev1.ConditionStatus, taints ...corev1.Taint) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.NodeSpec{Taints: taints}}
	n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: ready}}
	return n
}

func TestDecide(t *testing.T) {
	out := corev1.Taint{Key: corev1.TaintNodeOutOfService, Effect: corev1.TaintEffectNoExecute}
	for name, c := range map[string]struct {
		pod  *corev1.Pod
		node *corev1.Node
		want reason
	}{
		"waits for a node":       {pod("p", ""), nil, stays},
		"deleted without a node": {pod("p", "", deleted), nil, unscheduled},
		"its node is gone":       {pod("p", "n"), nil, orphaned},
		"runs":                   {pod("p", "n"), node("n", corev1.ConditionFalse, out), stays},
		"cannot end":             {pod("p", "n", deleted), node("n", corev1.ConditionFalse, out), abandoned},
		"can end":                {pod("p", "n", deleted), node("n", corev1.ConditionTrue, out), stays},
	} {
		if got := decide(c.pod, c.node); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestSurplus(t *testing.T) {
	var all []*corev1.Pod
	for i := range 5 {
		all = append(all, pod(fmt.Sprint(i), "n", func(p *corev1.Pod) {
			p.Status.Phase, p.CreationTimestamp = corev1.PodSucceeded, metav1.Unix(int64(100-i), 0)
		}))
	}
	all = append(all, pod("running", "n"))
	got := surplus(all, 3)
	if len(got) != 2 || got[0].Name != "4" || got[1].Name != "3" {
		t.Errorf("got %v", got)
	}
	if surplus(all, 5) != nil {
		t.Error("five may stay")
	}
}

func TestPodsOfALostNode(t *testing.T) {
	objects := []runtime.Object{node("n1", corev1.ConditionTrue), node("n2", corev1.ConditionTrue), pod("a", "n1"), pod("b", "n2"), pod("ghost", "never")}
	controllertest.Run(t, objects, func(t *testing.T, c *controllertest.Cluster) {
		c.Start(func(f *client.Informers) (controllertest.Runner, error) { return New(c.Kube, f), nil })
		left := func() (names string) {
			l, err := c.Kube.CoreV1().Pods("ns").List(t.Context(), metav1.ListOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range l.Items {
				names += p.Name + " "
			}
			return names
		}
		if err := c.Kube.CoreV1().Nodes().Delete(t.Context(), "n1", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		c.Pass(20 * time.Second)
		if got := left(); got != "a b ghost " {
			t.Errorf("before the quarantine is over: %s", got)
		}
		c.Pass(time.Minute)
		if got := left(); got != "b " {
			t.Errorf("after it: %s", got)
		}
	})
}
