package core

import "math"

// nodeResourcesFit refuses nodes without room for what the pod requests.
func nodeResourcesFit(p *Pod, n *node) *Rejection {
	var reasons []string
	unresolvable := false
	check := func(name string, want, used, total int64) {
		if want == 0 || want <= total-used {
			return
		}
		reasons = append(reasons, "Insufficient "+name)
		unresolvable = unresolvable || want > total
	}
	if len(n.pods)+1 > n.maxPods {
		reasons = append(reasons, "Too many pods")
		unresolvable = n.maxPods == 0
	}
	check("cpu", p.requests.MilliCPU, n.requested.MilliCPU, n.allocatable.MilliCPU)
	check("memory", p.requests.Memory, n.requested.Memory, n.allocatable.Memory)
	check("ephemeral-storage", p.requests.Ephemeral, n.requested.Ephemeral, n.allocatable.Ephemeral)
	for name, want := range p.requests.Extended {
		check(string(name), want, n.requested.Extended[name], n.allocatable.Extended[name])
	}
	if len(reasons) == 0 {
		return nil
	}
	return &Rejection{Plugin: NodeResourcesFit, Reasons: reasons, Unresolvable: unresolvable}
}

// leastAllocated prefers nodes with most left, of CPU and memory alike.
func leastAllocated(p *Pod, n *node) int64 {
	left := func(want, used, total int64) int64 {
		if total == 0 || used+want > total {
			return 0
		}
		return (total - used - want) * maxScore / total
	}
	return (left(p.usual.MilliCPU, n.usual.MilliCPU, n.allocatable.MilliCPU) +
		left(p.usual.Memory, n.usual.Memory, n.allocatable.Memory)) / 2
}

// balancedAllocation prefers nodes whose CPU and memory would be used to the
// same degree, so that neither is left over without the other.
func balancedAllocation(p *Pod, n *node) int64 {
	share := func(want, used, total int64) float64 {
		if total == 0 {
			return 1
		}
		return min(float64(used+want)/float64(total), 1)
	}
	cpu := share(p.requests.MilliCPU, n.requested.MilliCPU, n.allocatable.MilliCPU)
	memory := share(p.requests.Memory, n.requested.Memory, n.allocatable.Memory)
	return int64((1 - math.Abs(cpu-memory)/2) * maxScore)
}
