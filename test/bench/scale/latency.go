package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Kubernetes' service-level objectives for the 99th percentile of API calls
// (community/sig-scalability/slos): of single objects, and of lists of
// everything.
const (
	single     = time.Second
	everything = 30 * time.Second
)

// sentAt is the annotation that says when a pod was asked for.
const sentAt = "example.com/sent"

func stamp(p *corev1.Pod) {
	p.Annotations[sentAt] = strconv.FormatInt(time.Now().UnixNano(), 10)
}

// latencies are how long requests took, by what they were.
type latencies struct {
	mu        sync.Mutex
	names     []string
	took      map[string][]time.Duration
	objective map[string]time.Duration
	restarted atomic.Int64 // watches that ended and were begun again
}

func (l *latencies) add(name string, objective, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.took == nil {
		l.took, l.objective = map[string][]time.Duration{}, map[string]time.Duration{}
	}
	if l.took[name] == nil {
		l.names = append(l.names, name)
		l.objective[name] = objective
	}
	l.took[name] = append(l.took[name], took)
}

// arrived notes how long a pod took from its creator to its kubelet.
func (l *latencies) arrived(p *corev1.Pod) {
	if nano, err := strconv.ParseInt(p.Annotations[sentAt], 10, 64); err == nil {
		l.add("a new pod reaches its kubelet", single, time.Since(time.Unix(0, nano)))
	}
}

// print writes the table; an objective that is missed is an error.
func (l *latencies) print(out io.Writer) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var missed []string
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "REQUEST\tCOUNT\tP50\tP99\tMAX\tOBJECTIVE\t")
	slices.Sort(l.names)
	for _, name := range l.names {
		took := l.took[name]
		slices.Sort(took)
		p99 := took[len(took)*99/100]
		if p99 > l.objective[name] {
			missed = append(missed, name)
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t\n", name, len(took), milliseconds(took[len(took)/2]), milliseconds(p99), milliseconds(took[len(took)-1]), l.objective[name])
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nwatches of kubelets begun again: %d\n", l.restarted.Load())
	if len(missed) > 0 {
		return fmt.Errorf("objectives missed: %q", missed)
	}
	return nil
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/1e6) }
