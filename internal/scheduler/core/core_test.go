package core

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

const zone = corev1.LabelTopologyZone

func testNode(name string, change ...func(*corev1.Node)) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelHostname: name}}}
	n.Status.Allocatable = corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("4"), corev1.ResourceMemory: resource.MustParse("8Gi"), corev1.ResourcePods: resource.MustParse("110"),
	}
	for _, f := range change {
		f(n)
	}
	return n
}

func inZone(z string) func(*corev1.Node) { return func(n *corev1.Node) { n.Labels[zone] = z } }

func taint(key, value string, effect corev1.TaintEffect) func(*corev1.Node) {
	return func(n *corev1.Node) {
		n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: key, Value: value, Effect: effect})
	}
}

func testPod(t testing.TB, name string, change ...func(*corev1.Pod)) *Pod {
	t.Helper()
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, UID: types.UID(name), Labels: map[string]string{"app": "a"}}}
	p.Spec.Containers = []corev1.Container{{Name: "c", Image: "i"}}
	for _, f := range change {
		f(p)
	}
	out, err := NewPod(p)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func requests(cpu, memory string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Spec.Containers[0].Resources.Requests = corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory),
		}
	}
}

func labelled(app string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Labels = map[string]string{"app": app} }
}

func priority(n int32) func(*corev1.Pod) { return func(p *corev1.Pod) { p.Spec.Priority = &n } }

func selector(app string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}}
}

func spreadOver(key string, when corev1.UnsatisfiableConstraintAction) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Spec.TopologySpreadConstraints = append(p.Spec.TopologySpreadConstraints, corev1.TopologySpreadConstraint{
			MaxSkew: 1, TopologyKey: key, WhenUnsatisfiable: when, LabelSelector: selector(p.Labels["app"]),
		})
	}
}

func mustSelector(t testing.TB, app string) labels.Selector {
	s, err := metav1.LabelSelectorAsSelector(selector(app))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func affinity(p *corev1.Pod) *corev1.Affinity {
	if p.Spec.Affinity == nil {
		p.Spec.Affinity = &corev1.Affinity{}
	}
	return p.Spec.Affinity
}

func near(app, key string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		affinity(p).PodAffinity = &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{
			LabelSelector: selector(app), TopologyKey: key,
		}}}
	}
}

func awayFrom(app, key string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		affinity(p).PodAntiAffinity = &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{
			LabelSelector: selector(app), TopologyKey: key,
		}}}
	}
}

func preferNear(app, key string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		affinity(p).PodAffinity = &corev1.PodAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{
			Weight: 100, PodAffinityTerm: corev1.PodAffinityTerm{LabelSelector: selector(app), TopologyKey: key},
		}}}
	}
}

func state(nodes ...*corev1.Node) *State {
	s := NewState(1)
	for _, n := range nodes {
		s.SetNode(n)
	}
	return s
}

// place decides on p and puts it there.
func place(s *State, p *Pod) string {
	d := s.Decide(p)
	if d.Node != "" {
		s.SetPod(p, d.Node)
	}
	return d.Node
}

func expectFailure(t *testing.T, s *State, p *Pod, want string) {
	t.Helper()
	d := s.Decide(p)
	if d.Failure == nil {
		t.Fatalf("placed on %s, want: %s", d.Node, want)
	}
	if got := d.Failure.Error(); got != want {
		t.Errorf("got:  %s\nwant: %s", got, want)
	}
}

func TestNoNodes(t *testing.T) {
	expectFailure(t, state(), testPod(t, "p"), "no nodes available to schedule pods")
}

