package network

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"k8s.io/client-go/rest"

	"skiff/internal/host"
	"skiff/test/await"
)

const asNode = "SKIFF_NETWORK_NODE"

// nodeConfig is what a node in a process of its own is told.
type nodeConfig struct {
	API, Name, IP, Cluster, DataDir string
}

func (c nodeConfig) config() Config {
	return Config{
		Client: &rest.Config{Host: c.API}, NodeName: c.Name, NodeIP: netip.MustParseAddr(c.IP),
		Names: host.Names{Cluster: c.Cluster, Node: c.Name}, DataDir: c.DataDir,
	}
}

// nodeMain is a node: it says "ready", and ends when its input does.
func nodeMain() int {
	var c nodeConfig
	if err := json.Unmarshal([]byte(os.Getenv(asNode)), &c); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	cfg := c.config()
	cfg.Ready = func() { fmt.Println("ready") }
	if err := Run(ctx, cfg); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// startNodeIn starts a node as a process in the machine's namespace.
func startNodeIn(t *testing.T, m *machine, c nodeConfig) *testNode {
	t.Helper()
	config, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), asNode+"="+string(config))
	cmd.Stderr = os.Stderr
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	m.must("starting node "+c.Name, cmd.Start)
	n := &testNode{t: t, cfg: c.config(), done: make(chan error, 1)}
	n.stop = func() {
		input.Close()
		n.done <- cmd.Wait()
	}
	t.Cleanup(n.end)
	if line, err := bufio.NewReader(output).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("node %s says %q (%v), want ready", c.Name, line, err)
	}
	return n
}

// lan joins machines to a common network, 192.0.2.0/24, by a bridge in the
// test's own namespace; machine i has the address .i+1, the test .254.
func lan(t *testing.T, machines ...*machine) {
	t.Helper()
	bridge := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "lan"}}
	if err := netlink.LinkAdd(bridge); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = deleteLink("lan") })
	self(t).address("lan", "192.0.2.254/24")
	for i, m := range machines {
		name := fmt.Sprintf("port%d", i+1)
		cable(t, self(t), name, fmt.Sprintf("198.51.100.%d/32", i+1), m, "uplink", fmt.Sprintf("192.0.2.%d/24", i+1))
		port, err := netlink.LinkByName(name)
		if err == nil {
			err = netlink.LinkSetMaster(port, bridge)
		}
		if err == nil {
			var lo netlink.Link
			err = m.do(func() error {
				if lo, err = netlink.LinkByName("lo"); err != nil {
					return err
				}
				return netlink.LinkSetUp(lo)
			})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestPodsOfTwoNodes(t *testing.T) {
	needLab(t)
	m1, m2 := newMachine(t, "m1"), newMachine(t, "m2")
	lan(t, m1, m2)
	api := newFakeAPI(t, "192.0.2.254:0", map[string]string{"n1": "10.244.1.0/24", "n2": "10.244.2.0/24"})
	c1 := nodeConfig{API: api.URL, Name: "n1", IP: "192.0.2.1", Cluster: t.Name(), DataDir: t.TempDir()}
	c2 := nodeConfig{API: api.URL, Name: "n2", IP: "192.0.2.2", Cluster: t.Name(), DataDir: t.TempDir()}
	n1, n2 := startNodeIn(t, m1, c1), startNodeIn(t, m2, c2)
	a, aIP := n1.addPod("a")
	b, bIP := n2.addPod("b", portMapping{HostPort: 8080, ContainerPort: 80, Protocol: "TCP"})
	a.serve("tcp", ":80")
	b.serve("tcp", ":80")
	m2.serve("tcp", "192.0.2.2:81")
	awaitRoute(t, m1, "10.244.2.0/24", true)
	awaitRoute(t, m2, "10.244.1.0/24", true)

	a.reaches("pod to pod on another node", "tcp", bIP+":80", aIP)
	b.reaches("and back", "tcp", aIP+":80", bIP)
	m1.reaches("host to pod on another node", "tcp", bIP+":80", "10.244.1.1")
	a.reaches("pod to another host", "tcp", "192.0.2.2:81", "192.0.2.1")
	a.reaches("pod to a hostPort of another node", "tcp", "192.0.2.2:8080", "192.0.2.1")
	if !networkIsUp(api.get("n1")) {
		t.Errorf("node n1 has the conditions %v, want NetworkUnavailable False", api.get("n1").Status.Conditions)
	}

	t.Run("restart", func(t *testing.T) {
		n1.end()
		a.reaches("pod to pod while skiff is away", "tcp", bIP+":80", aIP)
		n1 = startNodeIn(n1.t, m1, c1)
		a.reaches("pod to pod after the restart", "tcp", bIP+":80", aIP)
	})
	t.Run("a node leaves and another comes", func(t *testing.T) {
		gone := api.get("n2")
		api.remove("n2")
		awaitRoute(t, m1, "10.244.2.0/24", false)
		if entries := neighbours(t, m1, n1.cfg.tunnelLink()); strings.Contains(entries, gone.Annotations[annotationMAC]) {
			t.Errorf("entries of a node that left stay:\n%s", entries)
		}
		api.put(gone)
		awaitRoute(t, m1, "10.244.2.0/24", true)
		a.reaches("pod to pod of a node that is back", "tcp", bIP+":80", aIP)
	})
	t.Run("a node leaves while skiff is away", func(t *testing.T) {
		n1.end()
		gone := api.get("n2")
		api.remove("n2")
		n1 = startNodeIn(n1.t, m1, c1)
		awaitRoute(t, m1, "10.244.2.0/24", false)
		api.put(gone)
		awaitRoute(t, m1, "10.244.2.0/24", true)
		a.reaches("pod to pod of a node that is back", "tcp", bIP+":80", aIP)
	})
}

// awaitRoute waits until the machine has, or has not, a route to the network.
func awaitRoute(t *testing.T, m *machine, network string, wanted bool) {
	t.Helper()
	await.True(t, 30*time.Second, fmt.Sprintf("route to %s (wanted: %t)", network, wanted), func() bool {
		var there bool
		m.must("listing routes", func() error {
			routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
			for _, route := range routes {
				there = there || route.Dst.String() == network
			}
			return err
		})
		return there == wanted
	})
}

// neighbours lists the entries of a link, of both kinds.
func neighbours(t *testing.T, m *machine, link string) string {
	t.Helper()
	var lines []string
	m.must("listing neighbours", func() error {
		l, err := netlink.LinkByName(link)
		if err != nil {
			return err
		}
		for _, family := range []int{netlink.FAMILY_V4, 7 /* AF_BRIDGE */} {
			list, err := netlink.NeighList(l.Attrs().Index, family)
			if err != nil {
				return err
			}
			for _, n := range list {
				lines = append(lines, n.String()+" "+n.HardwareAddr.String())
			}
		}
		return nil
	})
	return strings.Join(lines, "\n")
}
