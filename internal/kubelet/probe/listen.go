package probe

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"skiff/internal/kubelet/lifecycle"
)

// A container without a readiness probe is ready as soon as it runs. Programs
// need a moment more until they listen, and a client that a Service sends there
// in that moment is refused. So such a container is ready when the pod listens
// wherever Services send to, and after listenTimeout in any case: a pod may be
// selected by a Service whose port it does not serve.
//
// Nothing connects to the pod for that: a program may take one connection only,
// or complain about one without a request. The kernel tells, in /proc, and has
// no event for it.
const (
	listenTimeout = 2 * time.Second
	firstLook     = 5 * time.Millisecond // doubles each time, up to lastLook
	lastLook      = 100 * time.Millisecond
)

// deaf says whether a container that has just started has to be waited for.
func (m *Manager) deaf(t target, since time.Time) bool {
	return m.Served != nil && t.main && t.container.ReadinessProbe == nil && time.Since(since) < listenTimeout &&
		!m.listens(t.pod, m.Served(t.pod))
}

// listen waits until the pod of a deaf container listens.
func (m *Manager) listen(ctx context.Context, t target, p *probed, since time.Time) {
	for pause := firstLook; m.deaf(t, since); pause = min(2*pause, lastLook) {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
	m.update(t, p, func(h *lifecycle.Health) { h.Deaf = false })
}

// listens says whether a pod listens on all of the TCP ports. One without a
// process does not.
func (m *Manager) listens(pod *corev1.Pod, ports []uint16) bool {
	if len(ports) == 0 {
		return true
	}
	pid, ok := m.Process(pod)
	if !ok {
		return false
	}
	open := append(listening(pid, "tcp"), listening(pid, "tcp6")...)
	return !slices.ContainsFunc(ports, func(p uint16) bool { return !slices.Contains(open, p) })
}

// listening are the ports that sockets listen on in the network namespace of a
// process, by proc_pid_net(5): a header, and lines of number, local address in
// hexadecimal with the port behind a colon, remote address and state.
func listening(pid int, family string) []uint16 {
	f, err := os.Open(fmt.Sprintf("/proc/%d/net/%s", pid, family))
	if err != nil {
		return nil // it has just ended, or there is no IPv6
	}
	defer f.Close()
	const local, state, isListening = 1, 3, "0A"
	var ports []uint16
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) <= state || fields[state] != isListening {
			continue
		}
		_, hex, _ := strings.Cut(fields[local], ":")
		if port, err := strconv.ParseUint(hex, 16, 16); err == nil {
			ports = append(ports, uint16(port))
		}
	}
	return ports
}
