package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"

	"skiff/test/await"
)

func TestWatchFromNow(t *testing.T) {
	s := openStore(t)
	pods := s.Table(podsResource())
	create(t, pods, pod("default", "a"))
	w := watch(t, pods, WatchOptions{MinRevision: Latest})
	expectEvents(t, w, "ADDED default/a")
	b := create(t, pods, pod("default", "b"))[0]
	b = update(t, pods, b, func(p *corev1.Pod) { p.Spec.NodeName = "n1" })
	gone := must[Item](t)(pods.Delete(testContext(t), b))
	expectEvents(t, w, "ADDED default/b", "MODIFIED default/b")
	e := nextEvent(t, w)
	if e.Type != Deleted || e.Revision != gone.Revision() || e.Item.Revision() != gone.Revision() || e.Item.Object().GetResourceVersion() != fmt.Sprint(gone.Revision()) {
		t.Errorf("deleted: %+v", e)
	}
}

func TestWatchFromPast(t *testing.T) {
	t.Parallel() // waits for what does not come
	s := openStore(t)
	pods := s.Table(podsResource())
	list(t, pods, ListOptions{}) // loaded
	items := create(t, pods, names(0, 3)...)
	w := watch(t, pods, WatchOptions{Since: items[0].Revision()})
	expectEvents(t, w, "ADDED default/pod-0001", "ADDED default/pod-0002")
	if _, err := pods.Watch(testContext(t), WatchOptions{Since: 1}); err != nil {
		t.Errorf("watch from the revision of the load: %v", err)
	}
	if _, err := pods.Watch(testContext(t), WatchOptions{Since: items[2].Revision() + 1000}); !errors.Is(err, ErrFuture) {
		t.Errorf("watch from the future: %v", err)
	}
}

func TestWatchInitialEvents(t *testing.T) {
	s := openStore(t)
	pods := s.Table(podsResource())
	create(t, pods, pod("default", "a"), pod("kube-system", "b"))
	w := watch(t, pods, WatchOptions{Namespace: "default", Initial: true, MinRevision: Latest, Bookmarks: true})
	expectEvents(t, w, "ADDED default/a", "BOOKMARK initial")
	create(t, pods, pod("kube-system", "c"), pod("default", "d"))
	expectEvents(t, w, "ADDED default/d")
}

func TestWatchSelectors(t *testing.T) {
	s := openStore(t)
	pods := s.Table(podsResource())
	byLabel := watch(t, pods, WatchOptions{Labels: labels.SelectorFromSet(labels.Set{"app": "db"})})
	byNode := watch(t, pods, WatchOptions{Fields: fields.OneTermEqualSelector("spec.nodeName", "n1")})
	byName := watch(t, pods, WatchOptions{Namespace: "default", Fields: fields.OneTermEqualSelector("metadata.name", "a")})

	a := create(t, pods, pod("default", "a"))[0]
	a = update(t, pods, a, func(p *corev1.Pod) { p.Labels["app"] = "db"; p.Spec.NodeName = "n1" })
	a = update(t, pods, a, func(p *corev1.Pod) { p.Status.Phase = "Running" })
	a = update(t, pods, a, func(p *corev1.Pod) { p.Labels["app"] = "web"; p.Spec.NodeName = "n2" })
	create(t, pods, pod("default", "b"))
	must[Item](t)(pods.Delete(testContext(t), a))

	for name, w := range map[string]Watch{"label": byLabel, "node": byNode} {
		expectEvents(t, w, "ADDED default/a", "MODIFIED default/a")
		e := nextEvent(t, w)
		p := e.Item.Object().(*corev1.Pod)
		if e.Type != Deleted || e.Revision != a.Revision() || p.ResourceVersion != fmt.Sprint(a.Revision()) || p.Labels["app"] != "db" {
			t.Errorf("%s: %+v %v", name, e, p.ObjectMeta)
		}
	}
	expectEvents(t, byName, "ADDED default/a", "MODIFIED default/a", "MODIFIED default/a", "MODIFIED default/a", "DELETED default/a")
}

func TestSlowWatcherIsDroppedAlone(t *testing.T) {
	s := openStore(t)
	pods := s.Table(podsResource())
	dropped := 0
	slow := watch(t, pods, WatchOptions{MinRevision: Latest, Dropped: func() { dropped++ }})
	quick := watch(t, pods, WatchOptions{MinRevision: Latest})
	tbl := pods.(*table)
	e := &event{current: &item{codec: tbl.codec, key: "default/a", slash: 7}}
	for range watchQueue + 2*watchBuffer {
		tbl.mu.Lock()
		tbl.watchers.offer(e)
		tbl.mu.Unlock()
		nextEvent(t, quick)
	}
	for range slow.Events() {
	}
	if !errors.Is(slow.Err(), ErrExpired) {
		t.Errorf("slow watcher: %v", slow.Err())
	}
	if dropped != 1 {
		t.Errorf("who waits for the slow watcher was told %d times", dropped)
	}
	create(t, pods, pod("default", "b"))
	expectEvents(t, quick, "ADDED default/b")
}

func TestStopEndsTheStream(t *testing.T) {
	s := openStore(t)
	pods := s.Table(podsResource())
	w := watch(t, pods, WatchOptions{Bookmarks: true})
	w.Stop()
	if _, open := <-w.Events(); open || w.Err() != nil {
		t.Errorf("open %v, error %v", open, w.Err())
	}
	if n := pods.(*table).watchers.count; n != 0 {
		t.Errorf("%d watchers are left", n)
	}
	if s.beat.timer != nil {
		t.Error("the timer runs for nobody")
	}
}

// TestDirect: a reader that has caught up is handed events where it likes, and
// gets them by the channel again from the one on that it refuses.
func TestDirect(t *testing.T) {
	s := openStore(t)
	pods := s.Table(podsResource())
	create(t, pods, pod("default", "a"))
	w := watch(t, pods, WatchOptions{MinRevision: Latest, Bookmarks: true})
	other := watch(t, pods, WatchOptions{MinRevision: Latest})
	const refused = "d"
	taken, begun := make(chan Event, 10), make(chan int, 10)
	take := func(e Event) (func(), bool) {
		if e.Item != nil && e.Item.Name() == refused {
			return nil, false
		}
		taken <- e
		return func() { begun <- len(other.Events()) }, true
	}
	if w.Direct(take) {
		t.Error("events are handed past what has not been received yet")
	}
	expectEvents(t, w, "ADDED default/a")
	expectEvents(t, other, "ADDED default/a")
	await.NoError(t, time.Minute, "the reader has caught up", func() error {
		if !w.Direct(take) {
			return errors.New("not yet")
		}
		return nil
	})
	create(t, pods, pod("default", "b"))
	if e := <-taken; e.Type != Added || e.Item.Name() != "b" {
		t.Errorf("taken: %+v", e)
	}
	if n := <-begun; n != 1 {
		t.Errorf("what comes after the event came when %d others had it", n)
	}
	w.(*watcher).bookmark()
	if e := <-taken; e.Type != Bookmark {
		t.Errorf("a bookmark went past the events: %+v", e)
	}
	<-begun
	create(t, pods, pod("default", "c"), pod("default", refused), pod("default", "e"))
	expectEvents(t, w, "ADDED default/"+refused, "ADDED default/e")
	if e := <-taken; e.Item.Name() != "c" || len(taken) > 0 {
		t.Errorf("taken: %+v, and %d more", e, len(taken))
	}
	w.Stop()
	if w.Direct(take) {
		t.Error("a watch that has ended hands on events")
	}
}
