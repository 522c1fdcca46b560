package store

import (
	"encoding/json"
	"errors"
	"strconv"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api"
)

func TestCreateGetUpdateDelete(t *testing.T) {
	s := openStore(t)
	ctx := testContext(t)
	pods := s.Table(podsResource())

	// A table that is being loaded while it is written to may read an item itself.
	if _, err := pods.Get(ctx, "default", "a", 0); !errors.Is(err, ErrNotFound) {
		t.Errorf("get before there is one: %v", err)
	}
	made := create(t, pods, pod("default", "a"))[0]
	got := must[Item](t)(pods.Get(ctx, "default", "a", Latest))
	if got != made {
		t.Errorf("the writer and the cache do not share the item: %p, %p", made, got)
	}
	if _, err := pods.Create(ctx, pod("default", "a")); !errors.Is(err, ErrExists) {
		t.Errorf("a second create: %v", err)
	}
	newer := update(t, pods, made, func(p *corev1.Pod) { p.Spec.NodeName = "n1" })
	if _, err := pods.Update(ctx, made, pod("default", "a")); !errors.Is(err, ErrConflict) {
		t.Errorf("an update of an old item: %v", err)
	}
	if _, err := pods.Delete(ctx, made); !errors.Is(err, ErrConflict) {
		t.Errorf("a delete of an old item: %v", err)
	}
	gone := must[Item](t)(pods.Delete(ctx, newer))
	if gone.Revision() <= newer.Revision() || gone.Object().GetResourceVersion() != strconv.FormatInt(gone.Revision(), 10) {
		t.Errorf("deleted at %d, resourceVersion %s", gone.Revision(), gone.Object().GetResourceVersion())
	}
	if _, err := pods.Get(ctx, "default", "a", Latest); !errors.Is(err, ErrNotFound) {
		t.Errorf("get of a deleted pod: %v", err)
	}
	if _, err := pods.Update(ctx, newer, pod("default", "a")); !errors.Is(err, ErrNotFound) {
		t.Errorf("an update of a deleted pod: %v", err)
	}
	if _, err := pods.Update(ctx, newer, pod("default", "b")); err == nil {
		t.Error("an update renamed an object")
	}
}

func TestConcurrentUpdates(t *testing.T) {
	s := openStore(t)
	pods := s.Table(podsResource())
	create(t, pods, pod("default", "a"))
	const writers, rounds = 8, 10
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for done := 0; done < rounds; {
				ctx := testContext(t)
				it, err := pods.Get(ctx, "default", "a", Latest)
				if err != nil {
					t.Error(err)
					return
				}
				p := it.Object().(*corev1.Pod).DeepCopy()
				p.Generation++
				switch _, err = pods.Update(ctx, it, p); {
				case err == nil:
					done++
				case !errors.Is(err, ErrConflict):
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	it := must[Item](t)(pods.Get(testContext(t), "default", "a", Latest))
	if g := it.Object().GetGeneration(); g != writers*rounds {
		t.Errorf("%d of %d updates are there", g, writers*rounds)
	}
}

func TestItemForms(t *testing.T) {
	s := openStore(t)
	pods := s.Table(podsResource())
	p := pod("default", "a")
	p.ResourceVersion, p.SelfLink = "77", "/old"
	it := create(t, pods, p)[0]

	want := p.DeepCopy()
	want.ResourceVersion, want.SelfLink = strconv.FormatInt(it.Revision(), 10), ""
	want.APIVersion, want.Kind = "v1", "Pod"
	wantJSON := must[[]byte](t)(json.Marshal(want))
	if string(it.JSON()) != string(wantJSON) {
		t.Errorf("JSON:\n got %s\nwant %s", it.JSON(), wantJSON)
	}
	if it.Labels().String() != "app=web" {
		t.Errorf("labels: %v", it.Labels())
	}
	if f := it.Fields(); f["metadata.name"] != "a" || f["metadata.namespace"] != "default" || !f.Has("spec.nodeName") {
		t.Errorf("fields: %v", f)
	}
	if it.Object() != it.Object() {
		t.Error("the decoded object is not shared")
	}
	if p.ResourceVersion != "77" || p.SelfLink != "/old" {
		t.Error("the caller's object was changed")
	}
}

func TestTablesAreSeparate(t *testing.T) {
	s := openStore(t)
	pods, namespaces := s.Table(podsResource()), s.Table(namespacesResource())
	ns := &corev1.Namespace{}
	ns.Name = "default"
	create(t, namespaces, api.Object(ns))
	create(t, pods, pod("default", "a"))
	if got := keys(list(t, namespaces, ListOptions{})); got != "default" {
		t.Errorf("namespaces: %s", got)
	}
	if got := keys(list(t, pods, ListOptions{})); got != "default/a" {
		t.Errorf("pods: %s", got)
	}
	if pods.Count() != 1 {
		t.Errorf("count %d", pods.Count())
	}
}

func TestRestartKeepsEverything(t *testing.T) {
	dir := t.TempDir()
	s := openDir(t, dir)
	create(t, s.Table(podsResource()), names(0, 20)...)
	before := must[int64](t)(s.Revision(testContext(t)))
	s.Close()

	s = openDir(t, dir)
	l := list(t, s.Table(podsResource()), ListOptions{})
	n := 0
	for range l.Items {
		n++
	}
	if n != 20 || l.Revision != before {
		t.Errorf("%d objects at revision %d, want 20 at %d", n, l.Revision, before)
	}
}
