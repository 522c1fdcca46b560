package network

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
	"k8s.io/client-go/rest"

	"skiff/test/await"
)

// self is the test's own namespace: the node.
func self(t *testing.T) *machine { return &machine{t: t} }

// labNode is a node with a world outside, which knows no way to pods.
func labNode(t *testing.T) (n *testNode, world *machine) {
	needLab(t)
	world = newMachine(t, "world")
	cable(t, self(t), "uplink", "192.0.2.1/24", world, "uplink", "192.0.2.2/24")
	t.Cleanup(func() { _ = deleteLink("uplink") })
	return newTestNode(t, "192.0.2.1"), world
}

func TestPodsReachEverything(t *testing.T) {
	n, world := labNode(t)
	n.start()
	node := self(t)
	a, aIP := n.addPod("a")
	b, bIP := n.addPod("b")
	a.serve("tcp", ":80")
	b.serve("tcp", ":80")
	world.serve("tcp", ":80")
	node.serve("tcp", "192.0.2.1:80")

	if !netip.MustParsePrefix("10.244.1.0/24").Contains(netip.MustParseAddr(aIP)) || aIP == bIP {
		t.Errorf("the pods have the addresses %s and %s, want two of 10.244.1.0/24", aIP, bIP)
	}
	a.reaches("pod to pod", "tcp", bIP+":80", aIP)
	a.reaches("pod to itself", "tcp", aIP+":80", aIP)
	a.reaches("pod to its loopback", "tcp", "127.0.0.1:80", "127.0.0.1")
	node.reaches("host to pod", "tcp", aIP+":80", "10.244.1.1")
	a.reaches("pod to host", "tcp", "192.0.2.1:80", aIP)
	b.reaches("pod to the world", "tcp", "192.0.2.2:80", "192.0.2.1")
}

func TestHostPort(t *testing.T) {
	n, world := labNode(t)
	n.start()
	node := self(t)
	web, _ := n.addPod("web",
		portMapping{HostPort: 8080, ContainerPort: 80, Protocol: "tcp"},
		portMapping{HostPort: 5353, ContainerPort: 53, Protocol: "udp"},
		portMapping{HostPort: 9090, ContainerPort: 80, Protocol: "tcp", HostIP: "127.0.0.1"})
	other, otherIP := n.addPod("other")
	web.serve("tcp", ":80")
	web.serve("udp", ":53")

	world.reaches("world to hostPort", "tcp", "192.0.2.1:8080", "192.0.2.2")
	world.reaches("world to UDP hostPort", "udp", "192.0.2.1:5353", "192.0.2.2")
	node.reaches("host to hostPort", "tcp", "192.0.2.1:8080", "192.0.2.1")
	node.reaches("host to hostPort on localhost", "tcp", "127.0.0.1:8080", "10.244.1.1")
	node.reaches("host to UDP hostPort on localhost", "udp", "127.0.0.1:5353", "10.244.1.1")
	node.reaches("host to hostPort with hostIP", "tcp", "127.0.0.1:9090", "10.244.1.1")
	other.reaches("pod to hostPort", "tcp", "192.0.2.1:8080", otherIP)
	web.reaches("pod to its own hostPort", "tcp", "192.0.2.1:8080", "10.244.1.1")
	if from, err := world.source("tcp", "192.0.2.1:9090"); err == nil {
		t.Errorf("the world (%s) reaches a hostPort with hostIP 127.0.0.1", from)
	}

	n.delPod("web")
	if from, err := world.source("tcp", "192.0.2.1:8080"); err == nil {
		t.Errorf("the world (%s) reaches the hostPort of a deleted pod", from)
	}
}

// TestFlushedRulesComeBack: a firewall that starts flushes everything.
func TestFlushedRulesComeBack(t *testing.T) {
	n, _ := labNode(t)
	n.start()
	pod, _ := n.addPod("a", portMapping{HostPort: 8080, ContainerPort: 80, Protocol: "TCP"})
	pod.serve("tcp", ":80")
	for range 2 {
		conn, err := nftables.New()
		if err != nil {
			t.Fatal(err)
		}
		conn.FlushRuleset()
		if err := conn.Flush(); err != nil {
			t.Fatal(err)
		}
		await.NoError(t, 30*time.Second, "answer by the hostPort", func() error {
			_, err := self(t).source("tcp", "127.0.0.1:8080")
			return err
		})
	}
	n.delPod("a")
}

