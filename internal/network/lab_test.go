package network

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	current "github.com/containernetworking/cni/pkg/types/100"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"k8s.io/client-go/rest"

	"skiff/internal/host"
)

const inLab = "SKIFF_NETWORK_LAB"

// TestMain runs the tests in network and mount namespaces of their own: they
// change links, routes, tables and settings, and the host's are not theirs.
func TestMain(m *testing.M) {
	if os.Getenv(asNode) != "" {
		os.Exit(nodeMain())
	}
	if os.Getuid() != 0 || os.Getenv(inLab) != "" {
		if os.Getenv(inLab) != "" {
			os.Exit(labMain(m))
		}
		os.Exit(m.Run())
	}
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), inLab+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS,
		Pdeathsig:  syscall.SIGKILL,
	}
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		os.Exit(exit.ExitCode())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "making namespaces for the tests:", err)
		os.Exit(1)
	}
}

// labMain makes the mounts private and the loopback link work.
func labMain(m *testing.M) int {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		fmt.Fprintln(os.Stderr, "private mounts:", err)
		return 1
	}
	if lo, err := netlink.LinkByName("lo"); err != nil || netlink.LinkSetUp(lo) != nil {
		fmt.Fprintln(os.Stderr, "the loopback link does not come up")
		return 1
	}
	return m.Run()
}

func needLab(t *testing.T) {
	t.Helper()
	if os.Getenv(inLab) == "" {
		t.Skip("network namespaces need root")
	}
}

// machine is a network namespace that stands for a node, a pod or the world.
type machine struct {
	t    *testing.T
	path string
}

// newMachine makes a namespace that goes with the test.
func newMachine(t *testing.T, name string) *machine {
	t.Helper()
	m := &machine{t: t, path: filepath.Join(t.TempDir(), name)}
	if err := os.WriteFile(m.path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	made := make(chan error)
	go func() { // on a thread that is thrown away with its namespace
		runtime.LockOSThread()
		err := syscall.Unshare(syscall.CLONE_NEWNET)
		if err == nil {
			err = syscall.Mount(fmt.Sprintf("/proc/self/task/%d/ns/net", syscall.Gettid()), m.path, "", syscall.MS_BIND, "")
		}
		made <- err
	}()
	if err := <-made; err != nil {
		t.Fatalf("making the namespace %s: %v", name, err)
	}
	t.Cleanup(m.remove)
	return m
}

func (m *machine) remove() { _ = syscall.Unmount(m.path, syscall.MNT_DETACH) }

// do runs f in the machine; the zero machine is the test's own namespace.
func (m *machine) do(f func() error) error {
	if m.path == "" {
		return f()
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never back: the thread ends with this function
		ns, err := netns.GetFromPath(m.path)
		if err == nil {
			defer ns.Close()
			err = netns.Set(ns)
		}
		if err == nil {
			err = f()
		}
		done <- err
	}()
	return <-done
}

func (m *machine) must(what string, f func() error) {
	m.t.Helper()
	if err := m.do(f); err != nil {
		m.t.Fatalf("%s: %v", what, err)
	}
}

// serve answers every connection and datagram on the address with the
// address that it came from.
func (m *machine) serve(network, address string) {
	m.t.Helper()
	m.must("listening on "+address, func() error {
		if network == "udp" {
			c, err := net.ListenPacket("udp4", address)
			if err != nil {
				return err
			}
			m.t.Cleanup(func() { c.Close() })
			go func() {
				buf := make([]byte, 64)
				for {
					_, from, err := c.ReadFrom(buf)
					if err != nil {
						return
					}
					_, _ = c.WriteTo([]byte(from.String()), from)
				}
			}()
			return nil
		}
		l, err := net.Listen("tcp4", address)
		if err != nil {
			return err
		}
		m.t.Cleanup(func() { l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = io.WriteString(c, c.RemoteAddr().String())
				c.Close()
			}
		}()
		return nil
	})
}

// source dials the address and returns which address the other side saw.
func (m *machine) source(network, address string) (string, error) {
	var answer []byte
	err := m.do(func() error {
		c, err := net.DialTimeout(network+"4", address, 3*time.Second)
		if err != nil {
			return err
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(3 * time.Second))
		if network == "udp" {
			if _, err := c.Write([]byte("hello")); err != nil {
				return err
			}
			answer = make([]byte, 64)
			n, err := c.Read(answer)
			answer = answer[:n]
			return err
		}
		answer, err = io.ReadAll(c)
		return err
	})
	if err != nil {
		return "", err
	}
	hostPart, _, err := net.SplitHostPort(string(answer))
	return hostPart, err
}

// reaches checks that a connection works, and from where it seems to come.
func (m *machine) reaches(what, network, address, from string) {
	m.t.Helper()
	got, err := m.source(network, address)
	if err != nil {
		m.t.Errorf("%s: %v", what, err)
	} else if got != from {
		m.t.Errorf("%s: the other side sees %s, want %s", what, got, from)
	}
}

// cable joins two machines; each end gets its address of a common network.
func cable(t *testing.T, a *machine, aName, aAddr string, b *machine, bName, bAddr string) {
	t.Helper()
	a.must("cable", func() error {
		pair := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: aName, MTU: 1500}, PeerName: bName}
		if b.path != a.path {
			ns, err := netns.GetFromPath(b.path)
			if err != nil {
				return err
			}
			defer ns.Close()
			pair.PeerNamespace = netlink.NsFd(ns)
		}
		return netlink.LinkAdd(pair)
	})
	a.address(aName, aAddr)
	b.address(bName, bAddr)
}

