package dns

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"skiff/internal/host"
	"skiff/internal/servicecache"
	"skiff/test/await"
)

// upstream is a resolver outside the cluster. It answers every A question with
// one address, counts them, and can be told to fail.
type upstream struct {
	addr  string
	asked atomic.Int32
	rcode atomic.Int32
	long  atomic.Bool // answers with more than fits into UDP
}

func newUpstream(t *testing.T) *upstream {
	t.Helper()
	u := &upstream{}
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	must(t, err)
	stream, err := net.Listen("tcp", packets.LocalAddr().String())
	must(t, err)
	u.addr = packets.LocalAddr().String()
	for _, s := range []*dns.Server{{PacketConn: packets, Handler: u}, {Listener: stream, Handler: u}} {
		started := make(chan struct{})
		s.NotifyStartedFunc = func() { close(started) }
		go func() { _ = s.ActivateAndServe() }()
		<-started
		t.Cleanup(func() { _ = s.Shutdown() })
	}
	return u
}

func (u *upstream) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	u.asked.Add(1)
	m := new(dns.Msg).SetReply(q)
	m.Rcode = int(u.rcode.Load())
	n := 1
	if u.long.Load() {
		n = 200
	}
	for i := range n {
		if m.Rcode == dns.RcodeSuccess && q.Question[0].Qtype == dns.TypeA {
			h := dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 60}
			m.Answer = append(m.Answer, &dns.A{Hdr: h, A: net.IPv4(192, 0, 2, byte(i))})
		}
	}
	if m.Rcode == dns.RcodeNameError {
		h := dns.RR_Header{Name: ".", Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: 60}
		m.Ns = []dns.RR{&dns.SOA{Hdr: h, Ns: ".", Mbox: ".", Minttl: 10}}
	}
	fit(q, m, w.RemoteAddr().Network())
	_ = w.WriteMsg(m)
}

// testResolver answers from a few objects, and asks the upstreams.
func testResolver(t *testing.T, upstreams ...string) *resolver {
	t.Helper()
	var objects strings.Builder
	objects.WriteString("kind: Service\nmetadata: {namespace: shop, name: pay}\nspec: {type: ExternalName, externalName: pay.example.com}\n---\n")
	objects.WriteString("kind: Service\nmetadata: {namespace: shop, name: inner}\nspec: {type: ExternalName, externalName: web.shop.svc.cluster.local}\n---\n")
	objects.WriteString("kind: Service\nmetadata: {namespace: shop, name: loop}\nspec: {type: ExternalName, externalName: loop.shop.svc.cluster.local}\n---\n")
	objects.WriteString("kind: Service\nmetadata: {namespace: shop, name: web}\nspec: {clusterIP: 10.96.1.1, ports: [{port: 80}]}\n---\n")
	objects.WriteString("kind: Service\nmetadata: {namespace: shop, name: big}\nspec: {clusterIP: None, ports: [{port: 80}]}\n---\n")
	objects.WriteString("kind: EndpointSlice\nmetadata: {namespace: shop, name: big-1, labels: {kubernetes.io/service-name: big}}\naddressType: IPv4\nendpoints:\n")
	for i := range 100 {
		fmt.Fprintf(&objects, "- {addresses: [10.244.0.%d]}\n", i)
	}
	r := newResolver(&Config{}, newView(t, objects.String()), func() bool { return true })
	r.forward = newForwarder(func(time.Time) []string { return upstreams })
	return r
}

// serveTest starts servers and returns their address.
func serveTest(t *testing.T, r *resolver) string {
	t.Helper()
	free, err := net.ListenPacket("udp", "127.0.0.1:0")
	must(t, err)
	addr := netip.MustParseAddrPort(free.LocalAddr().String())
	must(t, free.Close())
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, []netip.AddrPort{addr}, r) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	waitFor(t, func() error {
		conn, err := net.Dial("tcp", addr.String())
		if err == nil {
			err = conn.Close()
		}
		return err
	})
	return addr.String()
}

func waitFor(t *testing.T, try func() error) {
	t.Helper()
	await.NoError(t, 30*time.Second, "answer", try)
}

func query(t *testing.T, network, server, qname string, qtype uint16, edit ...func(*dns.Msg)) *dns.Msg {
	t.Helper()
	q := new(dns.Msg).SetQuestion(dns.Fqdn(qname), qtype)
	for _, f := range edit {
		f(q)
	}
	answer, _, err := (&dns.Client{Net: network, Timeout: 5 * time.Second, UDPSize: 4096}).Exchange(q, server)
	must(t, err)
	return answer
}

func withEDNS(size uint16) func(*dns.Msg) { return func(m *dns.Msg) { m.SetEdns0(size, false) } }

