package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// settle is how long a cluster may go on working after its start before it
// counts as idle; watched is how long it is then looked at.
const (
	settle  = 20 * time.Second
	watched = 60 * time.Second
)

// idle measures what a cluster without pods costs: memory, CPU, writes.
func idle(ctx context.Context, c *cluster) ([]result, error) {
	if err := wait(ctx, settle); err != nil {
		return nil, err
	}
	before, err := c.sample(ctx)
	if err != nil {
		return nil, err
	}
	if err := wait(ctx, watched); err != nil {
		return nil, err
	}
	after, err := c.sample(ctx)
	if err != nil {
		return nil, err
	}
	rows := []result{{"memory of all skiff processes, idle (PSS without etcd's mapped file)", "120 MB", after.processes.total().String()}}
	rows = append(rows, after.processes.rows()...)
	rows = append(rows, result{"CPU of an idle cluster", "0.5 %", percent(after.processes.total().cpu - before.processes.total().cpu)})
	for name, p := range after.processes.all() {
		rows = append(rows, result{"  " + name, "", percent(p.cpu - before.processes[name].cpu)})
	}
	log, database := after.log-before.log, after.database-before.database
	return append(rows,
		result{"durable writes of an idle cluster in a minute", "12", strconv.Itoa(log + database)},
		result{"  etcd's log", "", strconv.Itoa(log)},
		result{"  etcd's database", "", strconv.Itoa(database)}), nil
}

// busy measures memory with the pods that are there.
func busy(ctx context.Context, c *cluster) ([]result, error) {
	if err := wait(ctx, settle); err != nil {
		return nil, err
	}
	s, err := c.sample(ctx)
	if err != nil {
		return nil, err
	}
	rows := []result{{"memory of all skiff processes, with 60 pods", "", s.processes.total().String()}}
	return append(rows, s.processes.rows()...), nil
}

func percent(cpu float64) string {
	return fmt.Sprintf("%.2f %% of a core", 100*cpu/watched.Seconds())
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sample is what has been used up to a moment.
type sample struct {
	processes     processes
	log, database int // how often etcd made its log, and its database, durable
}

func (c *cluster) sample(ctx context.Context) (s sample, err error) {
	if s.processes, err = c.processes(); err != nil {
		return s, err
	}
	s.log, s.database, err = c.durableWrites(ctx)
	return s, err
}

// durableWrites is how often etcd has synced its log and its database, by its
// own count. Nothing else that skiff runs syncs a file while it is idle.
func (c *cluster) durableWrites(ctx context.Context) (log, database int, err error) {
	text, err := c.client.CoreV1().RESTClient().Get().AbsPath("/metrics").Do(ctx).Raw()
	if err != nil {
		return 0, 0, err
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(text)))
	if err != nil {
		return 0, 0, err
	}
	var counts [2]int
	for i, name := range []string{"etcd_disk_wal_fsync_duration_seconds", "etcd_disk_backend_commit_duration_seconds"} {
		family := families[name]
		if family == nil {
			return 0, 0, fmt.Errorf("/metrics has no %s", name)
		}
		counts[i] = int(family.Metric[0].Histogram.GetSampleCount())
	}
	return counts[0], counts[1], nil
}
