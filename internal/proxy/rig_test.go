package proxy

import (
	"bufio"
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes/fake"

	"skiff/internal/host"
	"skiff/internal/servicecache"
)

// rig is a node in a network namespace of its own, with the machines around it:
// two pods of the node, a pod of another node, and a client outside the cluster.
// Each is one cable away from the node, which forwards between them.
type rig struct {
	t    testing.TB
	node netns.NsHandle
	ns   map[string]netns.NsHandle
	sync *syncer
	cfg  *Config
}

const (
	pod1    = "10.244.0.5"
	pod2    = "10.244.0.6"
	remote  = "10.244.1.5" // a pod of another node
	outside = "192.0.2.100"
	gate    = "192.0.2.1" // the node's address towards the client
)

var machines = []string{pod1, pod2, remote, outside}

// newRig builds the machines and starts a syncer in the node, without the loop
// around it: tests say when it writes.
func newRig(t testing.TB) *rig {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root, to make network namespaces")
	}
	if alone, ok := t.(*testing.T); ok {
		alone.Parallel() // each rig is a world of its own
	}
	r := &rig{t: t, ns: map[string]netns.NsHandle{}, cfg: testConfig()}
	r.cfg.Names = host.Names{Cluster: "test", Node: t.Name()}
	r.cfg.NodeName = "node1"
	r.cfg.Log = slog.New(slog.DiscardHandler)
	r.node = r.newNamespace()
	r.in(r.node, func() {
		r.up("lo")
		must(t, os.WriteFile(sysctlPath("ipv4/ip_forward"), []byte("1"), 0o644))
		// A new namespace has the machine's settings; begin with the default.
		must(t, os.WriteFile(sysctlPath("ipv4/conf/all/route_localnet"), []byte("0"), 0o644))
	})
	for i, addr := range machines {
		r.ns[addr] = r.newNamespace()
		r.connect(i, addr)
	}
	// Cluster addresses need some route on the node; on a real one the default
	// route serves.
	r.in(r.node, func() { r.route("0.0.0.0/0", outside, 4) })
	r.start()
	return r
}

func (r *rig) newNamespace() netns.NsHandle {
	r.t.Helper()
	var ns netns.NsHandle
	onThread(func() {
		before, err := netns.Get()
		must(r.t, err)
		defer before.Close()
		ns, err = netns.New() // and enters it
		must(r.t, err)
		must(r.t, netns.Set(before))
	})
	r.t.Cleanup(func() { ns.Close() })
	return ns
}

// onThread runs f on a thread that nothing else runs on meanwhile.
func onThread(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		f()
	}()
	<-done
}

// in runs f in a namespace. Sockets made there stay there.
func (r *rig) in(ns netns.NsHandle, f func()) {
	r.t.Helper()
	onThread(func() {
		before, err := netns.Get()
		must(r.t, err)
		defer before.Close()
		must(r.t, netns.Set(ns))
		f()
		must(r.t, netns.Set(before))
	})
}

// connect lays the cable between the node and one machine. Machines have a
// route to everywhere by way of the node; none sees another directly.
func (r *rig) connect(i int, addr string) {
	r.t.Helper()
	link := fmt.Sprintf("cable%d", i+1)
	gateway := "169.254.1.1"
	r.in(r.node, func() {
		peer := r.ns[addr]
		veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: link}, PeerName: "eth0", PeerNamespace: netlink.NsFd(int(peer))}
		must(r.t, netlink.LinkAdd(veth))
		r.up(link)
		r.address(link, gateway+"/32")
		if addr == outside {
			r.address(link, gate+"/32")
		}
		r.routeLink(addr+"/32", link)
	})
	r.in(r.ns[addr], func() {
		r.up("lo")
		r.up("eth0")
		r.address("eth0", addr+"/32")
		r.routeLink(gateway+"/32", "eth0")
		r.route("0.0.0.0/0", gateway, 0)
	})
}

func (r *rig) up(name string) {
	l, err := netlink.LinkByName(name)
	must(r.t, err)
	must(r.t, netlink.LinkSetUp(l))
}