func TestAnswersOverSockets(t *testing.T) {
	up := newUpstream(t)
	server := serveTest(t, testResolver(t, up.addr))
	for _, network := range []string{"udp", "tcp"} {
		m := query(t, network, server, "web.shop.svc.cluster.local", dns.TypeA)
		if len(m.Answer) != 1 || !m.Authoritative || !m.RecursionAvailable || m.IsEdns0() != nil {
			t.Errorf("%s: %v", network, m)
		}
	}
	none := query(t, "udp", server, "nosuch.shop.svc.cluster.local", dns.TypeA, withEDNS(4096))
	if none.Rcode != dns.RcodeNameError || len(none.Ns) != 1 || none.IsEdns0() == nil {
		t.Errorf("a name that does not exist: %v", none)
	}
	if up.asked.Load() != 0 {
		t.Error("names of the cluster were asked for outside")
	}
}

func TestLongAnswersAreCutShortOverUDPOnly(t *testing.T) {
	server := serveTest(t, testResolver(t))
	for size, limit := range map[uint16]int{0: 512, 1000: 1000, 4096: bufferSize} {
		var edit []func(*dns.Msg)
		if size > 0 {
			edit = append(edit, withEDNS(size))
		}
		m := query(t, "udp", server, "big.shop.svc.cluster.local", dns.TypeA, edit...)
		m.Compress = true // as it came
		if !m.Truncated || m.Len() > limit || len(m.Answer) == 0 {
			t.Errorf("buffer of %d: %d bytes, truncated %v, %d records", size, m.Len(), m.Truncated, len(m.Answer))
		}
	}
	if m := query(t, "tcp", server, "big.shop.svc.cluster.local", dns.TypeA); m.Truncated || len(m.Answer) != 100 {
		t.Errorf("over TCP: truncated %v, %d records", m.Truncated, len(m.Answer))
	}
}

func TestOtherNamesComeFromTheMachinesResolvers(t *testing.T) {
	up := newUpstream(t)
	r := testResolver(t, up.addr)
	server := serveTest(t, r)
	for range 3 {
		m := query(t, "udp", server, "WWW.example.com", dns.TypeA)
		if len(m.Answer) != 1 || m.Authoritative || m.Question[0].Name != "WWW.example.com." {
			t.Fatalf("answer: %v", m)
		}
	}
	if n := up.asked.Load(); n != 1 {
		t.Errorf("asked %d times for one name", n)
	}
	up.long.Store(true)
	if m := query(t, "tcp", server, "long.example.com", dns.TypeA); len(m.Answer) != 200 {
		t.Errorf("%d of 200 records", len(m.Answer))
	}
	up.long.Store(false)
	if m := query(t, "udp", server, "1.2.0.192.in-addr.arpa", dns.TypePTR); m.Authoritative {
		t.Errorf("reverse name of a foreign address: %v", m)
	}
}

func TestAliases(t *testing.T) {
	up := newUpstream(t)
	server := serveTest(t, testResolver(t, up.addr))
	for target, want := range map[string]string{"pay": "192.0.2.0", "inner": "10.96.1.1"} {
		m := query(t, "udp", server, target+".shop.svc.cluster.local", dns.TypeA)
		if len(m.Answer) != 2 || m.Answer[0].Header().Rrtype != dns.TypeCNAME || !strings.HasSuffix(m.Answer[1].String(), want) {
			t.Errorf("%s: %v", target, m.Answer)
		}
	}
	if m := query(t, "udp", server, "loop.shop.svc.cluster.local", dns.TypeA); len(m.Answer) != maxAliases+1 {
		t.Errorf("an alias of itself: %d records", len(m.Answer))
	}
}

func TestNextResolverIsAskedWhenOneFails(t *testing.T) {
	bad, good := newUpstream(t), newUpstream(t)
	bad.rcode.Store(dns.RcodeServerFailure)
	f := newForwarder(func(time.Time) []string { return []string{bad.addr, good.addr} })
	for i := range 3 {
		q := new(dns.Msg).SetQuestion(fmt.Sprintf("n%d.example.com.", i), dns.TypeA)
		if m, err := f.ask(t.Context(), q, "udp"); err != nil || len(m.Answer) != 1 {
			t.Fatalf("answer %v: %v", m, err)
		}
	}
	if bad.asked.Load() != 1 || good.asked.Load() != 3 {
		t.Errorf("the failing resolver was asked %d times, the other %d", bad.asked.Load(), good.asked.Load())
	}
	good.rcode.Store(dns.RcodeRefused)
	if m, err := f.ask(t.Context(), new(dns.Msg).SetQuestion("x.example.com.", dns.TypeA), "udp"); err != nil || m.Rcode == dns.RcodeSuccess {
		t.Errorf("when all fail: %v, %v", m, err)
	}
}

