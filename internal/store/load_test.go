package store

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
)

func TestSizeIsThatOfWhatThereIs(t *testing.T) {
	dir := t.TempDir()
	s := openDir(t, dir)
	pods := s.Table(podsResource())
	if n := pods.Size(); n != 0 {
		t.Errorf("an empty table has %d bytes", n)
	}
	items := create(t, pods, names(0, 3)...)
	size := func() (n int64) {
		for it := range list(t, pods, ListOptions{MinRevision: Latest}).Items {
			n += int64(len(it.(*item).wire))
		}
		return n
	}
	if want := size(); pods.Size() != want || want == 0 {
		t.Errorf("%d bytes, want %d", pods.Size(), want)
	}
	update(t, pods, items[0], func(p *corev1.Pod) { p.Labels["more"] = "text" })
	must[Item](t)(pods.Delete(testContext(t), items[1]))
	want := size()
	if pods.Size() != want {
		t.Errorf("%d bytes, want %d", pods.Size(), want)
	}
	s.Close()
	pods = openDir(t, dir).Table(podsResource())
	list(t, pods, ListOptions{MinRevision: Latest})
	if pods.Size() != want {
		t.Errorf("%d bytes when loaded again, want %d", pods.Size(), want)
	}
}

func TestWatchersOfAnObject(t *testing.T) {
	pods := openStore(t).Table(podsResource())
	for _, o := range []WatchOptions{
		{}, {Namespace: "default"}, {Namespace: "other"}, {Namespace: "default", Name: "a"},
		{Namespace: "default", Fields: fields.OneTermEqualSelector("metadata.name", "a")},
		{Fields: fields.OneTermEqualSelector("spec.nodeName", "n1")},
	} {
		watch(t, pods, o)
	}
	for _, tt := range []struct {
		namespace, name string
		want            int
	}{{"default", "a", 4}, {"default", "b", 2}, {"default", "", 2}, {"other", "a", 2}, {"none", "a", 1}} {
		if n := pods.Watchers(tt.namespace, tt.name); n != tt.want {
			t.Errorf("%s/%s is seen by %d watches, want %d", tt.namespace, tt.name, n, tt.want)
		}
	}
}

func TestWatchesSayThatTheyHaveBegun(t *testing.T) {
	pods := openStore(t).Table(podsResource())
	items := create(t, pods, names(0, 3*watchBuffer)...)
	last := items[len(items)-1].Revision()
	list(t, pods, ListOptions{}) // the cache has all of them, and so the past
	for name, tt := range map[string]struct {
		o      WatchOptions
		before int // how many events are read before it can have begun
	}{
		"the present":            {WatchOptions{MinRevision: Latest}, len(items)},
		"the present, marked":    {WatchOptions{Initial: true, MinRevision: Latest}, len(items) + 1},
		"what has happened":      {WatchOptions{Since: items[0].Revision()}, len(items) - 1},
		"nothing of the past":    {WatchOptions{Since: last}, 0},
		"nothing in a namespace": {WatchOptions{Namespace: "none"}, 0},
	} {
		begun := make(chan struct{})
		tt.o.Begun = func() { close(begun) }
		w := watch(t, pods, tt.o)
		if tt.before > watchBuffer {
			select {
			case <-begun:
				t.Errorf("%s: it has begun, and nothing has been read", name)
			default:
			}
		}
		for range tt.before {
			nextEvent(t, w)
		}
		select {
		case <-begun:
		case <-testContext(t).Done():
			t.Errorf("%s: it never begins", name)
		}
	}
}
