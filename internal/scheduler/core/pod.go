package core

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	resourcehelper "k8s.io/component-helpers/resource"
	schedulinghelper "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
)

// Pod is a pod as the scheduler sees it, read once. It does not change.
type Pod struct {
	*corev1.Pod
	Priority int32

	requests Resource
	// usual are the requests, with a guess for containers that name none:
	// without it, all of them would look free and land on one node.
	usual Resource
	ports []port

	nodeAffinity nodeaffinity.RequiredNodeAffinity
	preferred    *nodeaffinity.PreferredSchedulingTerms
	affinity     []term // required, as are the next
	antiAffinity []term
	likes        []term // preferred; Weight is negative for anti-affinity
	spread       []constraint

	local  string // equal for pods that every node alone answers alike
	across string // equal for pods that are also alike to other pods
}

// term is one pod affinity term.
type term struct {
	selector   labels.Selector
	namespaces map[string]bool
	nsSelector labels.Selector // nil: none
	key        string          // topology key
	weight     int64
}

// constraint is one topology spread constraint.
type constraint struct {
	selector    labels.Selector
	key         string
	maxSkew     int64
	minDomains  int64
	hard        bool
	honorTaints bool
	ignoreNodes bool // nodeAffinityPolicy: Ignore
}

// What a container that requests nothing is taken to use.
var usualRequests = corev1.ResourceList{
	corev1.ResourceCPU:    resource.MustParse("100m"),
	corev1.ResourceMemory: resource.MustParse("200Mi"),
}

