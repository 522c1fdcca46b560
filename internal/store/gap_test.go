package store

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// A follower that was away while etcd compacted must neither lose a change
// nor invent one.
func TestCompactedGapIsBridged(t *testing.T) {
	s := openStore(t)
	ctx := testContext(t)
	pods := s.Table(podsResource())
	items := create(t, pods, names(0, 4)...)
	list(t, pods, ListOptions{})
	w := watch(t, pods, WatchOptions{Since: items[3].Revision()})

	// The follower is stopped, the world goes on, and history is cut.
	s.stop()
	s.done.Wait()
	update(t, pods, items[1], func(p *corev1.Pod) { p.Spec.NodeName = "n1" })
	must[Item](t)(pods.Delete(ctx, items[2]))
	last := create(t, pods, pod("default", "new"))[0]
	if _, err := s.client.Compact(ctx, last.Revision(), clientv3.WithCompactPhysical()); err != nil {
		t.Fatal(err)
	}
	s.ctx, s.stop = ctx, func() {}
	followed := make(chan struct{})
	go func() { s.follow(ctx, s.progress.get()+1); close(followed) }()

	expectEvents(t, w, "MODIFIED default/pod-0001", "ADDED default/new", "DELETED default/pod-0002")
	if got := keys(list(t, pods, ListOptions{})); got != "default/new default/pod-0000 default/pod-0001 default/pod-0003" {
		t.Errorf("after the gap: %s", got)
	}
	create(t, pods, pod("default", "z"))
	expectEvents(t, w, "ADDED default/z")
}

// A table that loads while changes come must have each of them once.
func TestLoadWhileChanging(t *testing.T) {
	dir := t.TempDir()
	s := openDir(t, dir)
	create(t, s.Table(podsResource()), names(0, 700)...)
	s.Close()

	s = openDir(t, dir)
	pods := s.Table(podsResource())
	create(t, pods, names(700, 750)...)
	if n := keyCount(list(t, pods, ListOptions{})); n != 750 || pods.Count() != 750 {
		t.Errorf("%d listed, %d counted", n, pods.Count())
	}
}
