package dns

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"github.com/rogpeppe/go-internal/txtar"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/client-go/kubernetes/fake"
	"sigs.k8s.io/yaml"

	"skiff/internal/servicecache"
)

var rewriteGolden = flag.Bool("update", false, "rewrite the expected text in testdata")

// TestZone asks the questions in testdata/zone.txtar.
func TestZone(t *testing.T) {
	const file = "testdata/zone.txtar"
	archive, err := txtar.ParseFile(file)
	must(t, err)
	z := testZone(newView(t, string(archive.Files[0].Data)))
	for i := range archive.Files[1:] {
		part := &archive.Files[i+1]
		qname, qtype, _ := strings.Cut(part.Name, " ")
		got := zoneText(z, qname, qtype)
		if *rewriteGolden {
			part.Data = []byte(got)
		} else if got != string(part.Data) {
			t.Errorf("%s: got:\n%swant:\n%s", part.Name, got, part.Data)
		}
	}
	if *rewriteGolden {
		must(t, os.WriteFile(file, txtar.Format(archive), 0o644))
	}
}

func testZone(v view) *zone {
	return &zone{
		domain: "cluster.local.", view: v, dns: netip.MustParseAddr("10.96.0.10"), serial: 7,
		own: []netip.Prefix{netip.MustParsePrefix("10.96.0.0/16"), netip.MustParsePrefix("10.244.0.0/16")},
	}
}

// zoneText is an answer as lines of a zone file.
func zoneText(z *zone, qname, qtype string) string {
	q := dns.Question{Name: dns.Fqdn(qname), Qtype: dns.StringToType[qtype], Qclass: dns.ClassINET}
	var r reply
	if z.has(q.Name) {
		r = z.answer(q)
	} else {
		var own bool
		if r, own = z.reverse(q); !own {
			return "; not the cluster's\n"
		}
	}
	var b strings.Builder
	switch {
	case r.rcode != dns.RcodeSuccess:
		fmt.Fprintf(&b, "; %s\n", dns.RcodeToString[r.rcode])
	case len(r.answers) == 0:
		b.WriteString("; no records of this type\n")
	}
	writeRecords(&b, r.answers)
	if len(r.extra) > 0 {
		b.WriteString("; additional\n")
		writeRecords(&b, r.extra)
	}
	return b.String()
}

func writeRecords(b *strings.Builder, records []dns.RR) {
	for _, rr := range records {
		b.WriteString(strings.ReplaceAll(rr.String(), "\t", " ") + "\n")
	}
}

// newView fills a cache with objects.
func newView(t *testing.T, text string) cacheView {
	t.Helper()
	factory, err := servicecache.New(fake.NewClientset())
	must(t, err)
	v := cacheView{factory.Services().Informer().GetIndexer(), factory.EndpointSlices().Informer().GetIndexer()}
	for _, doc := range strings.Split(text, "---\n") {
		if strings.Contains(doc, "kind: EndpointSlice") {
			var slice discoveryv1.EndpointSlice
			must(t, yaml.UnmarshalStrict([]byte(doc), &slice))
			must(t, v.slices.Add(&slice))
			continue
		}
		var svc corev1.Service
		must(t, yaml.UnmarshalStrict([]byte(doc), &svc))
		must(t, v.services.Add(&svc))
	}
	return v
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestEveryNameRoundTrips(t *testing.T) {
	for _, text := range []string{"10.244.0.5", "fd00:244::5", "::1", "fd00::"} {
		addr := netip.MustParseAddr(text)
		if got, ok := undashed(dashed(addr)); !ok || got != addr {
			t.Errorf("undashed(%q) = %v, %v", dashed(addr), got, ok)
		}
		arpa, err := dns.ReverseAddr(text)
		must(t, err)
		if got, ok := reverseAddress(strings.ToUpper(arpa)); !ok || got != addr {
			t.Errorf("reverseAddress(%q) = %v, %v", arpa, got, ok)
		}
	}
	for _, bad := range []string{"1.2.3.in-addr.arpa.", "x.1.2.3.in-addr.arpa.", "1.ip6.arpa.", "example.com.", "in-addr.arpa."} {
		if addr, ok := reverseAddress(bad); ok {
			t.Errorf("reverseAddress(%q) = %v", bad, addr)
		}
	}
}

// FuzzZone feeds names that no client should send.
func FuzzZone(f *testing.F) {
	for _, seed := range []string{"cluster.local.", "svc.cluster.local.", "..svc.cluster.local.", "_._.a.b.svc.cluster.local.", "\\000.a.svc.cluster.local."} {
		f.Add(seed)
	}
	z := testZone(noObjects{})
	f.Fuzz(func(t *testing.T, qname string) {
		if _, ok := dns.IsDomainName(qname); !ok || !dns.IsFqdn(qname) || !z.has(qname) {
			t.Skip()
		}
		r := z.answer(dns.Question{Name: qname, Qtype: dns.TypeA, Qclass: dns.ClassINET})
		if r.rcode == dns.RcodeNameError && len(r.answers) > 0 {
			t.Errorf("%q does not exist and has records: %v", qname, r.answers)
		}
	})
}

type noObjects struct{}

func (noObjects) service(string, string) *corev1.Service  { return nil }
func (noObjects) hasNamespace(string) bool                { return false }
func (noObjects) endpoints(string, string) []endpoint     { return nil }
func (noObjects) servicesAt(netip.Addr) []*corev1.Service { return nil }
func (noObjects) endpointsAt(netip.Addr) []endpoint       { return nil }
