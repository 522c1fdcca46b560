package wire

import (
	"context"
	"errors"
	"testing"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"skiff/internal/reconcile"
)

// The queues of controllers and the clients are measured under the names that
// dashboards know.
func TestProcessMetrics(t *testing.T) {
	gather := processMetrics() // clients count from now on
	ctx, cancel := context.WithCancel(t.Context())
	tries := 0
	loop := reconcile.New("measured", func(context.Context, string) error {
		if tries++; tries == 1 {
			return errors.New("once more")
		}
		cancel()
		return nil
	})
	loop.Add("a")
	loop.Add("a")
	_ = loop.Run(ctx, 1)
	_, err := kubernetes.NewForConfigOrDie(&rest.Config{Host: "http://127.0.0.1:1"}).Discovery().ServerVersion()
	if err == nil {
		t.Fatal("somebody answers")
	}
	families, err := gather.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if v := l.GetValue(); v == "measured" || v == "127.0.0.1:1" {
					got[f.GetName()] += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
				}
			}
		}
	}
	for name, want := range map[string]float64{
		"workqueue_adds_total": 2, "workqueue_retries_total": 1, "workqueue_depth": 0,
		"workqueue_queue_duration_seconds": 2, "workqueue_work_duration_seconds": 2,
		"rest_client_requests_total": 1, "rest_client_request_duration_seconds": 1,
	} {
		if n, found := got[name]; !found || n != want {
			t.Errorf("%s is %v, %t; want %v", name, n, found, want)
		}
	}
}