func TestPodsSurviveARestart(t *testing.T) {
	n, _ := labNode(t)
	n.start()
	a, aIP := n.addPod("a", portMapping{HostPort: 8080, ContainerPort: 80, Protocol: "TCP"})
	a.serve("tcp", ":80")
	gone, goneIP := n.addPod("gone")
	before := linkIndex(t, n.cfg.podLink(netip.MustParseAddr(aIP)))

	n.end()
	self(t).reaches("host to pod while skiff is away", "tcp", aIP+":80", "10.244.1.1")
	gone.remove() // its sandbox ends meanwhile
	n.start()

	self(t).reaches("host to pod after the restart", "tcp", aIP+":80", "10.244.1.1")
	self(t).reaches("hostPort after the restart", "tcp", "127.0.0.1:8080", "10.244.1.1")
	if after := linkIndex(t, n.cfg.podLink(netip.MustParseAddr(aIP))); after != before {
		t.Errorf("the pod's link was made anew: index %d, was %d", after, before)
	}
	if _, err := os.Stat(filepath.Join(n.cfg.podsDir(), goneIP)); !os.IsNotExist(err) {
		t.Errorf("the address %s of a pod that has gone is still taken (%v)", goneIP, err)
	}
	if _, bIP := n.addPod("b"); bIP == aIP {
		t.Errorf("a new pod has the address of a running one, %s", aIP)
	}
}

func linkIndex(t *testing.T, name string) int {
	t.Helper()
	link, err := netlink.LinkByName(name)
	if err != nil {
		t.Fatalf("link %s: %v", name, err)
	}
	return link.Attrs().Index
}

func TestAddTwiceAndDeleteTwice(t *testing.T) {
	n, _ := labNode(t)
	n.start()
	pod, _ := n.addPod("a")
	output, err := n.call("ADD", "a", pod.path, `{"cniVersion":"0.4.0"}`)
	if err != nil {
		t.Fatalf("a second ADD: %v", err)
	}
	if !strings.Contains(output, `"version":"4"`) {
		t.Errorf("ADD in version 0.4.0 answers %s", output)
	}
	if records, _ := os.ReadDir(n.cfg.podsDir()); len(records) != 1 {
		t.Errorf("%d addresses are taken after a second ADD, want 1", len(records))
	}
	n.delPod("a")
	n.delPod("a")
	if records, _ := os.ReadDir(n.cfg.podsDir()); len(records) != 0 {
		t.Errorf("%d addresses are taken after DEL, want none", len(records))
	}
}

func TestAddSaysWhatIsWrong(t *testing.T) {
	n, _ := labNode(t)
	n.start()
	_, err := n.call("ADD", "lost", "/nowhere/netns", `{"cniVersion":"1.0.0"}`)
	if err == nil || !strings.Contains(err.Error(), "default/lost") || !strings.Contains(err.Error(), "/nowhere/netns") {
		t.Errorf("ADD with a namespace that is not there: %v, want the pod and the namespace named", err)
	}
	if records, _ := os.ReadDir(n.cfg.podsDir()); len(records) != 0 {
		t.Errorf("%d addresses are taken after a failed ADD", len(records))
	}
}

func TestCleanLeavesNothing(t *testing.T) {
	n, _ := labNode(t)
	if err := writeSysctl(ipForward, "0"); err != nil {
		t.Fatal(err)
	}
	before := hostState(t)
	n.start()
	n.addPod("left", portMapping{HostPort: 8080, ContainerPort: 80, Protocol: "TCP"})
	n.end()
	if hostState(t) == before {
		t.Fatal("a pod's network shows nowhere on the host: the comparison is blind")
	}
	for range 2 { // the second time has nothing to do
		if err := Clean(n.cfg); err != nil {
			t.Fatalf("Clean: %v", err)
		}
	}
	if after := hostState(t); after != before {
		t.Errorf("Clean leaves something.\nbefore:\n%s\nafter:\n%s", before, after)
	}
	for _, path := range []string{n.cfg.path("network"), n.cfg.path("cni", confFile), n.cfg.path("run")} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("Clean leaves %s", path)
		}
	}
}

// hostState is what the network can leave on a host.
func hostState(t *testing.T) string {
	t.Helper()
	links, err := netlink.LinkList()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, link := range links {
		lines = append(lines, "link "+link.Attrs().Name)
	}
	routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	if err != nil {
		t.Fatal(err)
	}
	for _, route := range routes {
		lines = append(lines, "route "+route.String())
	}
	forward, err := readSysctl(ipForward)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(append(lines, "ip_forward "+forward, "tables "+nft(t, "list", "tables")), "\n")
}

// nft is what the program prints: what an operator sees.
func nft(t *testing.T, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("nft")
	if err != nil {
		t.Skip("this test reads rules through nft (apt-get install nftables)")
	}
	out, err := exec.Command(path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("nft %v: %v: %s", args, err, out)
	}
	return string(out)
}

