package daemonset

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	"skiff/internal/controllers/controllertest"

	"skiff/internal/client"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func set(change ...func(*appsv1.DaemonSet)) *appsv1.DaemonSet {
	app, one, none := map[string]string{"app": "a"}, intstr.FromInt32(1), intstr.FromInt32(0)
	ds := &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "ds", UID: "ds-uid", Generation: 1},
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: app},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: app}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i:1"}}}},
			UpdateStrategy: appsv1.DaemonSetUpdateStrategy{
				Type: appsv1.RollingUpdateDaemonSetStrategyType, RollingUpdate: &appsv1.RollingUpdateDaemonSet{MaxUnavailable: &one, MaxSurge: &none},
			},
		},
	}
	for _, f := range change {
		f(ds)
	}
	return ds
}

func node(name string, taints ...corev1.Taint) *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.NodeSpec{Taints: taints}}
}

func ready(p *corev1.Pod, since time.Time) {
	p.Status.Phase = corev1.PodRunning
	p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(since)}}
}

func TestJudge(t *testing.T) {
	picky := set(func(ds *appsv1.DaemonSet) { ds.Spec.Template.Spec.NodeSelector = map[string]string{"disk": "ssd"} })
	taint := func(key string, effect corev1.TaintEffect) corev1.Taint {
		return corev1.Taint{Key: key, Effect: effect}
	}
	for _, c := range []struct {
		name string
		ds   *appsv1.DaemonSet
		node *corev1.Node
		want verdict
	}{
		{"plain", set(), node("n"), verdict{true, true}},
		{"selector", picky, node("n"), verdict{}},
		{"control plane", set(), node("n", taint("node-role.kubernetes.io/control-plane", "NoSchedule")), verdict{false, true}},
		{"evicting", set(), node("n", taint("gone", "NoExecute")), verdict{}},
		{"preferred", set(), node("n", taint("rather-not", "PreferNoSchedule")), verdict{true, true}},
		{"cordoned", set(), node("n", taint(corev1.TaintNodeUnschedulable, "NoSchedule")), verdict{true, true}},
		{"no network yet", set(), node("n", taint(corev1.TaintNodeNetworkUnavailable, "NoSchedule")), verdict{false, true}},
		{"the network itself", set(func(ds *appsv1.DaemonSet) { ds.Spec.Template.Spec.HostNetwork = true }),
			node("n", taint(corev1.TaintNodeNetworkUnavailable, "NoSchedule")), verdict{true, true}},
	} {
		if got := judge(newPod(c.ds, "h"), c.node); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// views makes a view of nodes n0, n1, ...: each word is a node's pods, "o" an
// old one, "n" a new one, in capitals when available, "-" for none.
func views(ds *appsv1.DaemonSet, state string) view {
	var nodes []*corev1.Node
	var owned []*corev1.Pod
	for i, word := range strings.Fields(state) {
		name := fmt.Sprintf("n%d", i)
		nodes = append(nodes, node(name))
		for _, r := range strings.Trim(word, "-") {
			hash := map[string]string{"O": "h1", "N": "h2"}[strings.ToUpper(string(r))]
			p := bind(newPod(ds, hash), name)
			p.Name = name + "-" + string(r)
			if strings.ToUpper(string(r)) == string(r) {
				ready(p, now.Add(-time.Hour))
			}
			owned = append(owned, p)
		}
	}
	return newView(ds, "h2", nodes, owned, now)
}

func describe(do plan) string {
	var out []string
	for _, n := range do.create {
		out = append(out, "+"+n)
	}
	for _, p := range do.remove {
		out = append(out, "-"+p.Name)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestUpdate(t *testing.T) {
	limits := func(unavailable, surge int32) func(*appsv1.DaemonSet) {
		u, s := intstr.FromInt32(unavailable), intstr.FromInt32(surge)
		return func(ds *appsv1.DaemonSet) {
			ds.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateDaemonSet{MaxUnavailable: &u, MaxSurge: &s}
		}
	}
	onDelete := func(ds *appsv1.DaemonSet) {
		ds.Spec.UpdateStrategy = appsv1.DaemonSetUpdateStrategy{Type: appsv1.OnDeleteDaemonSetStrategyType}
	}
	for _, c := range []struct {
		change      func(*appsv1.DaemonSet)
		state, want string
	}{
		{limits(1, 0), "O O O", "-n0-O"},
		{limits(2, 0), "O O O", "-n0-O -n1-O"},
		{limits(1, 0), "n O O", ""},
		{limits(1, 0), "N O O", "-n1-O"},
		{limits(1, 0), "- O O", ""},
		{limits(1, 0), "N o O", "-n1-o"}, // of no use anyway
		{limits(1, 0), "N N N", ""},
		{limits(0, 1), "O O O", "+n0"},
		{limits(0, 1), "On O O", ""},
		{limits(0, 1), "ON O O", "-n0-O"},
		{limits(0, 1), "N O O", "+n1"},
		{limits(0, 1), "N o O", "+n1 +n2"}, // one of no use is not counted
		{onDelete, "O O O", ""},
	} {
		if got := describe(views(set(c.change), c.state).update()); got != c.want {
			t.Errorf("%s: %q, want %q", c.state, got, c.want)
		}
	}
}

func TestPlace(t *testing.T) {
	for state, want := range map[string]string{"- N -": "+n0 +n2", "Nn": "-n0-n", "O N": ""} {
		if got := describe(views(set(), state).place()); got != want {
			t.Errorf("%s: %q, want %q", state, got, want)
		}
	}
}

func TestStatus(t *testing.T) {
	s, _ := views(set(), "O n N -").status(nil)
	want := appsv1.DaemonSetStatus{
		DesiredNumberScheduled: 4, CurrentNumberScheduled: 3, NumberReady: 2, NumberAvailable: 2, NumberUnavailable: 2,
		UpdatedNumberScheduled: 2, ObservedGeneration: 1,
	}
	if fmt.Sprint(s) != fmt.Sprint(want) {
		t.Errorf("got  %+v\nwant %+v", s, want)
	}
}

func list(t *testing.T, c *controllertest.Cluster) map[string]corev1.Pod {
	l, err := c.Kube.CoreV1().Pods("ns").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	byNode := map[string]corev1.Pod{}
	for _, p := range l.Items {
		byNode[nodeOf(&p)] = p
	}
	if len(byNode) != len(l.Items) {
		t.Errorf("%d pods on %d nodes", len(l.Items), len(byNode))
	}
	return byNode
}

func allReady(t *testing.T, c *controllertest.Cluster) {
	for _, p := range list(t, c) {
		if p.Status.Phase == "" {
			ready(&p, time.Now())
			if _, err := c.Kube.CoreV1().Pods("ns").UpdateStatus(t.Context(), &p, metav1.UpdateOptions{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	c.Settle()
}

func TestLife(t *testing.T) {
	controllertest.Run(t, []runtime.Object{set(), node("n1"), node("n2")}, func(t *testing.T, c *controllertest.Cluster) {
		c.Start(func(f *client.Informers) (controllertest.Runner, error) {
			return New(c.Kube, f, c.Events)
		})
		if got := list(t, c); len(got) != 2 {
			t.Fatalf("pods on %d nodes", len(got))
		}
		allReady(t, c)
		if _, err := c.Kube.CoreV1().Nodes().Create(t.Context(), node("n3"), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		c.Settle()
		allReady(t, c)
		if got := list(t, c); len(got) != 3 {
			t.Fatalf("pods on %d nodes after one was added", len(got))
		}
		get := func() *appsv1.DaemonSet {
			ds, err := c.Kube.AppsV1().DaemonSets("ns").Get(t.Context(), "ds", metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			return ds
		}
		if s := get().Status; s.NumberAvailable != 3 || s.UpdatedNumberScheduled != 3 {
			t.Errorf("status %+v", s)
		}
		before := c.Writes()
		c.Pass(time.Hour)
		if n := c.Writes() - before; n != 0 {
			t.Errorf("%d writes in an idle hour", n)
		}

		ds := get()
		ds.Spec.Template.Spec.Containers[0].Image = "i:2"
		if _, err := c.Kube.AppsV1().DaemonSets("ns").Update(t.Context(), ds, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		c.Settle()
		for range 3 {
			if s := get().Status; s.NumberAvailable < 2 {
				t.Errorf("in the update: %+v", s)
			}
			allReady(t, c)
		}
		for _, p := range list(t, c) {
			if p.Spec.Containers[0].Image != "i:2" {
				t.Errorf("%s is still old", p.Name)
			}
		}
		revisions, err := c.Kube.AppsV1().ControllerRevisions("ns").List(t.Context(), metav1.ListOptions{})
		if err != nil || len(revisions.Items) != 2 {
			t.Errorf("revisions %v, %v", revisions, err)
		}
	})
}

func TestEndedPodsAreReplacedMoreAndMoreSlowly(t *testing.T) {
	controllertest.Run(t, []runtime.Object{set(), node("n1")}, func(t *testing.T, c *controllertest.Cluster) {
		c.Start(func(f *client.Informers) (controllertest.Runner, error) {
			return New(c.Kube, f, c.Events)
		})
		fail := func() string {
			p := list(t, c)["n1"]
			p.Status.Phase = corev1.PodFailed
			if _, err := c.Kube.CoreV1().Pods("ns").UpdateStatus(t.Context(), &p, metav1.UpdateOptions{}); err != nil {
				t.Fatal(err)
			}
			c.Settle()
			return p.Name
		}
		fail()
		fail()
		first := fail()
		if p := list(t, c)["n1"]; p.Name != first {
			t.Error("replaced at once though it failed three times")
		}
		c.Pass(time.Minute)
		if p := list(t, c)["n1"]; p.Name == first || p.Status.Phase == corev1.PodFailed {
			t.Errorf("%s was not replaced", first)
		}
		if e := c.NextEvents(); !slices.ContainsFunc(e, func(s string) bool {
			return strings.HasPrefix(s, "Warning FailedDaemonPod Found failed daemon pod ns/ds-")
		}) {
			t.Errorf("events %q", e)
		}
	})
}
