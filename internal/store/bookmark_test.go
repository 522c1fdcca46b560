package store

import (
	"testing"
	"time"
)

func TestBookmarks(t *testing.T) {
	s := openStore(t)
	s.beat.every = time.Millisecond
	pods, namespaces := s.Table(podsResource()), s.Table(namespacesResource())
	w := watch(t, pods, WatchOptions{Bookmarks: true})
	silent := watch(t, pods, WatchOptions{})

	// Another resource's change moves this one's bookmarks on.
	list(t, namespaces, ListOptions{})
	other := create(t, namespaces, namespace("x"))[0]
	for e := nextEvent(t, w); e.Revision < other.Revision(); e = nextEvent(t, w) {
		if e.Type != Bookmark || e.Item != nil {
			t.Fatalf("%+v", e)
		}
	}
	create(t, pods, pod("default", "a"))
	expectEvents(t, silent, "ADDED default/a")
}