// address brings a link up with an address, "192.0.2.1/24".
func (m *machine) address(link, cidr string) {
	m.t.Helper()
	m.must("address of "+link, func() error {
		l, err := netlink.LinkByName(link)
		if err != nil {
			return err
		}
		addr, err := netlink.ParseAddr(cidr)
		if err != nil {
			return err
		}
		if err := netlink.AddrAdd(l, addr); err != nil {
			return err
		}
		return netlink.LinkSetUp(l)
	})
}

// testNode is a Run under test, in the test's own namespace.
type testNode struct {
	t    *testing.T
	cfg  Config
	stop func()
	done chan error
}

func newTestNode(t *testing.T, ip string) *testNode {
	dir := t.TempDir()
	n := &testNode{t: t, cfg: Config{
		Client:   &rest.Config{Host: newFakeAPI(t, "127.0.0.1:0", map[string]string{"n1": "10.244.1.0/24"}).URL},
		NodeName: "n1",
		NodeIP:   netip.MustParseAddr(ip),
		Names:    host.Names{Cluster: t.Name(), Node: "n1"},
		DataDir:  dir,
	}}
	t.Cleanup(func() {
		n.end()
		if err := Clean(n.cfg); err != nil {
			t.Errorf("Clean: %v", err)
		}
	})
	return n
}

func (n *testNode) start() {
	n.t.Helper()
	ctx, cancel := context.WithCancel(n.t.Context())
	ready := make(chan struct{})
	cfg := n.cfg
	cfg.Ready = func() { close(ready) }
	n.done = make(chan error, 1)
	go func() { n.done <- Run(ctx, cfg) }()
	n.stop = cancel
	select {
	case <-ready:
	case err := <-n.done:
		n.stop = nil
		n.t.Fatalf("Run ended: %v", err)
	case <-time.After(20 * time.Second):
		n.t.Fatal("the network is not ready within 20 s")
	}
}

func (n *testNode) end() {
	if n.stop == nil {
		return
	}
	n.stop()
	n.stop = nil
	if err := <-n.done; err != nil {
		n.t.Errorf("Run: %v", err)
	}
}

// call sends a CNI request as the forwarder does, and returns what it prints.
func (n *testNode) call(command, id, netnsPath, config string) (string, error) {
	c, err := net.Dial("unix", filepath.Join(n.cfg.DataDir, "run", "cni.sock"))
	if err != nil {
		return "", err
	}
	defer c.Close()
	vars := []string{
		"CNI_COMMAND=" + command, "CNI_CONTAINERID=" + id, "CNI_NETNS=" + netnsPath, "CNI_IFNAME=eth0",
		"CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=" + id,
	}
	if _, err := io.WriteString(c, strings.Join(vars, "\x00")+"\x00\x00"+config); err != nil {
		return "", err
	}
	_ = c.(*net.UnixConn).CloseWrite()
	answer, err := io.ReadAll(c)
	if err != nil || len(answer) == 0 {
		return "", fmt.Errorf("no answer: %w", err)
	}
	if answer[0] != '0' {
		return "", errors.New(string(answer[1:]))
	}
	return string(answer[1:]), nil
}

// addPod makes a pod with these hostPorts and returns it with its address.
func (n *testNode) addPod(name string, ports ...portMapping) (*machine, string) {
	n.t.Helper()
	pod := newMachine(n.t, name)
	mappings, err := json.Marshal(ports)
	if err != nil {
		n.t.Fatal(err)
	}
	config := `{"cniVersion":"1.0.0","name":"skiff","type":"skiff-cni","runtimeConfig":{"portMappings":` + string(mappings) + `}}`
	output, err := n.call("ADD", name, pod.path, config)
	if err != nil {
		n.t.Fatalf("ADD %s: %v", name, err)
	}
	var result current.Result
	if err := json.Unmarshal([]byte(output), &result); err != nil || len(result.IPs) != 1 {
		n.t.Fatalf("ADD %s answers %s (%v)", name, output, err)
	}
	return pod, result.IPs[0].Address.IP.String()
}

func (n *testNode) delPod(name string) {
	n.t.Helper()
	if _, err := n.call("DEL", name, "", `{"cniVersion":"1.0.0"}`); err != nil {
		n.t.Errorf("DEL %s: %v", name, err)
	}
}