func TestFailuresAreCountedAndSorted(t *testing.T) {
	s := state(
		testNode("tainted", taint("k", "v", corev1.TaintEffectNoSchedule)),
		testNode("cordoned", func(n *corev1.Node) { n.Spec.Unschedulable = true }),
		testNode("small", func(n *corev1.Node) { n.Status.Allocatable[corev1.ResourceCPU] = resource.MustParse("1") }),
		testNode("tiny", func(n *corev1.Node) {
			n.Status.Allocatable[corev1.ResourceCPU] = resource.MustParse("1")
			n.Status.Allocatable[corev1.ResourceMemory] = resource.MustParse("1Gi")
		}),
		testNode("full", func(n *corev1.Node) { n.Status.Allocatable[corev1.ResourcePods] = resource.MustParse("0") }),
	)
	expectFailure(t, s, testPod(t, "p", requests("2", "2Gi")), "0/5 nodes are available: 1 Insufficient memory, 1 Too many pods, "+
		"1 node(s) had untolerated taint {k: v}, 1 node(s) were unschedulable, 2 Insufficient cpu.")
}

func TestNodeNameSelectorAndPorts(t *testing.T) {
	s := state(testNode("a"), testNode("b"))
	if got := place(s, testPod(t, "named", func(p *corev1.Pod) { p.Spec.NodeName = "b" })); got != "b" {
		t.Errorf("named: %s", got)
	}
	if got := place(s, testPod(t, "selecting", func(p *corev1.Pod) { p.Spec.NodeSelector = map[string]string{corev1.LabelHostname: "a"} })); got != "a" {
		t.Errorf("selecting: %s", got)
	}
	host := func(addr string, n int32) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			p.Spec.Containers[0].Ports = []corev1.ContainerPort{{HostIP: addr, HostPort: n, Protocol: corev1.ProtocolTCP}}
		}
	}
	first, second := place(s, testPod(t, "p1", host("", 80))), place(s, testPod(t, "p2", host("0.0.0.0", 80)))
	if first == "" || second == "" || first == second {
		t.Errorf("two pods with one host port on %q and %q", first, second)
	}
	expectFailure(t, s, testPod(t, "p3", host("127.0.0.1", 80)),
		"0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports.")
	s.RemovePod("p1")
	if got := place(s, testPod(t, "p4", host("127.0.0.1", 80))); got != first {
		t.Errorf("the port is free again on %s, got %q", first, got)
	}
	if got := place(s, testPod(t, "p5", host("127.0.0.2", 80))); got != first {
		t.Errorf("another address on %s, got %q", first, got)
	}
}

func TestPodsSpreadByWhatIsLeft(t *testing.T) {
	s := state(testNode("a"), testNode("b"), testNode("c"))
	count := map[string]int{}
	for i := range 30 {
		count[place(s, testPod(t, fmt.Sprint(i)))]++
	}
	if want := map[string]int{"a": 10, "b": 10, "c": 10}; !maps.Equal(count, want) {
		t.Errorf("got %v", count)
	}
}

func TestPreferences(t *testing.T) {
	s := state(testNode("disliked", taint("k", "v", corev1.TaintEffectPreferNoSchedule)), testNode("plain"), testNode("liked", inZone("z")))
	if got := s.Decide(testPod(t, "p", func(p *corev1.Pod) {
		affinity(p).NodeAffinity = &corev1.NodeAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{{
			Weight: 1, Preference: corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: zone, Operator: corev1.NodeSelectorOpExists}}},
		}}}
	})).Node; got != "liked" {
		t.Errorf("node affinity: %s", got)
	}
	for i := range 20 {
		if got := s.Decide(testPod(t, fmt.Sprint(i))).Node; got == "disliked" {
			t.Error("chose a node with a taint that says: rather not")
		}
	}
	s = state(testNode("without"), testNode("with", func(n *corev1.Node) {
		n.Status.Images = []corev1.ContainerImage{{Names: []string{"i:latest"}, SizeBytes: 800 << 20}}
	}))
	if got := s.Decide(testPod(t, "p")).Node; got != "with" {
		t.Errorf("image locality: %s", got)
	}
}