func TestQuestionsThatAreRefused(t *testing.T) {
	server := serveTest(t, testResolver(t))
	for name, c := range map[string]struct {
		edit  func(*dns.Msg)
		rcode int
	}{
		"other class":    {func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassCHAOS }, dns.RcodeRefused},
		"zone transfer":  {func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeAXFR }, dns.RcodeRefused},
		"update":         {func(m *dns.Msg) { m.Opcode = dns.OpcodeStatus }, dns.RcodeNotImplemented},
		"EDNS version 9": {func(m *dns.Msg) { m.SetEdns0(1232, false); m.IsEdns0().SetVersion(9) }, dns.RcodeBadVers},
		"no resolver":    {func(m *dns.Msg) { m.Question[0].Name = "example.com." }, dns.RcodeServerFailure},
	} {
		if m := query(t, "udp", server, "web.shop.svc.cluster.local", dns.TypeA, c.edit); m.Rcode != c.rcode {
			t.Errorf("%s: %s", name, dns.RcodeToString[m.Rcode])
		}
	}
}

func TestCacheEnds(t *testing.T) {
	c := newAnswerCache()
	begin := time.Unix(1000, 0)
	q := new(dns.Msg).SetQuestion("Example.com.", dns.TypeA)
	answer := new(dns.Msg).SetReply(q)
	answer.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: "example.com.", Rrtype: dns.TypeA, Ttl: 20}}}
	c.put(keyOf(q), answer, begin)
	lower := keyOf(new(dns.Msg).SetQuestion("example.com.", dns.TypeA))
	if m := c.get(lower, begin.Add(15*time.Second)); m == nil || m.Answer[0].Header().Ttl != 5 {
		t.Errorf("after 15 s of 20: %v", m)
	}
	if m := c.get(lower, begin.Add(20*time.Second)); m != nil {
		t.Errorf("after 20 s of 20: %v", m)
	}
	none := new(dns.Msg).SetRcode(q, dns.RcodeNameError)
	none.Ns = []dns.RR{&dns.SOA{Hdr: dns.RR_Header{Rrtype: dns.TypeSOA, Ttl: 60}, Minttl: 10}}
	failed := new(dns.Msg).SetRcode(q, dns.RcodeServerFailure)
	for want, m := range map[time.Duration]*dns.Msg{10 * time.Second: none, 0: failed} {
		if got := lifetime(m); got != want {
			t.Errorf("%s is kept for %v, want %v", dns.RcodeToString[m.Rcode], got, want)
		}
	}
	for i := range maxAnswers + 100 {
		c.put(cacheKey{name: fmt.Sprint(i)}, answer, begin)
	}
	if len(c.entries) > maxAnswers {
		t.Errorf("%d entries", len(c.entries))
	}
}

func TestResolversFollowTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "resolv.conf")
	r := &resolvers{file: file, avoid: []netip.Addr{netip.MustParseAddr("10.96.0.10")}}
	now := time.Unix(1000, 0)
	if got := r.get(now); got != nil {
		t.Errorf("without a file: %v", got)
	}
	write := func(text string, at time.Time) {
		must(t, os.WriteFile(file, []byte(text), 0o644))
		must(t, os.Chtimes(file, at, at))
	}
	write("nameserver 10.96.0.10\nnameserver 192.0.2.53\nnameserver fd00::53\n", now)
	now = now.Add(2 * time.Second)
	if got := r.get(now); !slices.Equal(got, []string{"192.0.2.53:53", "[fd00::53]:53"}) {
		t.Errorf("got %v", got)
	}
	write("nameserver 192.0.2.54\n", now)
	if got := r.get(now.Add(2 * time.Second)); !slices.Equal(got, []string{"192.0.2.54:53"}) {
		t.Errorf("after a change: %v", got)
	}
}

func TestRunAnswersFromTheAPI(t *testing.T) {
	api := fake.NewClientset(&corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "kubernetes"},
		Spec:       corev1.ServiceSpec{ClusterIP: "10.96.0.1", ClusterIPs: []string{"10.96.0.1"}},
	})
	informers, err := servicecache.New(api)
	must(t, err)
	listen := ListenAddress(host.Names{Cluster: "test", Node: t.Name()})
	if !listen.Addr().IsLoopback() || listen == ListenAddress(host.Names{Cluster: "other", Node: t.Name()}) {
		t.Errorf("listen address %s", listen)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, Config{Informers: informers, Listen: []netip.AddrPort{listen}, ResolvConf: filepath.Join(t.TempDir(), "none")})
	}()
	waitFor(t, func() error {
		q := new(dns.Msg).SetQuestion("kubernetes.default.svc.cluster.local.", dns.TypeA)
		m, _, err := new(dns.Client).Exchange(q, listen.String())
		if err == nil && len(m.Answer) != 1 {
			err = fmt.Errorf("answer: %v", m)
		}
		return err
	})
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
	informers.Shutdown()
}

func TestClusterNamesWaitForTheAPI(t *testing.T) {
	r := testResolver(t)
	r.synced = func() bool { return false }
	m := r.resolve(t.Context(), new(dns.Msg).SetQuestion("web.shop.svc.cluster.local.", dns.TypeA), "udp")
	if m.Rcode != dns.RcodeServerFailure {
		t.Errorf("before the API was read: %v", m)
	}
}
