package store

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
)

// bigPod is a pod of about 2.6 KB, as real ones are.
func bigPod(i int) *corev1.Pod {
	p := pod("default", fmt.Sprintf("pod-%06d", i))
	p.Labels = map[string]string{"app": fmt.Sprintf("app-%d", i%100), "pod-template-hash": fmt.Sprintf("hash-%d", i%100)}
	p.Annotations = map[string]string{"note": strings.Repeat("x", 2200)}
	p.Spec.NodeName = fmt.Sprintf("node-%d", i%50)
	return p
}

func filled(b *testing.B, n int) Table {
	b.Helper()
	pods := openStore(b).Table(podsResource())
	for i := range n {
		create(b, pods, bigPod(i))
	}
	list(b, pods, ListOptions{})
	b.ReportAllocs()
	b.ResetTimer()
	return pods
}

func BenchmarkCreate(b *testing.B) {
	pods := filled(b, 0)
	var next atomic.Int64
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		ctx := testContext(b)
		for pb.Next() {
			if _, err := pods.Create(ctx, bigPod(int(next.Add(1)))); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkGetLatest(b *testing.B) {
	pods := filled(b, 1000)
	ctx := testContext(b)
	for b.Loop() {
		if _, err := pods.Get(ctx, "default", "pod-000500", Latest); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkList10000(b *testing.B) {
	pods := filled(b, 10000)
	for b.Loop() {
		n := 0
		for it := range list(b, pods, ListOptions{}).Items {
			n += len(it.Proto())
		}
		b.SetBytes(int64(n))
	}
}

func BenchmarkListOnePercentByLabel(b *testing.B) {
	pods := filled(b, 10000)
	o := ListOptions{Labels: labels.SelectorFromSet(labels.Set{"app": "app-7"})}
	for b.Loop() {
		if n := keyCount(list(b, pods, o)); n != 100 {
			b.Fatal(n)
		}
	}
}

func BenchmarkListOfANode(b *testing.B) {
	pods := filled(b, 10000)
	o := ListOptions{Fields: fields.OneTermEqualSelector("spec.nodeName", "node-7")}
	for b.Loop() {
		if n := keyCount(list(b, pods, o)); n != 200 {
			b.Fatal(n)
		}
	}
}

// One update, seen by 500 watchers: the time is of one event to all of them.
func BenchmarkWatchFanOut500(b *testing.B) {
	pods := filled(b, 1)
	it := must[Item](b)(pods.Get(testContext(b), "default", "pod-000000", Latest))
	seen := make(chan struct{}, 500)
	for range 500 {
		w := must[Watch](b)(pods.Watch(b.Context(), WatchOptions{Since: it.Revision()}))
		defer w.Stop()
		go func() {
			for range w.Events() {
				seen <- struct{}{}
			}
		}()
	}
	for b.Loop() {
		it = update(b, pods, it, func(p *corev1.Pod) { p.Generation++ })
		for range 500 {
			<-seen
		}
	}
	b.ReportMetric(float64(b.Elapsed())/float64(time.Microsecond)/float64(b.N)/500, "µs/event")
}