func TestRulesAsNFTPrintsThem(t *testing.T) {
	needLab(t)
	r := rules{name: "skiff-network-abcdef", cluster: defaultClusterCIDR, gateway: netip.MustParseAddr("10.244.1.1"), linkPrefix: "skabcdef"}
	t.Cleanup(func() { _ = r.remove() })
	pods := []podRecord{{
		IP: netip.MustParseAddr("10.244.1.5"), Pod: "default/web",
		Ports: []portMapping{
			{HostPort: 8080, ContainerPort: 80, Protocol: "TCP"},
			{HostPort: 53, ContainerPort: 5353, Protocol: "udp", HostIP: "192.0.2.1"},
			{HostPort: 0, ContainerPort: 443, Protocol: "TCP"},
		},
	}}
	for range 2 { // writing it again changes nothing
		if err := r.apply(pods); err != nil {
			t.Fatal(err)
		}
	}
	want := `table ip skiff-network-abcdef {
	chain guard {
		type filter hook prerouting priority raw; policy accept;
		iifname "skabcdef*" ip daddr 127.0.0.0/8 drop
	}

	chain hostports {
		tcp dport 8080 dnat to 10.244.1.5:80 comment "default/web"
		ip daddr 192.0.2.1 udp dport 53 dnat to 10.244.1.5:5353 comment "default/web"
	}

	chain prerouting {
		type nat hook prerouting priority dstnat; policy accept;
		fib daddr type local jump hostports
	}

	chain output {
		type nat hook output priority -100; policy accept;
		fib daddr type local jump hostports
	}

	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr 10.244.0.0/16 ip daddr != 10.244.0.0/16 ip daddr != 224.0.0.0/4 oifname != "lo" masquerade fully-random
		ip saddr 127.0.0.0/8 oifname != "lo" ct status dnat snat to 10.244.1.1
		ip saddr 10.244.1.5 ip daddr 10.244.1.5 ct status dnat snat to 10.244.1.1
	}
}
`
	got := nft(t, "list", "table", "ip", r.name)
	if got != want {
		t.Errorf("nft prints:\n%s\nwant:\n%s", got, want)
	}
}

// Two clusters share a host: the first that goes must not take routing from
// the other, and the last leaves the host as the first found it.
func TestTwoClustersOnOneHost(t *testing.T) {
	a, _ := labNode(t)
	if err := writeSysctl(ipForward, "0"); err != nil {
		t.Fatal(err)
	}
	b := newTestNode(t, "192.0.2.1")
	b.cfg.Names.Cluster = "another"
	b.cfg.ClusterCIDR = netip.MustParsePrefix("10.245.0.0/16")
	b.cfg.Client = &rest.Config{Host: newFakeAPI(t, "127.0.0.1:0", map[string]string{"n1": "10.245.1.0/24"}).URL}
	a.start()
	b.start()
	pod, podIP := b.addPod("pod")
	pod.serve("tcp", ":80")
	forwarding := func(want string) {
		t.Helper()
		if got, err := readSysctl(ipForward); err != nil || got != want {
			t.Errorf("ip_forward is %s (%v), want %s", got, err, want)
		}
	}

	forwarding("1")
	a.end()
	if err := Clean(a.cfg); err != nil {
		t.Fatal(err)
	}
	forwarding("1")
	self(t).reaches("host to a pod of the cluster that stays", "tcp", podIP+":80", "10.245.1.1")
	b.end()
	if err := Clean(b.cfg); err != nil {
		t.Fatal(err)
	}
	forwarding("0")
}

func TestLinksOfManyPodsGoAtOnce(t *testing.T) {
	n, _ := labNode(t)
	n.start()
	for i := range 20 {
		n.addPod(fmt.Sprint("pod", i))
	}
	n.end()
	if err := deletePodLinks(n.cfg); err != nil {
		t.Fatal(err)
	}
	links, err := netlink.LinkList()
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, link := range links {
		left = append(left, link.Attrs().Name)
	}
	if want := []string{"lo", n.cfg.tunnelLink(), "uplink"}; !sameElements(left, want) {
		t.Errorf("the links that are left are %v, want %v", left, want)
	}
	if err := deletePodLinks(n.cfg); err != nil {
		t.Errorf("with no link left: %v", err)
	}
}

// sameElements compares regardless of order, and of links that the kernel
// puts into every namespace by itself.
func sameElements(got, want []string) bool {
	got = slices.DeleteFunc(slices.Clone(got), func(name string) bool {
		return strings.HasSuffix(name, "0") && !slices.Contains(want, name)
	})
	slices.Sort(got)
	slices.Sort(want)
	return slices.Equal(got, want)
}
