package admission

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/api/core"
	"skiff/internal/apiserver/testreader"
)

func machine(name, os string, features ...string) *corev1.Node {
	n := &corev1.Node{ObjectMeta: named("", name)}
	n.Labels = map[string]string{corev1.LabelOSStable: os, corev1.LabelTopologyZone: "z", corev1.LabelTopologyRegion: "r", "other": "x"}
	n.Status.Allocatable = amounts("2", "1Gi")
	n.Status.DeclaredFeatures = features
	return n
}

func amounts(cpu, memory string) corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)}
}

// resizing is the write of a pod that asked for nothing, and is to have cpu
// and memory.
func resizing(node, cpu, memory string) *Request {
	old := &corev1.Pod{ObjectMeta: named("team", "p"), Spec: corev1.PodSpec{
		NodeName: node, Containers: []corev1.Container{{Name: "a"}}, InitContainers: []corev1.Container{{Name: "i"}},
	}}
	old.Generation = 1
	pod := old.DeepCopy()
	pod.Generation = 2
	pod.Spec.Containers[0].Resources.Requests = amounts(cpu, memory)
	r := create(core.Pod, pod)
	r.Operation, r.Old, r.Subresource = Update, old, "resize"
	return r
}

func TestPodsGrowWithinTheirNode(t *testing.T) {
	p := PodResizeValidator{Reader: testreader.New(machine("n", "linux"), machine("w", "windows"))}
	pass(t, p, resizing("n", "2", "1Gi"))
	pass(t, p, resizing("", "9", "9Gi"))
	unchanged, main := resizing("n", "9", "9Gi"), resizing("n", "9", "9Gi")
	unchanged.Object.(*corev1.Pod).Generation = 1
	main.Subresource = ""
	pass(t, p, unchanged)
	pass(t, p, main)
	for _, c := range []struct {
		r     *Request
		cause metav1.CauseType
		want  string
	}{
		{resizing("n", "2001m", "1Gi"), nodeCapacity, `pods "p" is forbidden: Node didn't have enough allocatable resources: cpu, requested: 2001, allocatable: 2000`},
		{resizing("n", "3", "2Gi"), nodeCapacity, "Node didn't have enough allocatable resources: cpu, requested: 3000, allocatable: 2000; memory, requested: 2147483648, allocatable: 1073741824"},
		{resizing("w", "1", "1Gi"), unsupportedPlatform, `pod resize is only supported on linux nodes, node "w" is "windows"`},
		{resizing("gone", "1", "1Gi"), "", `node "gone" not found`},
	} {
		err := refuse(t, p, c.r, c.want)
		if !apierrors.IsForbidden(err) || c.cause != "" && !apierrors.HasStatusCause(err, c.cause) {
			t.Errorf("%#v", err)
		}
	}
}

func TestWhatNodesDoNotDeclare(t *testing.T) {
	const init, whole = "InPlacePodVerticalScalingInitContainers", "InPlacePodLevelResourcesVerticalScaling"
	p := NodeDeclaredFeatureValidator{Reader: testreader.New(machine("plain", "linux"), machine("able", "linux", whole, init))}
	ask := func(node, subresource string, change func(*corev1.PodSpec)) *Request {
		r := resizing(node, "1", "1Gi")
		r.Subresource = subresource
		change(&r.Object.(*corev1.Pod).Spec)
		return r
	}
	initially := func(s *corev1.PodSpec) { s.InitContainers[0].Resources.Requests = amounts("1", "1Gi") }
	both := func(s *corev1.PodSpec) {
		initially(s)
		s.Resources = &corev1.ResourceRequirements{Requests: amounts("1", "1Gi")}
	}
	pass(t, p, ask("plain", "resize", func(*corev1.PodSpec) {}))
	pass(t, p, ask("able", "resize", both))
	pass(t, p, ask("plain", "status", both))
	refuse(t, p, ask("plain", "resize", initially), `pods "p" is forbidden: pod update requires features `+init+` which are not available on node "plain"`)
	refuse(t, p, ask("plain", "", both), `pod update requires features `+whole+", "+init+` which are not available on node "plain"`)
	refuse(t, p, ask("gone", "resize", initially), `node "gone" not found`)
}

func TestPodsSayWhereTheyAre(t *testing.T) {
	p := PodTopologyLabels{Reader: testreader.New(machine("n", "linux"), &corev1.Node{ObjectMeta: named("", "bare")})}
	pod := func(node string) *corev1.Pod {
		o := &corev1.Pod{ObjectMeta: named("team", "p"), Spec: corev1.PodSpec{NodeName: node}}
		o.Labels = map[string]string{corev1.LabelTopologyZone: "mine"}
		return o
	}
	binding := func(node string) *Request {
		r := create(core.Pod, &corev1.Binding{ObjectMeta: named("team", "p"), Target: corev1.ObjectReference{Kind: "Node", Name: node}})
		r.Subresource = "binding"
		return r
	}
	for _, c := range []struct {
		r            *Request
		zone, region string
	}{
		{create(core.Pod, pod("n")), "z", "r"}, {create(core.Pod, pod("bare")), "mine", ""}, {create(core.Pod, pod("gone")), "mine", ""}, {create(core.Pod, pod("")), "mine", ""},
		{binding("n"), "z", "r"}, {binding("bare"), "", ""},
	} {
		pass(t, p, c.r)
		labels := c.r.Object.(interface{ GetLabels() map[string]string }).GetLabels()
		if labels[corev1.LabelTopologyZone] != c.zone || labels[corev1.LabelTopologyRegion] != c.region || labels["other"] != "" {
			t.Errorf("%v, want %s and %s", labels, c.zone, c.region)
		}
	}
	update := create(core.Pod, pod("n"))
	update.Operation = Update
	pass(t, p, update)
	if update.Object.(*corev1.Pod).Labels[corev1.LabelTopologyZone] != "mine" {
		t.Error("a pod that is there was labelled")
	}
}
