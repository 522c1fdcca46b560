package nodelifecycle

import (
	"slices"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"skiff/internal/controllers/controllertest"
	"skiff/internal/controllers/pods"

	"skiff/internal/client"
)

func node(name string, ready corev1.ConditionStatus) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
	n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: ready}}
	return n
}

func show(taints []corev1.Taint) (out []string) {
	for _, t := range taints {
		out = append(out, t.Key+":"+string(t.Effect))
	}
	return out
}

func TestTaintsMirrorConditions(t *testing.T) {
	now := time.Unix(1000, 0)
	n := node("n", corev1.ConditionFalse)
	n.Spec.Taints = []corev1.Taint{{Key: "mine", Effect: corev1.TaintEffectNoSchedule}, {Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule}}
	got, changed := taints(n, true, now)
	if want := []string{"mine:NoSchedule", "node.kubernetes.io/not-ready:NoSchedule", "node.kubernetes.io/not-ready:NoExecute"}; !changed || !slices.Equal(show(got), want) {
		t.Errorf("got %v", show(got))
	}
	n.Spec.Taints = got
	if _, changed := taints(n, true, now); changed {
		t.Error("changed again")
	}
	if got, _ := taints(node("n", corev1.ConditionUnknown), false, now); !slices.Equal(show(got), []string{"node.kubernetes.io/unreachable:NoSchedule"}) {
		t.Errorf("without evictions: %v", show(got))
	}
	n.Status.Conditions[0].Status = corev1.ConditionTrue
	if got, _ := taints(n, true, now); !slices.Equal(show(got), []string{"mine:NoSchedule"}) {
		t.Errorf("ready again: %v", show(got))
	}
}

func TestEvictAt(t *testing.T) {
	now := time.Unix(1000, 0)
	added := metav1.NewTime(now.Add(-time.Minute))
	noExecute := []corev1.Taint{{Key: "k", Effect: corev1.TaintEffectNoExecute, TimeAdded: &added}}
	sec := func(n int64) *int64 { return &n }
	for name, c := range map[string]struct {
		tolerations []corev1.Toleration
		in          time.Duration
		must        bool
	}{
		"not tolerated":     {nil, -time.Minute, true},
		"for ever":          {[]corev1.Toleration{{Operator: corev1.TolerationOpExists}}, 0, false},
		"for a while":       {[]corev1.Toleration{{Key: "k", Operator: corev1.TolerationOpExists, TolerationSeconds: sec(300)}}, 4 * time.Minute, true},
		"the shorter":       {[]corev1.Toleration{{Operator: corev1.TolerationOpExists}, {Key: "k", Operator: corev1.TolerationOpExists, TolerationSeconds: sec(90)}}, 30 * time.Second, true},
		"of something else": {[]corev1.Toleration{{Key: "other", Operator: corev1.TolerationOpExists}}, -time.Minute, true},
	} {
		at, must := evictAt(&corev1.Pod{Spec: corev1.PodSpec{Tolerations: c.tolerations}}, noExecute, now)
		if must != c.must || must && at.Sub(now) != c.in {
			t.Errorf("%s: %v, %v", name, at.Sub(now), must)
		}
	}
	if _, must := evictAt(&corev1.Pod{}, []corev1.Taint{{Key: "k", Effect: corev1.TaintEffectNoSchedule}}, now); must {
		t.Error("NoSchedule evicts nobody")
	}
}

func TestASilentNode(t *testing.T) {
	fiveMinutes := int64(300)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "p"}, Spec: corev1.PodSpec{
		NodeName: "dead", Tolerations: []corev1.Toleration{{Key: corev1.TaintNodeUnreachable, Operator: corev1.TolerationOpExists, TolerationSeconds: &fiveMinutes}},
	}}
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	lease := func(name string) *coordinationv1.Lease {
		return &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: corev1.NamespaceNodeLease, Name: name}}
	}
	fresh := node("alive", corev1.ConditionTrue)
	fresh.Spec.Taints = []corev1.Taint{{Key: corev1.TaintNodeNotReady, Effect: corev1.TaintEffectNoSchedule}}
	objects := []runtime.Object{fresh, node("dead", corev1.ConditionTrue), pod, lease("alive"), lease("dead")}
	controllertest.Run(t, objects, func(t *testing.T, c *controllertest.Cluster) {
		c.Start(func(f *client.Informers) (controllertest.Runner, error) {
			return New(c.Kube, f, c.Events, 0), nil
		})
		core := c.Kube.CoreV1()
		get := func(name string) *corev1.Node {
			n, err := core.Nodes().Get(t.Context(), name, metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		beat := func(d time.Duration, names ...string) {
			for end := time.Now().Add(d); time.Now().Before(end); c.Pass(10 * time.Second) {
				for _, name := range names {
					l, err := c.Kube.CoordinationV1().Leases(corev1.NamespaceNodeLease).Get(t.Context(), name, metav1.GetOptions{})
					if err != nil {
						t.Fatal(err)
					}
					renewed := metav1.NowMicro()
					l.Spec.RenewTime = &renewed
					if _, err := c.Kube.CoordinationV1().Leases(corev1.NamespaceNodeLease).Update(t.Context(), l, metav1.UpdateOptions{}); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if got := get("alive").Spec.Taints; len(got) != 0 {
			t.Errorf("a ready node keeps %v", show(got))
		}
		beat(5*time.Minute, "alive", "dead")
		if got := get("dead"); ready(got) != corev1.ConditionTrue || len(got.Spec.Taints) != 0 {
			t.Errorf("it is heard, yet %v", got)
		}
		beat(2*time.Minute, "alive")
		dead := get("dead")
		if ready(dead) != corev1.ConditionUnknown || dead.Status.Conditions[0].Message != "Kubelet stopped posting node status." {
			t.Errorf("conditions %v", dead.Status.Conditions)
		}
		if want := []string{"node.kubernetes.io/unreachable:NoSchedule", "node.kubernetes.io/unreachable:NoExecute"}; !slices.Equal(show(dead.Spec.Taints), want) {
			t.Errorf("taints %v", show(dead.Spec.Taints))
		}
		p, err := core.Pods("ns").Get(t.Context(), "p", metav1.GetOptions{})
		if err != nil || pods.Ready(p) {
			t.Errorf("pod %v, err %v: want it there and not ready", p.Status, err)
		}
		beat(5*time.Minute, "alive")
		if l, _ := core.Pods("ns").List(t.Context(), metav1.ListOptions{}); len(l.Items) != 0 {
			t.Error("the pod outstayed its toleration")
		}
		if n := get("alive"); ready(n) != corev1.ConditionTrue || len(n.Spec.Taints) != 0 {
			t.Errorf("the other node is %v", n)
		}
	})
}