func TestTopologySpread(t *testing.T) {
	s := state(testNode("a1", inZone("a")), testNode("a2", inZone("a")), testNode("b1", inZone("b")), testNode("outside"))
	count := map[string]int{}
	for i := range 6 {
		p := testPod(t, fmt.Sprint(i), spreadOver(zone, corev1.DoNotSchedule))
		count[place(s, p)[:1]]++
	}
	if count["a"] != 3 || count["b"] != 3 {
		t.Errorf("by zone: %v", count)
	}
	s.SetNode(testNode("b1", inZone("b"), func(n *corev1.Node) { n.Spec.Unschedulable = true }))
	place(s, testPod(t, "7", spreadOver(zone, corev1.DoNotSchedule)))
	expectFailure(t, s, testPod(t, "8", spreadOver(zone, corev1.DoNotSchedule)), "0/4 nodes are available: "+
		"1 node(s) didn't match pod topology spread constraints (missing required label), 1 node(s) were unschedulable, "+
		"2 node(s) didn't match pod topology spread constraints.")

	s = state(testNode("a", inZone("a")), testNode("b", inZone("b")))
	s.SetPod(testPod(t, "x"), "a")
	s.SetPod(testPod(t, "other", labelled("other"), requests("2", "4Gi")), "b")
	if got := s.Decide(testPod(t, "p", spreadOver(zone, corev1.ScheduleAnyway))).Node; got != "b" {
		t.Errorf("a wish to spread: %s", got)
	}
}

func TestPodAffinity(t *testing.T) {
	s := state(testNode("a", inZone("a")), testNode("b", inZone("b")))
	expectFailure(t, s, testPod(t, "lonely", near("db", zone)), "0/2 nodes are available: 2 node(s) didn't match pod affinity rules.")
	first := place(s, testPod(t, "first", labelled("web"), near("web", zone)))
	if first == "" {
		t.Fatal("the first of a group may go anywhere")
	}
	for i := range 5 {
		if got := place(s, testPod(t, fmt.Sprint(i), labelled("web"), near("web", zone))); got != first {
			t.Errorf("the group is on %s, another landed on %s", first, got)
		}
	}
	s.SetPod(testPod(t, "cache", labelled("cache")), "b")
	s.SetPod(testPod(t, "big", labelled("big"), requests("2", "4Gi")), "b")
	if got := s.Decide(testPod(t, "p", preferNear("cache", zone))).Node; got != "b" {
		t.Errorf("a wish to be near: %s", got)
	}
}

func TestPodAntiAffinity(t *testing.T) {
	s := state(testNode("a"), testNode("b"))
	shy := func(name string) *Pod {
		return testPod(t, name, labelled("shy"), awayFrom("shy", corev1.LabelHostname))
	}
	first, second := place(s, shy("1")), place(s, shy("2"))
	if first == second || first == "" || second == "" {
		t.Fatalf("on %q and %q", first, second)
	}
	expectFailure(t, s, shy("3"), "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.")
	expectFailure(t, s, testPod(t, "4", labelled("shy")), "0/2 nodes are available: 2 node(s) didn't satisfy existing pods anti-affinity rules.")
	s.RemovePod("1")
	if got := place(s, testPod(t, "5", labelled("shy"))); got != first {
		t.Errorf("%s is free again, got %q", first, got)
	}
}

func TestNamespaceSelector(t *testing.T) {
	s := state(testNode("a"))
	s.SetPod(testPod(t, "other", func(p *corev1.Pod) { p.Namespace = "other" }), "a")
	p := testPod(t, "p", func(p *corev1.Pod) {
		awayFrom("a", corev1.LabelHostname)(p)
		p.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution[0].NamespaceSelector = selector("team")
	})
	if s.Decide(p).Node != "a" {
		t.Error("the namespace is not selected")
	}
	s.SetNamespace("other", map[string]string{"app": "team"})
	if s.Decide(p).Node != "" {
		t.Error("the namespace is selected now")
	}
	s.RemoveNamespace("other")
	if s.Decide(p).Node != "a" {
		t.Error("the namespace is gone")
	}
}

func TestPodsOfANodeThatComesLate(t *testing.T) {
	s := state()
	s.SetPod(testPod(t, "early", requests("3", "1Gi")), "a")
	s.SetNode(testNode("a"))
	expectFailure(t, s, testPod(t, "p", requests("2", "1Gi")), "0/1 nodes are available: 1 Insufficient cpu.")
	s.RemoveNode("a")
	s.RemovePod("early")
	s.SetNode(testNode("a"))
	if place(s, testPod(t, "p", requests("2", "1Gi"))) != "a" {
		t.Error("the pod that was there is gone")
	}
}

