package daemonset

import (
	"cmp"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"skiff/internal/controllers/pods"
)

// verdict says what a node is to a DaemonSet.
type verdict struct {
	run  bool // it is to have a pod
	keep bool // a pod that is there may stay
}

// judge says whether a node is for pods like pod, which newPod made for it.
func judge(pod *corev1.Pod, node *corev1.Node) verdict {
	if pod.Spec.NodeName != "" && pod.Spec.NodeName != node.Name {
		return verdict{}
	}
	if ok, err := nodeaffinity.GetRequiredNodeAffinity(pod).Match(node); !ok || err != nil {
		return verdict{}
	}
	v := verdict{run: true, keep: true}
	for i := range node.Spec.Taints {
		t := &node.Spec.Taints[i]
		if t.Effect == corev1.TaintEffectPreferNoSchedule || tolerated(pod.Spec.Tolerations, t) {
			continue
		}
		v.run = false
		v.keep = v.keep && t.Effect != corev1.TaintEffectNoExecute
	}
	return v
}

func tolerated(list []corev1.Toleration, taint *corev1.Taint) bool {
	return slices.ContainsFunc(list, func(t corev1.Toleration) bool {
		if t.Effect != "" && t.Effect != taint.Effect {
			return false
		}
		if t.Key != "" && t.Key != taint.Key {
			return false
		}
		return t.Operator == corev1.TolerationOpExists || t.Value == taint.Value && t.Key != ""
	})
}

// Taints that a daemon lives with: it is there for the node, in good days and
// bad.
var endured = []corev1.Toleration{
	{Key: corev1.TaintNodeNotReady, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute},
	{Key: corev1.TaintNodeUnreachable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute},
	{Key: corev1.TaintNodeDiskPressure, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule},
	{Key: corev1.TaintNodeMemoryPressure, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule},
	{Key: corev1.TaintNodePIDPressure, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule},
	{Key: corev1.TaintNodeUnschedulable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule},
}

// generationLabel is for clients that grew up before ControllerRevisions.
const (
	generationLabel = "pod-template-generation"
	hashLabel       = appsv1.DefaultDaemonSetUniqueLabelKey
)

// newPod is ds's pod for a node; no node: before judge's or bind's changes.
func newPod(ds *appsv1.DaemonSet, hash string) *corev1.Pod {
	p := pods.FromTemplate(&ds.Spec.Template, ds, *metav1.NewControllerRef(ds, kind))
	if p.Labels == nil {
		p.Labels = map[string]string{}
	}
	if n := ds.Annotations[appsv1.DeprecatedTemplateGeneration]; n != "" {
		p.Labels[generationLabel] = n
	}
	if hash != "" {
		p.Labels[hashLabel] = hash
	}
	for _, t := range endured {
		tolerate(p, t)
	}
	if p.Spec.HostNetwork {
		tolerate(p, corev1.Toleration{Key: corev1.TaintNodeNetworkUnavailable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule})
	}
	return p
}

func tolerate(p *corev1.Pod, t corev1.Toleration) {
	if !slices.ContainsFunc(p.Spec.Tolerations, func(have corev1.Toleration) bool {
		return have.Key == t.Key && have.Effect == t.Effect && have.Operator == t.Operator
	}) {
		p.Spec.Tolerations = append(p.Spec.Tolerations, t)
	}
}

// bind leaves the scheduler one node to choose. Terms that were there are
// replaced: the node was judged by them already.
func bind(p *corev1.Pod, node string) *corev1.Pod {
	p = p.DeepCopy()
	if p.Spec.Affinity == nil {
		p.Spec.Affinity = &corev1.Affinity{}
	}
	if p.Spec.Affinity.NodeAffinity == nil {
		p.Spec.Affinity.NodeAffinity = &corev1.NodeAffinity{}
	}
	p.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution = &corev1.NodeSelector{
		NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchFields: []corev1.NodeSelectorRequirement{{
			Key: metav1.ObjectNameField, Operator: corev1.NodeSelectorOpIn, Values: []string{node},
		}}}},
	}
	return p
}

