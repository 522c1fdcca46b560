package claim

import (
	"context"
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

func pod(name, app string, controller types.UID) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": app}}}
	if controller != "" {
		yes := true
		p.OwnerReferences = []metav1.OwnerReference{{UID: "other"}, {UID: controller, Controller: &yes}}
	}
	return p
}

func names(pods []*corev1.Pod) (s string) {
	for _, p := range pods {
		s += p.Name + " "
	}
	return s
}

func TestDecide(t *testing.T) {
	dying := pod("dying", "a", "")
	dying.DeletionTimestamp = &metav1.Time{}
	candidates := []*corev1.Pod{
		pod("mine", "a", "me"), pod("mine-relabelled", "b", "me"), pod("theirs", "a", "you"),
		pod("orphan", "a", ""), pod("stranger", "b", ""), dying,
	}
	owner := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: "me"}}
	selector := labels.SelectorFromSet(labels.Set{"app": "a"})

	d := Decide(owner, selector, candidates)
	if got := names(d.Owned) + "| " + names(d.Adopt) + "| " + names(d.Release); got != "mine | orphan | mine-relabelled " {
		t.Errorf("owned | adopt | release: %s", got)
	}
	owner.DeletionTimestamp = &metav1.Time{}
	d = Decide(owner, selector, candidates)
	if got := names(d.Owned) + "| " + names(d.Adopt) + "| " + names(d.Release); got != "mine | | " {
		t.Errorf("an owner on its way out: %s", got)
	}
}

func TestClaim(t *testing.T) {
	owner := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "o", UID: "me"}}
	live := owner
	patches := map[string]string{}
	c := Claimer[*corev1.Pod]{
		Owner: owner, Ref: metav1.OwnerReference{Kind: "K", Name: "o", UID: "me"},
		Live:  func(context.Context) (metav1.Object, error) { return live, nil },
		Patch: func(_ context.Context, p *corev1.Pod, b []byte) error { patches[p.Name] = string(b); return nil },
	}
	d := Decision[*corev1.Pod]{Adopt: []*corev1.Pod{pod("orphan", "a", "")}, Release: []*corev1.Pod{pod("gone", "b", "me")}}
	got, err := c.Claim(t.Context(), d)
	if err != nil || names(got) != "orphan " {
		t.Fatalf("claimed %v, err %v", names(got), err)
	}
	if want := `{"metadata":{"ownerReferences":[{"$patch":"delete","uid":"me"}],"uid":""}}`; patches["gone"] != want {
		t.Errorf("release: %s", patches["gone"])
	}
	if want := `{"metadata":{"ownerReferences":[{"apiVersion":"","kind":"K","name":"o","uid":"me"}],"uid":""}}`; patches["orphan"] != want {
		t.Errorf("adopt: %s", patches["orphan"])
	}

	live = &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "o", UID: "me", DeletionTimestamp: &metav1.Time{}}}
	if got, err := c.Claim(t.Context(), d); err == nil || len(got) != 0 {
		t.Errorf("adopted %v though the owner is being deleted (err %v)", names(got), err)
	}
	live = owner
	c.Patch = func(context.Context, *corev1.Pod, []byte) error { return errors.New("no") }
	if got, err := c.Claim(t.Context(), d); err == nil || len(got) != 0 {
		t.Errorf("claimed %v, err %v", names(got), err)
	}
}
