package store

import (
	"errors"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"

	clientv3 "go.etcd.io/etcd/client/v3"
)

func TestListOrderAndScope(t *testing.T) {
	s := openStore(t)
	pods := s.Table(podsResource())
	// As in etcd, "a-b/" sorts before "a/", because '-' does before '/'.
	create(t, pods, pod("b", "x"), pod("a", "z"), pod("a-b", "y"), pod("a", "y"))
	for _, c := range []struct {
		o    ListOptions
		want string
	}{
		{ListOptions{}, "a-b/y a/y a/z b/x"},
		{ListOptions{Namespace: "a"}, "a/y a/z"},
		{ListOptions{Namespace: "a-b"}, "a-b/y"},
		{ListOptions{Namespace: "c"}, ""},
		{ListOptions{Name: "y"}, "a-b/y a/y"},
		{ListOptions{Labels: labels.SelectorFromSet(labels.Set{"app": "db"})}, ""},
	} {
		if got := keys(list(t, pods, c.o)); got != c.want {
			t.Errorf("%+v: %q, want %q", c.o, got, c.want)
		}
	}
}

// onNode is a pod of a node; "" is none.
func onNode(namespace, name, node string) *corev1.Pod {
	p := pod(namespace, name)
	p.Spec.NodeName = node
	return p
}

func ofNode(node string) fields.Selector { return fields.OneTermEqualSelector("spec.nodeName", node) }

// A list of one node's pods is what it would be without an index, and looks at
// no others.
func TestListOfANode(t *testing.T) {
	pods := openStore(t).Table(podsResource())
	items := create(t, pods, onNode("b", "x", "n1"), onNode("a", "z", "n1"), onNode("a", "free", ""), onNode("a", "y", "n2"), onNode("a", "w", "n1"))
	before := list(t, pods, ListOptions{Fields: ofNode("n1")})
	update(t, pods, items[0], func(p *corev1.Pod) { p.Generation++ })
	update(t, pods, items[2], func(p *corev1.Pod) { p.Spec.NodeName = "n2" })
	must[Item](t)(pods.Delete(testContext(t), items[1]))

	running := fields.AndSelectors(ofNode("n2"), fields.OneTermEqualSelector("status.phase", "Running"))
	for _, c := range []struct {
		o    ListOptions
		want string
	}{
		{ListOptions{Fields: ofNode("n1")}, "a/w b/x"},
		{ListOptions{Fields: ofNode("n2")}, "a/free a/y"},
		{ListOptions{Fields: ofNode("")}, ""},
		{ListOptions{Fields: ofNode("n1"), Namespace: "b"}, "b/x"},
		{ListOptions{Fields: ofNode("n1"), Name: "x"}, "b/x"},
		{ListOptions{Fields: ofNode("n2"), Namespace: "b", Name: "x"}, ""},
		{ListOptions{Fields: ofNode("n1"), After: "a/w"}, "b/x"},
		{ListOptions{Fields: ofNode("n2"), Limit: 1}, "a/free"},
		{ListOptions{Fields: fields.OneTermNotEqualSelector("spec.nodeName", "n1")}, "a/free a/y"},
		{ListOptions{Fields: running}, ""},
	} {
		if got := keys(list(t, pods, c.o)); got != c.want {
			t.Errorf("%+v: %q, want %q", c.o, got, c.want)
		}
	}
	if got := keys(before); got != "a/w a/z b/x" {
		t.Errorf("the list of before has become %q", got)
	}
	looked := 0
	pods.(*table).view().tree.ascendOn("n2", "", func(*item) bool { looked++; return true })
	if looked != 2 {
		t.Errorf("looked at %d pods, want the 2 of the node", looked)
	}
}

func TestPagesAreOfOneRevision(t *testing.T) {
	s := openStore(t)
	pods := s.Table(podsResource())
	items := create(t, pods, names(0, 10)...)

	for _, change := range []bool{false, true} {
		first := list(t, pods, ListOptions{Limit: 4})
		got := keys(first)
		if first.Remaining() != 6 || first.Next() != "default/pod-0003" {
			t.Errorf("remaining %d, next %q", first.Remaining(), first.Next())
		}
		if change {
			must[Item](t)(pods.Delete(testContext(t), items[5]))
			create(t, pods, pod("default", "pod-0005x"))
			list(t, pods, ListOptions{})
		}
		second := list(t, pods, ListOptions{Limit: 4, After: first.Next(), ExactRevision: first.Revision})
		got += " " + keys(second)
		if second.Remaining() != 2 || second.Revision != first.Revision {
			t.Errorf("remaining %d at %d, want 2 at %d", second.Remaining(), second.Revision, first.Revision)
		}
		third := list(t, pods, ListOptions{Limit: 4, After: second.Next(), ExactRevision: first.Revision})
		got += " " + keys(third)
		if third.Next() != "" || third.Remaining() != 0 {
			t.Errorf("after the last page: %q, %d", third.Next(), third.Remaining())
		}
		want := ""
		for i := range 10 {
			want += fmt.Sprintf(" default/pod-%04d", i)
		}
		if got != want[1:] {
			t.Errorf("changed %v: %s", change, got)
		}
	}
}

func TestExactRevision(t *testing.T) {
	t.Parallel() // waits for what does not come
	s := openStore(t)
	pods := s.Table(podsResource())
	ctx := testContext(t)
	a := create(t, pods, pod("a", "a"))[0]
	b := update(t, pods, a, func(p *corev1.Pod) { p.Spec.NodeName = "n1" })
	create(t, pods, pod("b", "b"))
	list(t, pods, ListOptions{})

	old := list(t, pods, ListOptions{ExactRevision: a.Revision()})
	for it := range old.Items {
		if p := it.Object().(*corev1.Pod); p.Spec.NodeName != "" || it.Revision() != a.Revision() {
			t.Errorf("at the first revision: %v", p)
		}
	}
	if got := keys(list(t, pods, ListOptions{Namespace: "a", ExactRevision: b.Revision()})); got != "a/a" {
		t.Errorf("at the second revision: %s", got)
	}
	if _, err := s.client.Compact(ctx, b.Revision(), clientv3.WithCompactPhysical()); err != nil {
		t.Fatal(err)
	}
	if _, err := pods.List(ctx, ListOptions{ExactRevision: a.Revision()}); !errors.Is(err, ErrExpired) {
		t.Errorf("a compacted revision: %v", err)
	}
	if _, err := pods.List(ctx, ListOptions{ExactRevision: b.Revision() + 100}); !errors.Is(err, ErrFuture) {
		t.Errorf("a future revision: %v", err)
	}
	if _, err := pods.List(ctx, ListOptions{MinRevision: b.Revision() + 100}); !errors.Is(err, ErrFuture) {
		t.Errorf("a future revision: %v", err)
	}
}

func TestSnapshotDoesNotChange(t *testing.T) {
	s := openStore(t)
	pods := s.Table(podsResource())
	items := create(t, pods, names(0, 200)...)
	l := list(t, pods, ListOptions{})
	for _, it := range items[100:] {
		must[Item](t)(pods.Delete(testContext(t), it))
	}
	if n := keyCount(list(t, pods, ListOptions{})); n != 100 {
		t.Errorf("%d are left", n)
	}
	if n := keyCount(l); n != 200 {
		t.Errorf("the snapshot has %d", n)
	}
}

func keyCount(l *List) (n int) {
	for range l.Items {
		n++
	}
	return n
}