func (r *rig) address(name, cidr string) {
	l, err := netlink.LinkByName(name)
	must(r.t, err)
	a, err := netlink.ParseAddr(cidr)
	must(r.t, err)
	must(r.t, netlink.AddrAdd(l, a))
}

func (r *rig) routeLink(to, name string) {
	l, err := netlink.LinkByName(name)
	must(r.t, err)
	_, dst, err := net.ParseCIDR(to)
	must(r.t, err)
	must(r.t, netlink.RouteAdd(&netlink.Route{Dst: dst, LinkIndex: l.Attrs().Index, Scope: netlink.SCOPE_LINK}))
}

func (r *rig) route(to, via string, cable int) {
	name := "eth0"
	if cable > 0 {
		name = fmt.Sprintf("cable%d", cable)
	}
	l, err := netlink.LinkByName(name)
	must(r.t, err)
	_, dst, err := net.ParseCIDR(to)
	must(r.t, err)
	must(r.t, netlink.RouteAdd(&netlink.Route{Dst: dst, Gw: net.ParseIP(via), LinkIndex: l.Attrs().Index, Flags: int(netlink.FLAG_ONLINK)}))
}

// start opens the kernel in the node's namespace, over an empty API.
func (r *rig) start() {
	r.t.Helper()
	informers, err := servicecache.New(fake.NewClientset())
	must(r.t, err)
	r.cfg.Informers = informers
	r.in(r.node, func() {
		k, err := openKernel(r.cfg.Names.Table("proxy"), nil)
		must(r.t, err)
		flows, err := openConntrack()
		must(r.t, err)
		r.sync = newSyncer(r.cfg, k, flows, newHealth(r.cfg.Log))
		must(r.t, r.sync.replaceAll())
	})
	r.t.Cleanup(func() { r.sync.kernel.close(); r.sync.flows.close(); r.sync.health.close() })
}

// service puts a Service and its endpoints, given as ADDRESS:PORT, into the
// cache and the kernel. No endpoints means an empty slice.
func (r *rig) service(svc *corev1.Service, endpoints ...string) {
	r.t.Helper()
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: svc.Namespace, Name: svc.Name + "-1", Labels: map[string]string{discoveryv1.LabelServiceName: svc.Name}},
		AddressType: discoveryv1.AddressTypeIPv4,
	}
	for _, e := range endpoints {
		at := netip.MustParseAddrPort(e)
		node := "node1"
		if at.Addr().String() == remote {
			node = "node2"
		}
		number, name := int32(at.Port()), ""
		slice.Ports = []discoveryv1.EndpointPort{{Name: &name, Port: &number, Protocol: &svc.Spec.Ports[0].Protocol}}
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{Addresses: []string{at.Addr().String()}, NodeName: &node})
	}
	must(r.t, r.sync.services.Add(svc))
	must(r.t, r.sync.slices.Add(slice))
	r.update(svc.Name)
}

// restart does what a new process would: write whole tables, whatever is there.
func (r *rig) restart() {
	r.t.Helper()
	r.in(r.node, func() { must(r.t, r.sync.replaceAll()) })
}

func (r *rig) update(name string) {
	r.t.Helper()
	must(r.t, r.sync.update([]types.NamespacedName{{Namespace: "default", Name: name}}))
}

func newService(name, ip string, protocol corev1.Protocol, port, nodePort int32) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
		Spec: corev1.ServiceSpec{
			Type: corev1.ServiceTypeNodePort, ClusterIP: ip, ClusterIPs: []string{ip},
			Ports: []corev1.ServicePort{{Port: port, NodePort: nodePort, Protocol: protocol, TargetPort: intstr.FromInt32(8080)}},
		},
	}
}

// serve answers TCP connections and UDP packets in a machine with a line "MACHINE CLIENT"
// for each line that comes in.
func (r *rig) serve(machine string, port int) {
	r.t.Helper()
	ns, ok := r.ns[machine]
	if !ok {
		ns = r.node
	}
	r.in(ns, func() {
		listen := fmt.Sprintf("%s:%d", machine, port)
		l, err := net.Listen("tcp", listen)
		must(r.t, err)
		p, err := net.ListenPacket("udp", listen)
		must(r.t, err)
		r.t.Cleanup(func() { l.Close(); p.Close() })
		go serveTCP(l, machine)
		go serveUDP(p, machine)
	})
}

