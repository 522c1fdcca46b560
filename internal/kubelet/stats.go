package kubelet

import (
	"context"
	"fmt"
	"io"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"skiff/internal/kubelet/cri"
	"skiff/internal/kubelet/node"
)

// The answer of /stats/summary, of which these are the parts that readers of
// usage look at. Numbers that are not known are left out.
type (
	summary struct {
		Node nodeStats  `json:"node"`
		Pods []podStats `json:"pods"`
	}
	nodeStats struct {
		NodeName string       `json:"nodeName"`
		CPU      *cpuStats    `json:"cpu,omitempty"`
		Memory   *memoryStats `json:"memory,omitempty"`
	}
	podStats struct {
		PodRef     podRef           `json:"podRef"`
		StartTime  metav1.Time      `json:"startTime"`
		Containers []containerStats `json:"containers"`
		CPU        *cpuStats        `json:"cpu,omitempty"`
		Memory     *memoryStats     `json:"memory,omitempty"`
	}
	podRef struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
		UID       string `json:"uid"`
	}
	containerStats struct {
		Name      string       `json:"name"`
		StartTime metav1.Time  `json:"startTime"`
		CPU       *cpuStats    `json:"cpu,omitempty"`
		Memory    *memoryStats `json:"memory,omitempty"`
		Rootfs    *fsStats     `json:"rootfs,omitempty"`
	}
	cpuStats struct {
		Time                 metav1.Time `json:"time"`
		UsageNanoCores       *uint64     `json:"usageNanoCores,omitempty"`
		UsageCoreNanoSeconds *uint64     `json:"usageCoreNanoSeconds,omitempty"`
	}
	memoryStats struct {
		Time            metav1.Time `json:"time"`
		AvailableBytes  *uint64     `json:"availableBytes,omitempty"`
		UsageBytes      *uint64     `json:"usageBytes,omitempty"`
		WorkingSetBytes *uint64     `json:"workingSetBytes,omitempty"`
		RSSBytes        *uint64     `json:"rssBytes,omitempty"`
	}
	fsStats struct {
		Time       metav1.Time `json:"time"`
		UsedBytes  *uint64     `json:"usedBytes,omitempty"`
		InodesUsed *uint64     `json:"inodesUsed,omitempty"`
	}
)

// Summary is the usage of the node and its pods now.
func (s served) Summary(ctx context.Context) (any, error) {
	r, err := s.k.runtime.ListPodSandboxStats(ctx, &runtimeapi.ListPodSandboxStatsRequest{})
	if err != nil {
		return nil, err
	}
	usage := node.ReadUsage()
	now := metav1.Now()
	out := summary{Node: nodeStats{NodeName: s.k.NodeName,
		CPU:    &cpuStats{Time: now, UsageCoreNanoSeconds: &usage.CPU},
		Memory: &memoryStats{Time: now, WorkingSetBytes: &usage.WorkingSet, AvailableBytes: &usage.Available},
	}, Pods: []podStats{}}
	for _, p := range r.Stats {
		out.Pods = append(out.Pods, s.podStats(p))
	}
	return out, nil
}

func (s served) podStats(p *runtimeapi.PodSandboxStats) podStats {
	meta := p.Attributes.GetMetadata()
	out := podStats{
		PodRef: podRef{meta.GetName(), meta.GetNamespace(), meta.GetUid()},
		CPU:    cpu(p.Linux.GetCpu()), Memory: memory(p.Linux.GetMemory()), Containers: []containerStats{},
	}
	if pod := s.k.pod(meta.GetNamespace(), meta.GetName()); pod != nil && pod.Status.StartTime != nil {
		out.StartTime = *pod.Status.StartTime
	}
	for _, c := range p.Linux.GetContainers() {
		out.Containers = append(out.Containers, containerStats{
			Name: c.Attributes.GetMetadata().GetName(), StartTime: out.StartTime,
			CPU: cpu(c.Cpu), Memory: memory(c.Memory), Rootfs: filesystem(c.WritableLayer),
		})
	}
	return out
}

func value(v *runtimeapi.UInt64Value) *uint64 {
	if v == nil {
		return nil
	}
	return &v.Value
}

func cpu(c *runtimeapi.CpuUsage) *cpuStats {
	if c == nil {
		return nil
	}
	return &cpuStats{Time: metav1.Unix(0, c.Timestamp), UsageNanoCores: value(c.UsageNanoCores), UsageCoreNanoSeconds: value(c.UsageCoreNanoSeconds)}
}