// nodeOf is the node that a pod is on or bound for; "" when nothing says.
func nodeOf(p *corev1.Pod) string {
	if p.Spec.NodeName != "" || p.Spec.Affinity == nil || p.Spec.Affinity.NodeAffinity == nil {
		return p.Spec.NodeName
	}
	required := p.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	if required == nil {
		return ""
	}
	for _, term := range required.NodeSelectorTerms {
		for _, f := range term.MatchFields {
			if f.Key == metav1.ObjectNameField && f.Operator == corev1.NodeSelectorOpIn && len(f.Values) == 1 {
				return f.Values[0]
			}
		}
	}
	return ""
}

// plan is what is to be done about ds's pods.
type plan struct {
	create []string      // on these nodes
	remove []*corev1.Pod // for good
	failed []*corev1.Pod // ended pods, to be removed when their back-off allows
}

func (p plan) idle() bool { return len(p.create)+len(p.remove)+len(p.failed) == 0 }

// view is what one reconciliation sees: pods by node, and what the nodes are.
type view struct {
	ds    *appsv1.DaemonSet
	hash  string
	nodes map[string]verdict
	pods  map[string][]*corev1.Pod
	now   time.Time
}

// newView sorts ds's pods by node. going pods count as told to go.
func newView(ds *appsv1.DaemonSet, hash string, nodes []*corev1.Node, owned []*corev1.Pod, now time.Time) view {
	v := view{ds: ds, hash: hash, nodes: map[string]verdict{}, pods: map[string][]*corev1.Pod{}, now: now}
	sample := newPod(ds, hash)
	for _, n := range nodes {
		v.nodes[n.Name] = judge(sample, n)
	}
	for _, p := range owned {
		v.pods[nodeOf(p)] = append(v.pods[nodeOf(p)], p)
	}
	return v
}

// place gives every node that should have a pod one, and takes the others.
func (v view) place() (do plan) {
	for name, node := range v.nodes {
		list := v.pods[name]
		switch {
		case node.run && len(list) == 0:
			do.create = append(do.create, name)
		case node.keep:
			v.settle(name, node, list, &do)
		default:
			do.remove = append(do.remove, living(list)...)
		}
	}
	slices.Sort(do.create)
	return do
}

func living(list []*corev1.Pod) (out []*corev1.Pod) {
	for _, p := range list {
		if p.DeletionTimestamp == nil {
			out = append(out, p)
		}
	}
	return out
}

// settle removes ended pods, and all but the oldest of several. In a surge an
// old and a new one may stand side by side.
func (v view) settle(name string, node verdict, list []*corev1.Pod, do *plan) {
	var running []*corev1.Pod
	for _, p := range living(list) {
		if pods.Terminal(p) {
			do.failed = append(do.failed, p)
		} else {
			running = append(running, p)
		}
	}
	surge := v.maxSurge() > 0
	if len(running) == 0 {
		if surge && node.run && len(living(list)) == 0 {
			do.create = append(do.create, name) // the one that is going does not hold up its successor
		}
		return
	}
	slices.SortStableFunc(running, func(a, b *corev1.Pod) int {
		return cmp.Or(later(a.Spec.NodeName != "", b.Spec.NodeName != ""), a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	if !surge {
		do.remove = append(do.remove, running[1:]...)
		return
	}
	kept := map[bool]bool{}
	for _, p := range running {
		if isNew := v.current(p); kept[isNew] {
			do.remove = append(do.remove, p)
		} else {
			kept[isNew] = true
		}
	}
}

// later sorts what has, before what has not.
func later(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// current says whether a pod is of the newest template.
func (v view) current(p *corev1.Pod) bool {
	if n := v.ds.Annotations[appsv1.DeprecatedTemplateGeneration]; n != "" && p.Labels[generationLabel] == n {
		return true
	}
	return v.hash != "" && p.Labels[hashLabel] == v.hash
}
