package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"skiff/test/bench/standalone"
)

// connections is over how many the requests are spread.
const connections = 5

// bench is a running server and the way to it.
type bench struct {
	*standalone.Server
	pods    int
	profile string
	clients []*standalone.Client
}

func newBench(s *standalone.Server, o options) (*bench, error) {
	b := &bench{Server: s, pods: o.pods, profile: o.profile}
	for range connections {
		c, err := s.Connect(s.Config)
		if err != nil {
			return nil, err
		}
		b.clients = append(b.clients, c)
	}
	return b, nil
}

// sample is what a step saw on the client's side. per is how many operations
// the server's cost is divided by; 0: it is not shown.
type sample struct {
	took    []time.Duration
	elapsed time.Duration
	per     int
	bytes   int64
	cpu     time.Duration // that the server spent on it; 0: all of the step's
	note    string
}

// row is a line of the table.
type row struct {
	step      step
	sample    *sample
	cpu       time.Duration
	allocated float64
	rss, peak float64
}

func (r row) String() string {
	s := r.sample
	cells := []string{r.step.name, r.step.target, "", "", "", "", "", ""}
	if s.per > 0 {
		per := float64(s.per)
		cells[2] = duration(r.cpu / time.Duration(s.per))
		cells[3] = fmt.Sprintf("%.0f", per/s.elapsed.Seconds())
		cells[6] = size(r.allocated / per)
		cells[7] = size(float64(s.bytes) / per)
	}
	if len(s.took) > 0 {
		slices.Sort(s.took)
		cells[4] = duration(s.took[len(s.took)/2])
		cells[5] = duration(s.took[len(s.took)*99/100])
	}
	if s.note != "" {
		cells[2] = s.note
	}
	cells = append(cells, fmt.Sprintf("%.0f", r.rss), fmt.Sprintf("%.0f", r.peak), "")
	return strings.Join(cells, "\t")
}

func duration(d time.Duration) string {
	switch {
	case d >= 10*time.Millisecond:
		return fmt.Sprintf("%.0f ms", float64(d)/1e6)
	case d >= 100*time.Microsecond:
		return fmt.Sprintf("%.2f ms", float64(d)/1e6)
	}
	return fmt.Sprintf("%.1f µs", float64(d)/1e3)
}

func size(n float64) string {
	switch {
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", n/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.1f KB", n/1e3)
	}
	return fmt.Sprintf("%.0f B", n)
}

// measure runs a step and notes what it cost the server.
func (b *bench) measure(ctx context.Context, s step) (row, error) {
	b.ResetPeak()
	stop := b.startProfile(ctx, s)
	defer stop()
	allocated, err := b.clients[0].Allocated(ctx)
	if err != nil {
		return row{}, err
	}
	cpu := b.CPU()
	run := s.run
	if run == nil {
		run = s.repeat
	}
	sample, err := run(ctx, b)
	if err != nil {
		return row{}, err
	}
	r := row{step: s, sample: sample, cpu: b.CPU() - cpu, rss: b.Memory("VmRSS"), peak: b.Memory("VmHWM")}
	if sample.cpu != 0 {
		r.cpu = sample.cpu
	}
	r.allocated, err = b.clients[0].Allocated(ctx)
	r.allocated -= allocated
	return r, err
}

// repeat sends the step's request as often as it says.
func (s step) repeat(ctx context.Context, b *bench) (*sample, error) {
	count := s.count(b)
	out := &sample{per: count, took: make([]time.Duration, count)}
	var next, bytes atomic.Int64
	var failed atomic.Pointer[error]
	var workers sync.WaitGroup
	began := time.Now()
	for w := range s.parallel {
		c := b.clients[w%len(b.clients)]
		workers.Go(func() {
			for failed.Load() == nil {
				n := int(next.Add(1)) - 1
				if n >= count {
					return
				}
				r := s.request(n)
				sent := time.Now()
				size, err := c.Do(ctx, r)
				if err != nil {
					failed.Store(&err)
					return
				}
				out.took[n] = time.Since(sent)
				bytes.Add(size)
			}
		})
	}
	workers.Wait()
	if err := failed.Load(); err != nil {
		return nil, *err
	}
	out.elapsed, out.bytes = time.Since(began), bytes.Load()
	return out, nil
}

// startProfile saves profiles of the server in a step, if asked.
func (b *bench) startProfile(ctx context.Context, s step) (stop func()) {
	if b.profile == "" {
		return func() {}
	}
	name := filepath.Join(b.profile, strings.NewReplacer(" ", "", ",", "-", "%", "", "=", "").Replace(s.name))
	var done sync.WaitGroup
	done.Go(func() { b.clients[0].Save(ctx, "/debug/pprof/profile?seconds=2", name+".cpu") })
	return func() {
		done.Wait()
		b.clients[0].Save(ctx, "/debug/pprof/heap", name+".heap")
	}
}
