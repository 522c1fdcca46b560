package store

import (
	"context"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

func TestObjectsWithTTLEnd(t *testing.T) {
	t.Parallel() // etcd lets no lease end within seconds
	s := openStore(t)
	r := podsResource()
	r.TTL = 1 // etcd raises it to its least
	pods := s.Table(r)
	create(t, pods, pod("default", "a"))
	w := watch(t, pods, WatchOptions{MinRevision: Latest})
	expectEvents(t, w, "ADDED default/a", "DELETED default/a")
}

func TestLeasesAreShared(t *testing.T) {
	s := openStore(t)
	r := podsResource()
	r.TTL = 3600
	pods := s.Table(r)
	ctx := testContext(t)
	create(t, pods, names(0, 10)...)
	lease := leasesOf(t, s)
	if len(lease) != 1 {
		t.Fatalf("10 objects have %d leases", len(lease))
	}
	now := time.Now()
	s.leases.now = func() time.Time { return now.Add(61 * time.Second) }
	create(t, pods, names(10, 11)...)
	if n := len(leasesOf(t, s)); n != 2 {
		t.Errorf("after a minute there are %d leases", n)
	}

	// Revoked behind our back, a lease is replaced.
	for _, id := range leasesOf(t, s) {
		if _, err := s.client.Revoke(ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	create(t, pods, names(11, 12)...)
	if got := keys(list(t, pods, ListOptions{})); got != "default/pod-0011" {
		t.Errorf("after the leases were revoked: %s", got)
	}
}

func leasesOf(t *testing.T, s *Store) []clientv3.LeaseID {
	t.Helper()
	response := must[*clientv3.LeaseLeasesResponse](t)(s.client.Leases(context.Background()))
	var ids []clientv3.LeaseID
	for _, l := range response.Leases {
		ids = append(ids, l.ID)
	}
	return ids
}
