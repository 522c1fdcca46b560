package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"skiff/internal/pki"
	"skiff/test/bench/standalone"
)

// writers is how many clients fill the cluster at once.
const writers = 16

// cluster is the server, and everybody who talks to it.
type cluster struct {
	size
	*standalone.Server
	ca        *pki.CA
	admins    []*standalone.Client
	kubelets  []*kubelet
	running   atomic.Int64 // pods that their kubelets have reported
	latencies latencies
	failure   atomic.Pointer[error] // the first of a kubelet
	cancel    context.CancelFunc
	tasks     sync.WaitGroup
	ctx       context.Context // of the kubelets
}

func newCluster(server *standalone.Server, s size) (*cluster, error) {
	dir := filepath.Join(server.Data(), "pki")
	ca, err := pki.LoadCA(filepath.Join(dir, "ca.crt"), filepath.Join(dir, "ca.key"))
	if err != nil {
		return nil, err
	}
	c := &cluster{size: s, Server: server, ca: ca}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	for range 5 {
		admin, err := server.Connect(server.Config)
		if err != nil {
			return nil, err
		}
		c.admins = append(c.admins, admin)
	}
	return c, nil
}

// end stops the kubelets.
func (c *cluster) end() {
	c.cancel()
	c.tasks.Wait()
}

func (c *cluster) admin(n int) *standalone.Client { return c.admins[n%len(c.admins)] }

// failed ends the benchmark with what a kubelet met.
func (c *cluster) failed(err error) {
	if c.ctx.Err() == nil {
		c.failure.CompareAndSwap(nil, &err)
	}
}

// phase is a part of the benchmark; objects is what its rate is counted in.
type phase struct {
	name    string
	objects func(*cluster) int
	run     func(context.Context, *cluster) error
}

var phases = []phase{
	{"nodes", func(c *cluster) int { return c.nodes }, makeNodes},
	{"kubelets", func(c *cluster) int { return c.nodes }, startKubelets},
	{"services", func(c *cluster) int { return c.services }, makeServices},
	{"pods, made and running", func(c *cluster) int { return c.pods }, makePods},
	{"at rest but for leases", nil, rest},
	{"busy", nil, busy},
}

// row is what a phase took and left.
type row struct {
	phase             phase
	objects           int
	took, cpu         time.Duration
	rss, anon, peak   float64
	databaseMegabytes float64
}

func (r row) String() string {
	rate := ""
	if r.objects > 0 {
		rate = fmt.Sprintf("%.0f", float64(r.objects)/r.took.Seconds())
	}
	return fmt.Sprintf("%s\t%.1f s\t%s\t%.1f s\t%.0f %%\t%.0f\t%.0f\t%.0f\t%.0f\t", r.phase.name, r.took.Seconds(), rate,
		r.cpu.Seconds(), 100*r.cpu.Seconds()/r.took.Seconds(), r.rss, r.anon, r.peak, r.databaseMegabytes)
}

func (c *cluster) measure(ctx context.Context, p phase) (row, error) {
	defer c.startProfile(ctx, p)()
	c.ResetPeak()
	began, cpu := time.Now(), c.CPU()
	if err := p.run(ctx, c); err != nil {
		return row{}, err
	}
	if err := c.failure.Load(); err != nil {
		return row{}, *err
	}
	r := row{phase: p, took: time.Since(began), cpu: c.CPU() - cpu, rss: c.Memory("VmRSS"), anon: c.Memory("RssAnon"), peak: c.Memory("VmHWM")}
	if p.objects != nil {
		r.objects = p.objects(c)
	}
	if db, err := os.Stat(filepath.Join(c.Data(), "etcd", "member", "snap", "db")); err == nil {
		r.databaseMegabytes = float64(db.Size()) / 1e6
	}
	return r, nil
}

// startProfile saves profiles of the server in a phase, if asked.
func (c *cluster) startProfile(ctx context.Context, p phase) (stop func()) {
	if c.profile == "" {
		return func() {}
	}
	name := filepath.Join(c.profile, strings.NewReplacer(" ", "-", ",", "").Replace(p.name))
	var done sync.WaitGroup
	done.Go(func() { c.admin(0).Save(ctx, "/debug/pprof/profile?seconds=10", name+".cpu") })
	return func() {
		done.Wait()
		c.admin(0).Save(ctx, "/debug/pprof/heap", name+".heap")
	}
}

// each calls do for every number below count, from several writers at once.
func each(ctx context.Context, count int, do func(ctx context.Context, n int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range writers {
		workers.Go(func() {
			for ctx.Err() == nil {
				n := int(next.Add(1)) - 1
				if n >= count {
					return
				}
				if err := do(ctx, n); err != nil {
					cancel(err)
				}
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}
