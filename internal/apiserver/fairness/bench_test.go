package fairness

import (
	"fmt"
	"testing"
	"time"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
)

// usual is a configuration as large as that of a new cluster.
func usual(t testing.TB) (schemas []*flowcontrolv1.FlowSchema, levels []*flowcontrolv1.PriorityLevelConfiguration) {
	for i := range 6 {
		level := fmt.Sprintf("level-%d", i)
		levels = append(levels, levelOf(t, level, "{nominalConcurrencyShares: 30, lendablePercent: 50, limitResponse: {type: Queue, queuing: {queues: 128, handSize: 6, queueLengthLimit: 50}}}"))
		for j := range 2 {
			schemas = append(schemas, byUser(t, fmt.Sprintf("schema-%d-%d", i, j), level, fmt.Sprintf("user-%d-%d", i, j), "somebody"[:j+5]))
		}
	}
	return schemas, levels
}

// BenchmarkRequest is what a request pays that need not wait.
func BenchmarkRequest(b *testing.B) {
	d := New(600, 1, time.Now())
	schemas, levels := usual(b)
	d.Configure(schemas, levels, time.Now())
	r := request("user-5-1")
	r.Groups = []string{"system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"}
	serve := func() {
		t, v := d.Arrive(d.Classify(r), r, One, time.Now())
		if v != Seated {
			b.Fatal(v)
		}
		d.Done(t, time.Now())
	}
	b.Run("classified", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			d.Classify(r)
		}
	})
	b.Run("alone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			serve()
		}
	})
	b.Run("beside others", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				serve()
			}
		})
	})
}
