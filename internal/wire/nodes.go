package wire

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// maxNodes is how many nodes one machine can be: the nodes' network is a /24.
const maxNodes = 200

// machineNode is a further node on this machine: an agent in network and
// mount namespaces of its own, whose data lies in DATA/nodes/NAME.
type machineNode struct {
	Config
	index int // 2 for the second node
}

func (c Config) machineNode(index int) machineNode {
	n := machineNode{Config: c, index: index}
	n.NodeName = c.NodeName + "-" + strconv.Itoa(index)
	n.DataDir = c.Path("nodes", n.NodeName)
	return n
}

// checkNodes says whether this machine can be so many nodes.
func (c Config) checkNodes(count int) error {
	switch last := c.machineNode(count); {
	case count < 1 || count > maxNodes:
		return fmt.Errorf("--nodes %d: a machine can be 1 to %d nodes", count, maxNodes)
	case count > 1 && c.WithoutNode:
		return errors.New("--without-node and --nodes exclude each other: leave one out")
	case count > 1 && len(last.DataDir) > maxDataDir:
		return fmt.Errorf("--data-dir %s is too long for the sockets of further nodes in it: choose one that is %d characters shorter", c.DataDir, len(last.DataDir)-maxDataDir)
	}
	return nil
}

// netns is the file that holds the node's network namespace.
func (n machineNode) netns() string { return n.Path("run", "netns") }

// startNodes starts the nodes 2 to count that do not run yet, all at once.
func startNodes(ctx context.Context, c Config, count int) error {
	if count == 1 {
		return nil
	}
	net, err := ensureNodeNetwork(c)
	if err != nil {
		return fmt.Errorf("cannot make the network between the nodes: %w", err)
	}
	token, err := newToken(ctx, c.DataDir, time.Hour)
	if err != nil {
		return fmt.Errorf("cannot make a join token: %w", err)
	}
	g, ctx := errgroup.WithContext(ctx)
	for i := 2; i <= count; i++ {
		g.Go(func() error {
			n := c.machineNode(i)
			if err := n.start(ctx, net, token); err != nil {
				return fmt.Errorf("node %s: %w", n.NodeName, err)
			}
			return nil
		})
	}
	return g.Wait()
}

func (n machineNode) start(ctx context.Context, net nodeNetwork, token string) error {
	if runningPID(n.DataDir) != 0 {
		return nil
	}
	addr := net.node(n.index)
	if err := os.MkdirAll(n.Path("run"), 0o700); err != nil {
		return err
	}
	if err := ensureNetns(n.netns(), net, n.Names().Link("eth"), addr); err != nil {
		return fmt.Errorf("cannot make its network namespace: %w", err)
	}
	agent := background{dataDir: n.DataDir, args: n.agentArgs(addr, token), launch: inNetns(n.netns()),
		wrap: func(cmd *exec.Cmd) { cmd.SysProcAttr.Unshareflags = syscall.CLONE_NEWNS }}
	return agent.start(ctx)
}

func (n machineNode) agentArgs(addr netip.Addr, token string) []string {
	return []string{"agent",
		"--config=" + os.DevNull,
		"--data-dir=" + n.DataDir,
		"--cluster-name=" + n.ClusterName,
		"--node-name=" + n.NodeName,
		"--node-ip=" + addr.String(),
		"--server=https://" + netip.AddrPortFrom(netip.MustParseAddr(n.AdvertiseAddress), uint16(n.HTTPSPort)).String(),
		"--token=" + token,
		"--cluster-cidr=" + n.ClusterCIDR,
		"--service-cidr=" + n.ServiceCIDR,
		"--cluster-dns=" + n.ClusterDNS,
		"--cluster-domain=" + n.ClusterDomain,
		"--registry-hosts-dir=" + n.RegistryHostsDir,
		"--max-pods=" + strconv.Itoa(n.MaxPods),
		"--container-log-max-size=" + n.ContainerLogMaxSize,
		"--container-log-max-files=" + strconv.Itoa(n.ContainerLogMaxFiles),
		"--log-level=" + n.LogLevel,
	}
}

// machineNodes are the further nodes that ever ran on this machine.
func (c Config) machineNodes() ([]machineNode, error) {
	entries, err := os.ReadDir(c.Path("nodes"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []machineNode
	for _, e := range entries {
		n := machineNode{Config: c}
		n.NodeName, n.DataDir = e.Name(), filepath.Join(c.Path("nodes"), e.Name())
		all = append(all, n)
	}
	return all, nil
}

// stopNodes stops the agents of all further nodes.
func stopNodes(c Config) error {
	nodes, err := c.machineNodes()
	if err != nil {
		return err
	}
	var g errgroup.Group
	for _, n := range nodes {
		if pid := runningPID(n.DataDir); pid != 0 {
			g.Go(func() error { return stopProcess(pid) })
		}
	}
	return g.Wait()
}

// cleanNodes removes what the further nodes left on the host. Their links,
// routes and tables go with their network namespaces.
func cleanNodes(c Config) error {
	nodes, err := c.machineNodes()
	if err != nil {
		return err
	}
	var errs []error
	for _, n := range nodes {
		errs = append(errs, cleanRuntime(n.Config), unplug(n.Names().Link("eth")), removeNetns(n.netns()))
	}
	errs = append(errs, removeNodeNetwork(c))
	return errors.Join(errs...)
}