func TestAHeartbeatChangesNothing(t *testing.T) {
	s := state(testNode("a"))
	beat := testNode("a", func(n *corev1.Node) { n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady}} })
	if s.SetNode(beat) {
		t.Error("a condition changes no decision")
	}
	if !s.SetNode(testNode("a", inZone("z"))) {
		t.Error("a label does")
	}
}

// TestWhatIsRememberedIsTrue changes a State at random, asking it all the
// while, and compares its answers with those of a State made afresh.
func TestWhatIsRememberedIsTrue(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	old := NewState(1)
	nodes, placed := map[string]*corev1.Node{}, map[string]*Pod{}
	on := map[string]string{}
	kinds := []func(*corev1.Pod){
		func(*corev1.Pod) {}, spreadOver(zone, corev1.DoNotSchedule), awayFrom("a", corev1.LabelHostname),
		near("b", zone), preferNear("b", zone), labelled("b"), requests("1", "1Gi"), spreadOver(zone, corev1.ScheduleAnyway),
	}
	for step := range 3000 {
		name := fmt.Sprint(r.IntN(12))
		switch r.IntN(10) {
		case 0:
			n := testNode(name, inZone(fmt.Sprint(r.IntN(3))), func(n *corev1.Node) { n.Spec.Unschedulable = r.IntN(6) == 0 })
			nodes[name] = n
			old.SetNode(n)
		case 1:
			delete(nodes, name)
			old.RemoveNode(name)
		case 2, 3:
			id := fmt.Sprint(r.IntN(60))
			delete(placed, id)
			delete(on, id)
			old.RemovePod(types.UID(id))
		default:
			id := fmt.Sprint(r.IntN(60))
			p := testPod(t, id, kinds[r.IntN(len(kinds))])
			placed[id], on[id] = p, name
			old.SetPod(p, name)
		}
		probe := testPod(t, "probe", kinds[r.IntN(len(kinds))])
		if step%10 != 0 {
			old.Decide(probe)
			continue
		}
		fresh := NewState(1)
		for _, n := range nodes {
			fresh.SetNode(n)
		}
		for id, p := range placed {
			fresh.SetPod(p, on[id])
		}
		if got, want := scored(old, probe), scored(fresh, probe); !maps.Equal(got, want) {
			t.Fatalf("step %d: remembered %v\nbut it is %v", step, got, want)
		}
	}
}

// scored returns the score of each node that can run p.
func scored(s *State, p *Pod) map[string]int64 {
	out := map[string]int64{}
	if s.Decide(p).Failure != nil {
		return out
	}
	feasible := slices.Clone(s.scratch.feasible)
	scores := make([]int64, len(feasible))
	s.localClass(p).score(feasible, scores)
	if c := s.acrossClass(p); c != nil {
		c.score(feasible, scores, make([]int64, len(feasible)))
	}
	for k, i := range feasible {
		out[s.nodes[i].Name] = scores[k]
	}
	return out
}

func BenchmarkDecide(b *testing.B) {
	for _, size := range []int{1000, 5000} {
		for _, kind := range []struct {
			name   string
			change func(*corev1.Pod)
		}{
			{"plain", func(*corev1.Pod) {}},
			{"spread", spreadOver(zone, corev1.DoNotSchedule)},
			{"antiaffinity", awayFrom("nobody", corev1.LabelHostname)},
		} {
			b.Run(fmt.Sprintf("%s/nodes=%d", kind.name, size), func(b *testing.B) {
				s := NewState(1)
				for i := range size {
					s.SetNode(testNode(fmt.Sprint("node-", i), inZone(fmt.Sprint(i%3))))
				}
				i := 0
				for b.Loop() {
					p := testPod(b, fmt.Sprint(i), kind.change, requests("1m", "1Mi"))
					if place(s, p) == "" {
						b.Fatal("no room")
					}
					if i++; i >= 50*size { // keep room
						for ; i > 0; i-- {
							s.RemovePod(types.UID(fmt.Sprint(i - 1)))
						}
					}
				}
			})
		}
	}
}
