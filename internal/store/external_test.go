package store

import (
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"go.etcd.io/etcd/server/v3/embed"
)

// etcdServer is an etcd of its own, reached over a socket as one on another
// machine would be.
func etcdServer(t *testing.T) (endpoint string) {
	t.Helper()
	// A socket's path must be short, which that of t.TempDir is not.
	dir := must[string](t)(os.MkdirTemp("", "etcd"))
	t.Cleanup(func() { os.RemoveAll(dir) })
	c := embeddedConfig(Config{Dir: filepath.Join(dir, "data")}.withDefaults(), newFailure())
	c.TickMs, c.ElectionMs = 20, 100
	socket := url.URL{Scheme: "unix", Path: filepath.Join(dir, "s")}
	c.ListenClientUrls = []url.URL{socket}
	e := must[*embed.Etcd](t)(embed.StartEtcd(c))
	t.Cleanup(e.Close)
	<-e.Server.ReadyNotify()
	return socket.String()
}

func TestExternalEtcd(t *testing.T) {
	endpoint := etcdServer(t)
	ctx := testContext(t)
	open := func() *Store {
		s := must[*Store](t)(Open(ctx, Config{Endpoints: []string{endpoint}}))
		t.Cleanup(s.Close)
		return s
	}
	one, two := open(), open()
	pods, others := one.Table(podsResource()), two.Table(podsResource())

	// What one API server has acknowledged, another one reads.
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for _, o := range names(i*20, i*20+20) {
				if _, err := pods.Create(ctx, o); err != nil {
					t.Error(err)
					return
				}
				if _, err := others.Get(ctx, "default", o.GetName(), Latest); err != nil {
					t.Errorf("%s was acknowledged: %v", o.GetName(), err)
				}
			}
		})
	}
	wg.Wait()

	// Keys that are not ours move the revision; reads must not wait for them.
	if _, err := one.client.Put(ctx, "/elsewhere", "x"); err != nil {
		t.Fatal(err)
	}
	if n := keyCount(list(t, others, ListOptions{})); n != 80 {
		t.Errorf("%d objects", n)
	}
	if err := one.Healthy(ctx); err != nil {
		t.Error(err)
	}
}

func TestExternalCompactionIsShared(t *testing.T) {
	endpoint := etcdServer(t)
	ctx := testContext(t)
	s := must[*Store](t)(Open(ctx, Config{Endpoints: []string{endpoint}}))
	t.Cleanup(s.Close)
	pods := s.Table(podsResource())
	list(t, pods, ListOptions{})

	version, revision, err := s.compactOnce(ctx, 0, 0)
	if err != nil || version != 1 {
		t.Fatalf("version %d: %v", version, err)
	}
	create(t, pods, names(0, 5)...)
	// A second server that comes late learns the version and compacts nothing.
	if v, _, err := s.compactOnce(ctx, 0, 0); err != nil || v != 1 {
		t.Fatalf("version %d: %v", v, err)
	}
	if version, _, err = s.compactOnce(ctx, version, revision); err != nil || version != 2 {
		t.Fatalf("version %d: %v", version, err)
	}
	list(t, pods, ListOptions{}) // the cache has gone beyond, and can no longer tell
	if _, err := pods.List(ctx, ListOptions{ExactRevision: 1}); err != ErrExpired {
		t.Errorf("a compacted revision: %v", err)
	}
}
