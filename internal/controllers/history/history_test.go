package history

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func object(image string) Object {
	owner := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "d", UID: "d-uid", Annotations: map[string]string{"kubernetes.io/change-cause": "c"}}}
	return Object{
		Owner: owner, Ref: *metav1.NewControllerRef(owner, appsv1.SchemeGroupVersion.WithKind("DaemonSet")),
		HashLabel: "hash",
		Template: &corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "a"}},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: image}}},
		},
	}
}

func TestRevisions(t *testing.T) {
	k := Keeper{Kube: fake.NewClientset()}
	ctx := t.Context()
	var all []*appsv1.ControllerRevision
	current := func(image string) *appsv1.ControllerRevision {
		t.Helper()
		r, collisions, err := k.Current(ctx, object(image), all)
		if err != nil || collisions != nil {
			t.Fatal(collisions, err)
		}
		return r
	}
	first := current("i:1")
	if first.Revision != 1 || first.Labels["app"] != "a" || first.Name != "d-"+first.Labels["hash"] || first.Annotations["kubernetes.io/change-cause"] != "c" {
		t.Errorf("first %+v", first)
	}
	if template, err := Template(first); err != nil || template.Spec.Containers[0].Image != "i:1" {
		t.Errorf("template %v, %v", template, err)
	}
	if again := current("i:1"); again.Name != first.Name { // the informer has not seen it yet
		t.Errorf("made %s beside %s", again.Name, first.Name)
	}
	all = append(all, first)
	second := current("i:2")
	all = append(all, second)
	if second.Revision != 2 {
		t.Errorf("second is number %d", second.Revision)
	}
	if back := current("i:1"); back.Name != first.Name || back.Revision != 3 {
		t.Errorf("going back made %s number %d", back.Name, back.Revision)
	}
}

func TestCollision(t *testing.T) {
	o := object("i:1")
	data, err := patch(o.Template)
	if err != nil {
		t.Fatal(err)
	}
	other := o.record(data, 1, 0)
	other.Data.Raw = []byte(`{}`)
	k := Keeper{Kube: fake.NewClientset(other)}
	r, collisions, err := k.Current(t.Context(), o, nil)
	if err != nil || r.Name == other.Name || collisions == nil || *collisions != 1 {
		t.Errorf("%v, %v, %v", r, collisions, err)
	}
}

func TestTrim(t *testing.T) {
	var list []*appsv1.ControllerRevision
	for n, name := range []string{"a", "b", "c", "d"} {
		list = append(list, &appsv1.ControllerRevision{ObjectMeta: metav1.ObjectMeta{Name: name}, Revision: int64(n)})
	}
	if got := surplus(list, map[string]bool{"a": true, "d": true}, 1); len(got) != 1 || got[0].Name != "b" {
		t.Errorf("surplus %v", got)
	}
	if got := surplus(list, nil, 10); len(got) != 0 {
		t.Errorf("surplus %v", got)
	}
}