// NewPod reads a pod. It fails on a selector that cannot be read, which
// validation refuses.
func NewPod(pod *corev1.Pod) (*Pod, error) {
	p := &Pod{
		Pod: pod, Priority: schedulinghelper.PodPriority(pod),
		requests:     resourceOf(resourcehelper.PodRequests(pod, resourcehelper.PodResourcesOptions{UseStatusResources: true})),
		usual:        resourceOf(resourcehelper.PodRequests(pod, resourcehelper.PodResourcesOptions{UseStatusResources: true, NonMissingContainerRequests: usualRequests})),
		ports:        portsOf(pod),
		nodeAffinity: nodeaffinity.GetRequiredNodeAffinity(pod),
	}
	if err := p.readAffinity(); err != nil {
		return nil, fmt.Errorf("affinity of pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	if err := p.readSpread(); err != nil {
		return nil, fmt.Errorf("topologySpreadConstraints of pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	return p, nil
}

func (p *Pod) readAffinity() (err error) {
	a := p.Spec.Affinity
	if a == nil {
		return nil
	}
	if n := a.NodeAffinity; n != nil && len(n.PreferredDuringSchedulingIgnoredDuringExecution) > 0 {
		if p.preferred, err = nodeaffinity.NewPreferredSchedulingTerms(n.PreferredDuringSchedulingIgnoredDuringExecution); err != nil {
			return err
		}
	}
	if x := a.PodAffinity; x != nil {
		if p.affinity, err = p.terms(x.RequiredDuringSchedulingIgnoredDuringExecution); err != nil {
			return err
		}
		if err = p.addLikes(x.PreferredDuringSchedulingIgnoredDuringExecution, 1); err != nil {
			return err
		}
	}
	if x := a.PodAntiAffinity; x != nil {
		if p.antiAffinity, err = p.terms(x.RequiredDuringSchedulingIgnoredDuringExecution); err != nil {
			return err
		}
		return p.addLikes(x.PreferredDuringSchedulingIgnoredDuringExecution, -1)
	}
	return nil
}

func (p *Pod) terms(list []corev1.PodAffinityTerm) (out []term, err error) {
	for i := range list {
		t, err := p.term(&list[i], 0)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

func (p *Pod) addLikes(list []corev1.WeightedPodAffinityTerm, sign int64) error {
	for i := range list {
		t, err := p.term(&list[i].PodAffinityTerm, sign*int64(list[i].Weight))
		if err != nil {
			return err
		}
		p.likes = append(p.likes, t)
	}
	return nil
}

func (p *Pod) term(t *corev1.PodAffinityTerm, weight int64) (term, error) {
	selector, err := metav1.LabelSelectorAsSelector(t.LabelSelector)
	if err != nil {
		return term{}, err
	}
	out := term{selector: selector, key: t.TopologyKey, weight: weight, namespaces: map[string]bool{}}
	for _, ns := range t.Namespaces {
		out.namespaces[ns] = true
	}
	if t.NamespaceSelector != nil {
		out.nsSelector, err = metav1.LabelSelectorAsSelector(t.NamespaceSelector)
	} else if len(t.Namespaces) == 0 {
		out.namespaces[p.Namespace] = true
	}
	return out, err
}

func (p *Pod) readSpread() error {
	for i := range p.Spec.TopologySpreadConstraints {
		c := &p.Spec.TopologySpreadConstraints[i]
		selector, err := metav1.LabelSelectorAsSelector(c.LabelSelector)
		if err != nil {
			return err
		}
		for _, key := range c.MatchLabelKeys {
			if v, ok := p.Labels[key]; ok {
				add, _ := labels.SelectorFromSet(labels.Set{key: v}).Requirements()
				selector = selector.Add(add...)
			}
		}
		out := constraint{
			selector: selector, key: c.TopologyKey, maxSkew: int64(c.MaxSkew), minDomains: 1,
			hard:        c.WhenUnsatisfiable == corev1.DoNotSchedule,
			honorTaints: c.NodeTaintsPolicy != nil && *c.NodeTaintsPolicy == corev1.NodeInclusionPolicyHonor,
			ignoreNodes: c.NodeAffinityPolicy != nil && *c.NodeAffinityPolicy == corev1.NodeInclusionPolicyIgnore,
		}
		if c.MinDomains != nil {
			out.minDomains = int64(*c.MinDomains)
		}
		p.spread = append(p.spread, out)
	}
	return nil
}

// localKey names the class of pods that any node alone answers alike.
func (p *Pod) localKey() string {
	if p.local == "" {
		var b strings.Builder
		s := &p.Spec
		fmt.Fprintf(&b, "%q %v %v %v", s.NodeName, p.requests, p.usual, p.ports)
		for _, k := range slices.Sorted(maps.Keys(s.NodeSelector)) {
			fmt.Fprintf(&b, " %q=%q", k, s.NodeSelector[k])
		}
		for i := range s.Tolerations {
			fmt.Fprintf(&b, " t%q", marshal(&s.Tolerations[i]))
		}
		if s.Affinity != nil && s.Affinity.NodeAffinity != nil {
			fmt.Fprintf(&b, " a%q", marshal(s.Affinity.NodeAffinity))
		}
		for i := range s.Containers {
			fmt.Fprintf(&b, " i%q", s.Containers[i].Image)
		}
		p.local = b.String()
	}
	return p.local
}

// acrossKey names the class of pods that are also alike to other pods.
func (p *Pod) acrossKey() string {
	if p.across == "" {
		var b strings.Builder
		fmt.Fprintf(&b, "%s %q %v", p.localKey(), p.Namespace, p.DeletionTimestamp != nil)
		for _, k := range slices.Sorted(maps.Keys(p.Labels)) {
			fmt.Fprintf(&b, " %q=%q", k, p.Labels[k])
		}
		if a := p.Spec.Affinity; a != nil {
			fmt.Fprintf(&b, " a%q", marshal(a))
		}
		for i := range p.Spec.TopologySpreadConstraints {
			fmt.Fprintf(&b, " s%q", marshal(&p.Spec.TopologySpreadConstraints[i]))
		}
		p.across = b.String()
	}
	return p.across
}

func marshal(m interface{ Marshal() ([]byte, error) }) []byte {
	b, err := m.Marshal()
	if err != nil {
		panic(err) // API types always marshal
	}
	return b
}

// SameDemands says whether q asks of nodes and of other pods what p does, so
// that where one finds no place, the other finds none.
func (p *Pod) SameDemands(q *Pod) bool {
	return p.acrossKey() == q.acrossKey() && p.Priority == q.Priority
}

// matches says whether the term selects pod o; namespaces knows the labels of
// each namespace.
func (t *term) matches(o *Pod, namespaces map[string]labels.Set) bool {
	if !t.namespaces[o.Namespace] && (t.nsSelector == nil || !t.nsSelector.Matches(namespaces[o.Namespace])) {
		return false
	}
	return t.selector.Matches(labels.Set(o.Labels))
}

// sociable says whether the pod has a say in where other pods go.
func (p *Pod) sociable() bool {
	return len(p.affinity)+len(p.antiAffinity)+len(p.likes) > 0
}
