package proxy

import (
	"bytes"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"
)

var rewriteGolden = flag.Bool("update", false, "rewrite the expected text in testdata")

// testConfig is a node called node1 of a cluster with the default ranges.
func testConfig() *Config {
	return &Config{
		NodeName:     "node1",
		ClusterCIDRs: []netip.Prefix{netip.MustParsePrefix("10.244.0.0/16"), netip.MustParsePrefix("fd00:244::/48")},
		ServiceCIDRs: []netip.Prefix{netip.MustParsePrefix("10.96.0.0/16"), netip.MustParsePrefix("fd00:96::/112")},
		ClusterDNS:   netip.MustParseAddr("10.96.0.10"),
		LocalDNS:     netip.MustParseAddrPort("127.8.9.10:10053"),
	}
}

// TestPlans runs the scenarios in testdata/plan. Each is a txtar archive of
// steps: STEP.yaml holds objects that appear or change (a line "# delete NAME"
// removes the Service of that name), and the file after it, ip or ip6, what is
// written to that family's table because of it.
func TestPlans(t *testing.T) {
	files, err := filepath.Glob("testdata/plan/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios found: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { runScenario(t, file) })
	}
}

func runScenario(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	for i := range archive.Files {
		part := &archive.Files[i]
		if strings.HasSuffix(part.Name, ".yaml") {
			w.load(string(part.Data))
			continue
		}
		f := ipv4
		if strings.HasSuffix(part.Name, "ip6") {
			f = ipv6
		}
		got := w.step(f)
		if *rewriteGolden {
			part.Data = []byte(got)
		} else if got != string(part.Data) {
			t.Errorf("%s: %s: got:\n%s\nwant:\n%s", file, part.Name, got, part.Data)
		}
	}
	if *rewriteGolden {
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// world is the API's content in a scenario, and the tables made of it.
type world struct {
	t        *testing.T
	cfg      *Config
	services map[types.NamespacedName]*corev1.Service
	slices   map[string]*discoveryv1.EndpointSlice
	states   map[*family]*state
}

func newWorld(t *testing.T) *world {
	return &world{
		t: t, cfg: testConfig(),
		services: map[types.NamespacedName]*corev1.Service{},
		slices:   map[string]*discoveryv1.EndpointSlice{},
		states:   map[*family]*state{ipv4: newState(ipv4), ipv6: newState(ipv6)},
	}
}

func (w *world) load(text string) {
	w.t.Helper()
	for _, doc := range strings.Split(text, "---\n") {
		for line := range strings.Lines(doc) {
			if name, ok := strings.CutPrefix(strings.TrimSpace(line), "# delete "); ok {
				delete(w.services, types.NamespacedName{Namespace: "default", Name: name})
			}
		}
		if len(bytes.TrimSpace([]byte(doc))) == 0 {
			continue
		}
		var slice discoveryv1.EndpointSlice
		var svc corev1.Service
		if strings.Contains(doc, "kind: EndpointSlice") {
			must(w.t, yaml.UnmarshalStrict([]byte(doc), &slice))
			w.slices[slice.Name] = &slice
		} else if strings.Contains(doc, "kind: Service") {
			must(w.t, yaml.UnmarshalStrict([]byte(doc), &svc))
			svc.Namespace = "default"
			w.services[types.NamespacedName{Namespace: svc.Namespace, Name: svc.Name}] = &svc
		}
	}
}

// step plans every Service anew and shows the difference.
func (w *world) step(f *family) string {
	return w.replan(f).text(f)
}

func (w *world) replan(f *family) *change {
	s := w.states[f]
	var names []types.NamespacedName
	for name := range s.plans {
		names = append(names, name)
	}
	for name := range w.services {
		if _, known := s.plans[name]; !known {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, compareNames)
	return s.update(names, func(name types.NamespacedName) plan { return w.plan(name, f) })
}

func (w *world) plan(name types.NamespacedName, f *family) plan {
	svc := w.services[name]
	if svc == nil {
		return plan{}
	}
	var own []*discoveryv1.EndpointSlice
	for _, s := range w.slices {
		if s.Labels[discoveryv1.LabelServiceName] == name.Name {
			own = append(own, s)
		}
	}
	return planService(svc, own, f, w.cfg)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestBaseChains(t *testing.T) {
	for _, f := range families {
		var got strings.Builder
		for _, c := range baseChains(f, testConfig()) {
			got.WriteString(c.text(f))
		}
		golden := filepath.Join("testdata", "base-"+f.name+".nft")
		if *rewriteGolden {
			must(t, os.WriteFile(golden, []byte(got.String()), 0o644))
		}
		want, err := os.ReadFile(golden)
		must(t, err)
		if got.String() != string(want) {
			t.Errorf("%s: got:\n%s\nwant:\n%s", golden, got.String(), want)
		}
	}
}
