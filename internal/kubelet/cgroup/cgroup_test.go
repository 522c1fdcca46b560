package cgroup

import (
	"os"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func list(cpu, memory string) corev1.ResourceList {
	l := corev1.ResourceList{}
	if cpu != "" {
		l[corev1.ResourceCPU] = resource.MustParse(cpu)
	}
	if memory != "" {
		l[corev1.ResourceMemory] = resource.MustParse(memory)
	}
	return l
}

func TestFromRequirements(t *testing.T) {
	for _, c := range []struct {
		name string
		in   corev1.ResourceRequirements
		want Resources
	}{
		{"nothing", corev1.ResourceRequirements{}, Resources{CPUShares: 2}},
		{"requests", corev1.ResourceRequirements{Requests: list("500m", "1Gi")}, Resources{CPUShares: 512}},
		{"limits stand for requests", corev1.ResourceRequirements{Limits: list("2", "1Mi")},
			Resources{CPUShares: 2048, CPUQuota: 200_000, CPUPeriod: 100_000, Memory: 1 << 20}},
		{"the least quota", corev1.ResourceRequirements{Limits: list("1m", "")}, Resources{CPUShares: 2, CPUQuota: 1000, CPUPeriod: 100_000}},
		{"the most shares", corev1.ResourceRequirements{Requests: list("1000", "")}, Resources{CPUShares: 262_144}},
	} {
		if got := FromRequirements(c.in); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestForPodLimitsOnlyWhatEveryContainerLimits(t *testing.T) {
	pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{
		{Resources: corev1.ResourceRequirements{Limits: list("1", "100Mi"), Requests: list("500m", "50Mi")}},
		{Resources: corev1.ResourceRequirements{Limits: list("", "100Mi"), Requests: list("250m", "50Mi")}},
	}}}
	if got, want := ForPod(pod), (Resources{CPUShares: 768, Memory: 200 << 20}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestWeight(t *testing.T) {
	for shares, want := range map[int64]int64{2: 1, 1024: 39, 262144: 10000} {
		if got := weight(shares); got != want {
			t.Errorf("weight(%d) = %d, want %d", shares, got, want)
		}
	}
}

func TestPodPath(t *testing.T) {
	m := newAt("/none", "/root", true)
	for class, want := range map[corev1.PodQOSClass]string{
		corev1.PodQOSGuaranteed: "/root/podu", corev1.PodQOSBurstable: "/root/burstable/podu", corev1.PodQOSBestEffort: "/root/besteffort/podu"} {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: "u"}, Status: corev1.PodStatus{QOSClass: class}}
		if got := m.PodPath(pod); got != want {
			t.Errorf("%s: %s", class, got)
		}
	}
}

// TestUnified writes what a cgroup v2 kernel would be told, into plain files.
func TestUnified(t *testing.T) {
	mount := t.TempDir()
	m := newAt(mount, "/skiff", true)
	dir := filepath.Join(mount, "skiff", "burstable", "podu")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"cpu.weight", "cpu.max", "memory.max"} {
		if err := os.WriteFile(filepath.Join(dir, f), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Create("/skiff/burstable/podu", Resources{CPUShares: 1024, CPUQuota: 50_000, CPUPeriod: 100_000, Memory: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	for f, want := range map[string]string{"cpu.weight": "39", "cpu.max": "50000 100000", "memory.max": "1048576"} {
		if b, _ := os.ReadFile(filepath.Join(dir, f)); string(b) != want {
			t.Errorf("%s = %q, want %q", f, b, want)
		}
	}
	if pods := m.Pods(); len(pods) != 1 || pods[0] != "u" {
		t.Errorf("pods = %v", pods)
	}
}

// TestKernel uses the host's own hierarchies.
func TestKernel(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("control groups need root")
	}
	m := New("/skiff-cgroup-test")
	t.Cleanup(func() { _ = m.Clean() })
	if err := m.Init(); err != nil {
		t.Fatal(err)
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: "u"}, Status: corev1.PodStatus{QOSClass: corev1.PodQOSBurstable}}
	for range 2 { // the second time it is there already
		if err := m.Create(m.PodPath(pod), Resources{CPUShares: 512, CPUQuota: 50_000, CPUPeriod: 100_000, Memory: 64 << 20}); err != nil {
			t.Fatal(err)
		}
	}
	if pods := m.Pods(); len(pods) != 1 || pods[0] != "u" {
		t.Errorf("pods = %v", pods)
	}
	if err := m.Remove("u"); err != nil || len(m.Pods()) != 0 {
		t.Errorf("Remove: %v, %v", err, m.Pods())
	}
	for range 2 {
		if err := m.Clean(); err != nil {
			t.Errorf("Clean: %v", err)
		}
	}
	for _, mount := range m.mounts {
		if _, err := os.Stat(filepath.Join(mount, "skiff-cgroup-test")); err == nil {
			t.Errorf("a group is left in %s", mount)
		}
	}
}