func serveTCP(l net.Listener, name string) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			for lines := bufio.NewScanner(c); lines.Scan(); {
				host, _, _ := net.SplitHostPort(c.RemoteAddr().String())
				fmt.Fprintf(c, "%s %s\n", name, host)
			}
		}()
	}
}

func serveUDP(p net.PacketConn, name string) {
	buf := make([]byte, 1500)
	for {
		_, from, err := p.ReadFrom(buf)
		if err != nil {
			return
		}
		host, _, _ := net.SplitHostPort(from.String())
		_, _ = p.WriteTo([]byte(name+" "+host+"\n"), from)
	}
}

// dial connects from a machine, "" being the node.
func (r *rig) dial(from, network, to string) (net.Conn, error) {
	ns := r.node
	if from != "" {
		ns = r.ns[from]
	}
	var conn net.Conn
	var err error
	r.in(ns, func() { conn, err = net.DialTimeout(network, to, 3*time.Second) })
	return conn, err
}

// dialHere connects in the namespace of the calling thread.
func dialHere(to string) (net.Conn, error) { return net.DialTimeout("tcp", to, 3*time.Second) }

// ask sends one line over a new connection and returns who answered, and the
// address that it saw.
func (r *rig) ask(from, network, to string) (server, seen string, err error) {
	conn, err := r.dial(from, network, to)
	if err != nil {
		return "", "", err
	}
	defer conn.Close()
	return askOn(conn)
}

func askOn(conn net.Conn) (server, seen string, err error) {
	if err := conn.SetDeadline(time.Now().Add(3 * time.Second)); err != nil {
		return "", "", err
	}
	if _, err := fmt.Fprintln(conn, "who are you?"); err != nil {
		return "", "", err
	}
	buf := make([]byte, 200)
	n, err := conn.Read(buf)
	if err != nil {
		return "", "", err
	}
	server, seen, _ = strings.Cut(strings.TrimSpace(string(buf[:n])), " ")
	return server, seen, nil
}

// expect asks and compares; "" accepts any.
func (r *rig) expect(from, network, to, server, seen string) {
	r.t.Helper()
	gotServer, gotSeen, err := r.ask(from, network, to)
	if err != nil {
		r.t.Errorf("from %q to %s %s: %v", from, network, to, err)
		return
	}
	if (server != "" && gotServer != server) || (seen != "" && gotSeen != seen) {
		r.t.Errorf("from %q to %s %s: answered by %s, which saw %s; want %q and %q", from, network, to, gotServer, gotSeen, server, seen)
	}
}

// nft lists the node's table as an operator would.
func (r *rig) nft() string {
	r.t.Helper()
	path, err := exec.LookPath("nft")
	if err != nil {
		r.t.Skip("needs the nft command, to list tables as an operator would")
	}
	var out, errs bytes.Buffer
	r.in(r.node, func() {
		cmd := exec.Command(path, "list", "ruleset")
		cmd.Stdout, cmd.Stderr = &out, &errs
		err = cmd.Run()
	})
	if err != nil {
		r.t.Fatalf("nft list ruleset: %v\n%s", err, errs.String())
	}
	return out.String()
}

func (r *rig) sysctl(name string) string {
	r.t.Helper()
	var data []byte
	var err error
	r.in(r.node, func() { data, err = os.ReadFile(sysctlPath(name)) })
	must(r.t, err)
	return strings.TrimSpace(string(data))
}

func isTimeout(err error) bool {
	e, ok := err.(net.Error)
	return ok && e.Timeout()
}

// deleteLocalLoopback takes 127.0.0.1 away from the machine it is called in, so
// that packets to it can be sent elsewhere.
func deleteLocalLoopback() error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	for _, cidr := range []string{"127.0.0.1/8"} {
		a, err := netlink.ParseAddr(cidr)
		if err != nil {
			return err
		}
		if err := netlink.AddrDel(lo, a); err != nil {
			return err
		}
	}
	return nil
}

func allowLoopbackRoutes() error {
	return os.WriteFile(sysctlPath("ipv4/conf/all/route_localnet"), []byte("1"), 0o644)
}
