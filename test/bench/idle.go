package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
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
	cpu := 100 * (after.cpu - before.cpu) / watched.Seconds()
	rows := []result{
		{"memory of all skiff processes, idle (PSS, without etcd's mapped file)", "120 MB", fmt.Sprintf("%.0f MB", float64(after.pss)/1e6)},
		{"CPU of an idle cluster", "0.5 %", fmt.Sprintf("%.2f %% of a core", cpu)},
		{"durable writes of an idle cluster in a minute", "12", strconv.Itoa(after.writes - before.writes)},
	}
	for _, p := range after.processes {
		rows = append(rows, result{"  of it: " + p.name, "", fmt.Sprintf("%.0f MB", float64(p.pss)/1e6)})
	}
	return rows, nil
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

type sample struct {
	pss       int64   // bytes
	cpu       float64 // seconds since each process started
	writes    int     // etcd's fsyncs of its log
	processes []process
}

type process struct {
	name string
	pss  int64
}

func (c *cluster) sample(ctx context.Context) (s sample, err error) {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return s, err
	}
	for _, dir := range dirs {
		cmdline, err := os.ReadFile(dir + "/cmdline")
		if err != nil || !strings.Contains(string(cmdline), c.data) && !c.isOurs(dir) {
			continue
		}
		pss, err := memory(dir)
		if err != nil {
			continue // it ended
		}
		name := strings.Join(strings.SplitN(strings.TrimRight(string(cmdline), "\x00"), "\x00", 3)[:min(2, strings.Count(string(cmdline), "\x00"))], " ")
		s.processes = append(s.processes, process{filepath.Base(name), pss})
		s.pss += pss
		s.cpu += cpuSeconds(dir)
	}
	s.writes, err = c.walWrites(ctx)
	return s, err
}

// isOurs says whether the process runs our binary on our data.
func (c *cluster) isOurs(dir string) bool {
	exe, err := os.Readlink(dir + "/exe")
	env, _ := os.ReadFile(dir + "/environ")
	return err == nil && exe == c.skiff && strings.Contains(string(env), c.data)
}

// memory is the process's proportional share in bytes, without the mapping of
// etcd's database file, which is page cache.
func memory(dir string) (int64, error) {
	data, err := os.ReadFile(dir + "/smaps")
	if err != nil {
		return 0, err
	}
	var total int64
	skip := false
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		switch {
		case len(f) >= 5 && strings.Contains(f[0], "-"):
			skip = len(f) > 5 && strings.HasSuffix(f[5], "/member/snap/db")
		case len(f) == 3 && f[0] == "Pss:" && !skip:
			kb, _ := strconv.ParseInt(f[1], 10, 64)
			total += kb << 10
		}
	}
	return total, nil
}

// cpuSeconds is the process's user and system time, at 100 ticks a second.
func cpuSeconds(dir string) float64 {
	data, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return 0
	}
	f := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	user, _ := strconv.ParseFloat(f[11], 64)
	system, _ := strconv.ParseFloat(f[12], 64)
	return (user + system) / 100
}

// walWrites is how often etcd has made its log durable.
func (c *cluster) walWrites(ctx context.Context) (int, error) {
	text, err := c.client.CoreV1().RESTClient().Get().AbsPath("/metrics").Do(ctx).Raw()
	if err != nil {
		return 0, err
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(text)))
	if err != nil {
		return 0, err
	}
	family := families["etcd_disk_wal_fsync_duration_seconds"]
	if family == nil {
		return 0, fmt.Errorf("/metrics has no etcd_disk_wal_fsync_duration_seconds")
	}
	return int(family.Metric[0].Histogram.GetSampleCount()), nil
}
