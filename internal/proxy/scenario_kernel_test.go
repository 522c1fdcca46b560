package proxy

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// TestKernelAgreesWithPlans writes every scenario's steps into a kernel, one
// after the other, and compares the outcome with a table written at once.
func TestKernelAgreesWithPlans(t *testing.T) {
	files, _ := filepath.Glob("testdata/plan/*.txtar")
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			r := newRig(t)
			archive, err := txtar.ParseFile(file)
			must(t, err)
			w := newWorld(t)
			w.cfg = r.cfg
			for _, part := range archive.Files {
				if !strings.HasSuffix(part.Name, ".yaml") {
					continue
				}
				w.load(string(part.Data))
				changes := map[*family]*change{ipv4: w.replan(ipv4), ipv6: w.replan(ipv6)}
				if err := r.sync.kernel.apply(changes); err != nil {
					t.Fatalf("%s: %v", part.Name, err)
				}
			}
			stepwise := sortedLines(r.nft())
			states := []*state{w.states[ipv4], w.states[ipv6]}
			settings, err := r.sync.kernel.settings(r.sync.kernel.name)
			must(t, err)
			must(t, r.sync.kernel.replace(r.cfg, states, map[*family][]setting{ipv4: settings}))
			if atOnce := sortedLines(r.nft()); !slices.Equal(stepwise, atOnce) {
				t.Errorf("step by step:\n%s\nat once:\n%s", strings.Join(stepwise, "\n"), strings.Join(atOnce, "\n"))
			}
		})
	}
}

func sortedLines(text string) []string {
	text = strings.NewReplacer("elements = { ", "\n", ",\n", "\n", " }\n", "\n").Replace(text)
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.TrimSpace(line))
	}
	slices.Sort(lines)
	return lines
}

// TestManyEndpoints has more endpoints than fit into one message.
func TestManyEndpoints(t *testing.T) {
	r := newRig(t)
	r.serve(pod1, 8080)
	all := []string{pod1 + ":8080"}
	for i := range 3000 {
		all = append(all, fmt.Sprintf("10.244.%d.%d:8080", 100+i/250, 1+i%250))
	}
	svc := newService("web", "10.96.1.1", corev1.ProtocolTCP, 80, 30080)
	r.service(svc, all...)
	if got := strings.Count(r.nft(), "10.96.1.1 . tcp . 80 . 0x"); got != len(all) {
		t.Errorf("the kernel has %d of %d endpoints", got, len(all))
	}
	r.service(svc, all[0])
	r.expect(outside, "tcp", "10.96.1.1:80", pod1, "")
}

// BenchmarkOneOfManyServices is a change of one Service's endpoints in a cluster
// of 10,000 Services, from the plan to the kernel's answer.
func BenchmarkOneOfManyServices(b *testing.B) {
	r := newRig(b)
	r.sync.states = []*state{manyServices(10_000, r.cfg)}
	must(b, r.sync.kernel.replace(r.cfg, r.sync.states, nil))
	svc := newService("web-7", "10.96.20.8", corev1.ProtocolTCP, 80, 0)
	n := 0
	for b.Loop() {
		n++
		r.service(svc, fmt.Sprintf("10.244.9.%d:8080", 1+n%200))
	}
}

// BenchmarkStartWithManyServices writes 10,000 Services' rules at once.
func BenchmarkStartWithManyServices(b *testing.B) {
	r := newRig(b)
	states := []*state{manyServices(10_000, r.cfg)}
	for b.Loop() {
		must(b, r.sync.kernel.replace(r.cfg, states, nil))
	}
}

// manyServices are Services of three endpoints each.
func manyServices(n int, cfg *Config) *state {
	st := newState(ipv4)
	var names []types.NamespacedName
	for i := range n {
		names = append(names, types.NamespacedName{Namespace: "default", Name: fmt.Sprintf("web-%d", i)})
	}
	i := 0
	st.update(names, func(name types.NamespacedName) plan {
		svc := newService(name.Name, fmt.Sprintf("10.96.%d.%d", 20+i/250, 1+i%250), corev1.ProtocolTCP, 80, 0)
		var list []endpoint
		for j := range 3 {
			addr := netip.MustParseAddrPort(fmt.Sprintf("10.%d.%d.%d:8080", 128+j, i/250, 1+i%250))
			list = append(list, endpoint{addr: addr, ready: true, serving: true})
		}
		i++
		var p plan
		p.addPort(servicePort{name: "default/" + name.Name + "/tcp/80", protocol: tcp, svc: svc, port: svc.Spec.Ports[0], cluster: list}, ipv4, cfg)
		return p
	})
	return st
}
