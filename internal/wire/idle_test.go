package wire

import (
	"context"
	"log/slog"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
	_ "unsafe" // for linkname

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"

	"skiff/internal/client"
	"skiff/internal/kubelet"
	"skiff/internal/kubelet/node"
	"skiff/internal/pki"
)

// etcdNeverDone is a channel that etcd's client makes when the program starts.
// Inside a bubble nobody can wait for it, and nothing ever comes from it.
//
//go:linkname etcdNeverDone go.etcd.io/etcd/client/v3.valCtxCh
var etcdNeverDone chan struct{}

// TestIdleWrites runs a whole control plane, etcd and its files included, by
// the bubble's clock, and counts how often idling makes it sync a file.
func TestIdleWrites(t *testing.T) {
	etcdNeverDone = nil
	utilruntime.ErrorHandlers = nil // one of them sleeps by the time of start, which is not the bubble's
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c := valid()
		c.DataDir, c.AdvertiseAddress, c.WithoutNode = t.TempDir(), c.NodeIP, true
		p, err := newControlPlane(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		defer p.close()
		g, ctx := errgroup.WithContext(ctx)
		defer func() {
			cancel()
			if err := g.Wait(); err != nil {
				t.Error(err)
			}
		}()
		g.Go(func() error { return p.back.Run(ctx, p.identity("system:apiserver", pki.MastersGroup)) })
		if err := p.bootstrap(ctx); err != nil {
			t.Fatal(err)
		}
		p.startClients(ctx, g)
		// At rest even the Events of the start are gone: they live an hour, and
		// their end is a write.
		if n := idleWrites(t, 90*time.Minute, time.Hour); n != 0 {
			t.Errorf("%d durable writes in an idle hour without nodes, want none: nobody changes anything", n)
		}
		g.Go(func() error { keepNode(ctx, p); return nil })
		if n := idleWrites(t, 5*time.Minute, time.Hour); n == 0 || n > 12*60 {
			t.Errorf("%d durable writes in an idle hour with a node, want at most 12 a minute, and some: its lease", n)
		}
	})
}

// idleWrites lets the cluster come to rest and returns the durable writes of
// the time after that.
func idleWrites(t *testing.T, rest, after time.Duration) int {
	time.Sleep(rest)
	synctest.Wait()
	before := durableWrites(t)
	time.Sleep(after)
	synctest.Wait()
	n := durableWrites(t) - before
	t.Logf("%d durable writes in %v", n, after)
	return n
}

// keepNode is the part of a kubelet that writes while nothing happens.
func keepNode(ctx context.Context, p *controlPlane) {
	clients, err := client.New(p.identity(pki.NodeUser("n1"), pki.NodesGroup), "kubelet")
	if err != nil {
		return
	}
	facts := node.Facts{Name: "n1", IPs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, Port: 10250, MaxPods: 110,
		Machine: node.Machine{CPUs: 2, Memory: 4 << 30, Disk: 100 << 30}}
	node.NewKeeper(node.Config{
		Client: clients.Kube, Name: "n1", Log: slog.Default(),
		LeaseRenewal: kubelet.DefaultLeaseRenewal, LeaseDuration: kubelet.DefaultLeaseDuration, StatusRefresh: kubelet.DefaultStatusRefresh,
		Facts: func(context.Context) node.Facts { return facts },
	}).Run(ctx)
}

// durableWrites is how often etcd has synced its log or its database.
func durableWrites(t *testing.T) (n int) {
	t.Helper()
	families, err := prometheus.DefaultGatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, f := range families {
		switch f.GetName() {
		case "etcd_disk_wal_fsync_duration_seconds", "etcd_disk_backend_commit_duration_seconds":
			found++
			n += int(f.GetMetric()[0].GetHistogram().GetSampleCount())
		}
	}
	if found != 2 {
		t.Fatal("etcd does not count its writes")
	}
	return n
}