func memory(m *runtimeapi.MemoryUsage) *memoryStats {
	if m == nil {
		return nil
	}
	return &memoryStats{Time: metav1.Unix(0, m.Timestamp), AvailableBytes: value(m.AvailableBytes), UsageBytes: value(m.UsageBytes),
		WorkingSetBytes: value(m.WorkingSetBytes), RSSBytes: value(m.RssBytes)}
}

func filesystem(f *runtimeapi.FilesystemUsage) *fsStats {
	if f == nil {
		return nil
	}
	return &fsStats{Time: metav1.Unix(0, f.Timestamp), UsedBytes: value(f.UsedBytes), InodesUsed: value(f.InodesUsed)}
}

// ResourceMetrics writes the usage of node, pods and containers as metrics
// servers scrape it.
func (s served) ResourceMetrics(ctx context.Context, out io.Writer) error {
	sandboxes, err := s.k.runtime.ListPodSandboxStats(ctx, &runtimeapi.ListPodSandboxStatsRequest{})
	if err != nil {
		return err
	}
	m := metrics{out: out, pods: sandboxes.Stats}
	usage := node.ReadUsage()
	now := time.Now().UnixMilli()
	m.head("node_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed by the node in core-seconds")
	m.line("node_cpu_usage_seconds_total", "", float64(usage.CPU)/1e9, now)
	m.head("node_memory_working_set_bytes", "gauge", "Current working set of the node in bytes")
	m.line("node_memory_working_set_bytes", "", float64(usage.WorkingSet), now)
	m.containers("container_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed by the container in core-seconds", cpuSeconds)
	m.containers("container_memory_working_set_bytes", "gauge", "Current working set of the container in bytes", workingSet)
	m.sandboxes("pod_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed by the pod in core-seconds", cpuSeconds)
	m.sandboxes("pod_memory_working_set_bytes", "gauge", "Current working set of the pod in bytes", workingSet)
	m.head("resource_scrape_error", "gauge", "1 if there was an error while getting container metrics, 0 otherwise")
	m.line("resource_scrape_error", "", 0, 0)
	return m.err
}

// metrics writes Prometheus text.
type metrics struct {
	out  io.Writer
	pods []*runtimeapi.PodSandboxStats
	err  error
}

// sample reads one number, and when it was taken in nanoseconds; false if it is
// not known.
type sample func(*runtimeapi.CpuUsage, *runtimeapi.MemoryUsage) (value float64, at int64, ok bool)

func cpuSeconds(c *runtimeapi.CpuUsage, _ *runtimeapi.MemoryUsage) (float64, int64, bool) {
	return float64(c.GetUsageCoreNanoSeconds().GetValue()) / 1e9, c.GetTimestamp(), c.GetUsageCoreNanoSeconds() != nil
}

func workingSet(_ *runtimeapi.CpuUsage, m *runtimeapi.MemoryUsage) (float64, int64, bool) {
	return float64(m.GetWorkingSetBytes().GetValue()), m.GetTimestamp(), m.GetWorkingSetBytes() != nil
}

func (m *metrics) head(name, kind, help string) {
	m.print("# HELP %s [STABLE] %s\n# TYPE %s %s\n", name, help, name, kind)
}

// line writes one sample; at is in milliseconds, 0 for now.
func (m *metrics) line(name, labels string, v float64, at int64) {
	if at == 0 {
		m.print("%s%s %g\n", name, labels, v)
		return
	}
	m.print("%s%s %g %d\n", name, labels, v, at)
}

func (m *metrics) print(format string, args ...any) {
	if m.err == nil {
		_, m.err = fmt.Fprintf(m.out, format, args...)
	}
}

func (m *metrics) containers(name, kind, help string, read sample) {
	m.head(name, kind, help)
	for _, p := range m.pods {
		for _, c := range p.Linux.GetContainers() {
			if v, at, ok := read(c.Cpu, c.Memory); ok {
				m.line(name, fmt.Sprintf("{container=%q,namespace=%q,pod=%q}", c.Attributes.GetMetadata().GetName(),
					p.Attributes.Labels[cri.LabelPodNamespace], p.Attributes.Labels[cri.LabelPodName]), v, at/1e6)
			}
		}
	}
}

func (m *metrics) sandboxes(name, kind, help string, read sample) {
	m.head(name, kind, help)
	for _, p := range m.pods {
		if v, at, ok := read(p.Linux.GetCpu(), p.Linux.GetMemory()); ok {
			m.line(name, fmt.Sprintf("{namespace=%q,pod=%q}", p.Attributes.Labels[cri.LabelPodNamespace], p.Attributes.Labels[cri.LabelPodName]), v, at/1e6)
		}
	}
}
