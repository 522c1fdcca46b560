package fairness

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
)

var update = flag.Bool("update", false, "write what the tests see to testdata")

// golden compares text with a file.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, text, want)
	}
}

// scene is a level in use: one seat of two is taken for good, the other
// lingers, and two requests wait.
func scene(t *testing.T) *world {
	w := newWorld(t, 2, queuing(t, "queues: 2, handSize: 1, queueLengthLimit: 3")...)
	users := [2]string{}
	users[0], users[1] = apart(w)
	w.done(w.must(users[0], 2, Seated))
	w.pass(250 * time.Millisecond)
	w.seated(users[0])
	write, _ := w.askFor(users[1], WriteWidth(10, 0))
	w.pass(250 * time.Millisecond)
	w.must(users[1], 2, Waiting)
	left := w.must(users[1], 1, Waiting)
	w.must(users[1], 1, Waiting)
	w.must(users[1], 1, Refused)
	w.pass(time.Second)
	w.leave(left)
	w.Done(write, w.now)
	w.pass(time.Millisecond)
	admin := &Request{User: "admin", Groups: []string{"system:masters"}, Verb: "get", Path: "/metrics"}
	w.Arrive(w.Classify(admin), admin, One, w.now)
	return w
}

func TestDumps(t *testing.T) {
	w := scene(t)
	var b strings.Builder
	for _, dump := range []func() error{
		func() error { return w.DumpLevels(&b) },
		func() error { return w.DumpQueues(&b) },
		func() error { return w.DumpRequests(&b, false) },
		func() error { return w.DumpRequests(&b, true) },
	} {
		if err := dump(); err != nil {
			t.Fatal(err)
		}
		b.WriteByte('\n')
	}
	golden(t, "dumps.txt", b.String())
}

func TestMetrics(t *testing.T) {
	w := scene(t)
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(w.Collector(func() time.Time { return w.now }))
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&b, f); err != nil {
			t.Fatal(err)
		}
	}
	var lines []string
	for line := range strings.Lines(b.String()) {
		if !strings.HasPrefix(line, "# HELP") && (!strings.Contains(line, "_bucket{") || strings.Contains(line, "_wait_")) {
			lines = append(lines, line)
		}
	}
	golden(t, "metrics.txt", strings.Join(lines, ""))
}
