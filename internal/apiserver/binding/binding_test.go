package binding

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/apiserver"
)

func pod(change func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", UID: "u", ResourceVersion: "7", Labels: map[string]string{"a": "1"}}}
	p.Status.NominatedNodeName = "elsewhere"
	change(p)
	return p
}

func to(node string) *corev1.Binding {
	return &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Target: corev1.ObjectReference{Kind: "Node", Name: node}}
}

func TestAssign(t *testing.T) {
	b := to("n")
	b.Annotations = map[string]string{"k": "v", "pod.beta.kubernetes.io/init-containers": "[]"}
	b.Labels = map[string]string{"a": "2", "topology.kubernetes.io/zone": "z"}
	p, now := pod(func(*corev1.Pod) {}), metav1.NewTime(time.Unix(100, 0))
	if err := assign(p, b, now); err != nil {
		t.Fatal(err)
	}
	if p.Spec.NodeName != "n" || p.Status.NominatedNodeName != "" || len(p.Annotations) != 1 || p.Labels["a"] != "2" || p.Labels["topology.kubernetes.io/zone"] != "z" {
		t.Errorf("%+v", p)
	}
	if c := p.Status.Conditions; len(c) != 1 || c[0].Type != corev1.PodScheduled || c[0].Status != corev1.ConditionTrue || c[0].LastTransitionTime != now {
		t.Errorf("%+v", c)
	}
}

func TestWhoCannotBeAssigned(t *testing.T) {
	const refused = `Operation cannot be fulfilled on pods/binding "p": `
	other, older := to("n"), to("n")
	other.UID, older.ResourceVersion = "v", "6"
	for _, c := range []struct {
		pod     *corev1.Pod
		binding *corev1.Binding
		want    string
	}{
		{pod(func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{} }), to("n"), "pod p is being deleted, cannot be assigned to a host"},
		{pod(func(p *corev1.Pod) { p.Spec.NodeName = "n" }), to("n"), `pod p is already assigned to node "n"`},
		{pod(func(p *corev1.Pod) { p.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "g"}} }), to("n"), "pod p has non-empty .spec.schedulingGates"},
		{pod(func(*corev1.Pod) {}), other, "Precondition failed: UID in precondition: v, UID in object meta: u"},
		{pod(func(*corev1.Pod) {}), older, "Precondition failed: ResourceVersion in precondition: 6, ResourceVersion in object meta: 7"},
	} {
		err := assign(c.pod, c.binding, metav1.Now())
		if !apierrors.IsConflict(err) || err.Error() != refused+c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

func TestTransitionTimeStays(t *testing.T) {
	first, second := metav1.NewTime(time.Unix(100, 0)), metav1.NewTime(time.Unix(200, 0))
	s := corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "SchedulingGated", LastTransitionTime: first}}}
	setScheduled(&s, second)
	if c := s.Conditions[0]; c.Status != corev1.ConditionTrue || c.Reason != "" || c.LastTransitionTime != second {
		t.Errorf("%+v", c)
	}
	setScheduled(&s, first)
	if c := s.Conditions[0]; c.LastTransitionTime != second {
		t.Errorf("%+v", c)
	}
}

func TestBadBindings(t *testing.T) {
	call := func(resource, name string) *apiserver.Call {
		return &apiserver.Call{RequestInfo: &apiserver.RequestInfo{Resource: resource, Name: name}}
	}
	for _, c := range []struct {
		call    *apiserver.Call
		binding *corev1.Binding
		code    int32
		reason  metav1.StatusReason
		message string
	}{
		{call("pods", "q"), to("n"), 400, metav1.StatusReasonBadRequest, "name in URL does not match name in Binding object"},
		{call("pods", "p"), to(""), 500, "", "target.name: Required value"},
		{call("bindings", ""), to(""), 500, "", "target.name: Required value"},
		{call("pods", "p"), &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Target: corev1.ObjectReference{Kind: "Pod"}}, 500, "",
			`[target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>", target.name: Required value]`},
	} {
		_, err := Create(t.Context(), c.call, c.binding)
		status, ok := err.(*apierrors.StatusError)
		if !ok || status.ErrStatus.Code != c.code || status.ErrStatus.Reason != c.reason || status.ErrStatus.Message != c.message {
			t.Errorf("%#v, want %d %s", err, c.code, c.message)
		}
	}
}
