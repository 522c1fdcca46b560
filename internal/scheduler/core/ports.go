package core

import (
	"cmp"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// port is a port of the host that a container takes. An empty address is
// every address.
type port struct {
	addr     string
	protocol corev1.Protocol
	number   int32
}

var portsTaken = &Rejection{Plugin: NodePorts, Reasons: []string{"node(s) didn't have free ports for the requested pod ports"}}

// nodePorts refuses nodes on which another pod has one of the host ports.
func nodePorts(p *Pod, n *node) *Rejection {
	for _, want := range p.ports {
		for have := range n.ports {
			if have.number == want.number && have.protocol == want.protocol &&
				(have.addr == want.addr || have.addr == "" || want.addr == "") {
				return portsTaken
			}
		}
	}
	return nil
}

// portsOf reads the host ports, in one order for all pods with the same.
func portsOf(pod *corev1.Pod) (out []port) {
	add := func(containers []corev1.Container) {
		for i := range containers {
			for _, cp := range containers[i].Ports {
				if cp.HostPort <= 0 {
					continue
				}
				addr := cp.HostIP
				if addr == "0.0.0.0" || addr == "::" {
					addr = ""
				}
				out = append(out, port{addr, cmp.Or(cp.Protocol, corev1.ProtocolTCP), cp.HostPort})
			}
		}
	}
	add(pod.Spec.Containers)
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			add(pod.Spec.InitContainers[i : i+1])
		}
	}
	slices.SortFunc(out, func(a, b port) int {
		return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.protocol, b.protocol), cmp.Compare(a.addr, b.addr))
	})
	return out
}

func countPorts(have map[port]int, ports []port, sign int) map[port]int {
	out := maps.Clone(have)
	if out == nil {
		out = map[port]int{}
	}
	for _, p := range ports {
		if out[p] += sign; out[p] <= 0 {
			delete(out, p)
		}
	}
	return out
}
