package store

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
)

// counted are the store's counters, with the values of their labels.
func counted(t *testing.T, s *Store) (lines []string) {
	t.Helper()
	reg := prometheus.NewRegistry()
	reg.MustRegister(s.Collectors()...)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if m.GetCounter() == nil {
				continue
			}
			line := family.GetName()
			for _, l := range m.GetLabel() {
				line += " " + l.GetValue()
			}
			lines = append(lines, fmt.Sprint(line, " ", m.GetCounter().GetValue()))
		}
	}
	return lines
}

// Writes that came too late are answers; only those that get none are errors.
func TestRequestsToEtcdAreCounted(t *testing.T) {
	s := openStore(t)
	ctx := testContext(t)
	pods := s.Table(podsResource())
	made := create(t, pods, pod("default", "a"))[0]
	newer := update(t, pods, made, func(p *corev1.Pod) { p.Spec.NodeName = "n1" })
	if _, err := pods.Update(ctx, made, pod("default", "a")); err == nil {
		t.Error("an update of an old item")
	}
	must[Item](t)(pods.Delete(ctx, newer))
	over, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := pods.Create(over, pod("default", "b")); err == nil {
		t.Error("a create that nobody waits for")
	}
	got := counted(t, s)
	for _, want := range []string{
		"etcd_requests_total  create pods 2", "etcd_requests_total  update pods 2", "etcd_requests_total  delete pods 1",
		"etcd_requests_total  list pods 1", "etcd_request_errors_total  create pods 1",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	if slices.Contains(got, "etcd_request_errors_total  update pods 1") {
		t.Errorf("a conflict is counted as an error: %q", got)
	}
}
