package network

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/vishvananda/netlink"

	"skiff/internal/tablewatch"
)

// Run gives the node's pods their network until ctx ends. The network stays
// when it does: pods go on talking.
//
// It waits for the node's range of pods (spec.podCIDR), unless pods of an
// earlier start have addresses of it: then it needs no API server to begin.
func Run(ctx context.Context, cfg Config) error {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return err
	}
	if !cfg.NodeIP.Is4() {
		return fmt.Errorf("network: the node's address %s is not IPv4", cfg.NodeIP)
	}
	nodes, err := newNodes(cfg)
	if err != nil {
		return err
	}
	var running sync.WaitGroup
	defer running.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	running.Go(func() { nodes.run(ctx) })
	podCIDR, err := awaitPodCIDR(ctx, cfg, nodes)
	if err != nil || ctx.Err() != nil {
		return err
	}
	others, err := tablewatch.Open(cfg.Names.Table("network"))
	if err != nil {
		return err
	}
	defer others.Close()
	tunnel, plugin, err := setUp(cfg, podCIDR, others)
	if err != nil {
		return err
	}
	running.Go(func() { others.Run(ctx) })
	running.Go(func() { plugin.keepRules(ctx) })
	listener, err := listen(cfg)
	if err != nil {
		return err
	}
	running.Go(func() { plugin.serve(ctx, listener) })
	// Only now: from this file the runtime knows that the network is ready.
	if err := replaceFile(filepath.Join(cfg.CNIConfDir, confFile), conflist()); err != nil {
		return err
	}
	cfg.Ready()
	follow(ctx, cfg, nodes, podCIDR, &peerLinks{tunnel: tunnel})
	return nil
}

// awaitPodCIDR is the range that the node was given. It is zero when ctx ended
// first.
func awaitPodCIDR(ctx context.Context, cfg Config, nodes *nodes) (netip.Prefix, error) {
	s, err := readState(cfg.stateFile())
	if err != nil {
		return s.PodCIDR, err
	}
	if pods, err := os.ReadDir(cfg.podsDir()); err == nil && len(pods) > 0 && s.PodCIDR.IsValid() {
		return s.PodCIDR, nil
	}
	for {
		if node := nodes.own(); node != nil {
			if podCIDR, ok := podCIDROf(node); ok {
				return podCIDR, nil
			}
		}
		select {
		case <-ctx.Done():
			return netip.Prefix{}, nil
		case <-nodes.changed:
		}
	}
}

// setUp makes all that is the same for every pod, and clears what pods left.
func setUp(cfg Config, podCIDR netip.Prefix, others *tablewatch.Watch) (netlink.Link, *plugin, error) {
	before, err := rememberHost(cfg, podCIDR)
	if err != nil {
		return nil, nil, err
	}
	tunnel, err := ensureTunnel(cfg, podCIDR, aliasPrefix+before)
	if err != nil {
		return nil, nil, err
	}
	if tunnel, err = netlink.LinkByName(cfg.tunnelLink()); err != nil {
		return nil, nil, err
	}
	// After the link, which tells other clusters on this host that routing is
	// needed, and what it was before.
	if err := writeSysctl(ipForward, "1"); err != nil {
		return nil, nil, err
	}
	addresses, err := openAddresses(cfg.podsDir(), podCIDR)
	if err != nil {
		return nil, nil, err
	}
	rules := rulesOf(cfg, gateway(podCIDR))
	rules.watch = others
	p := &plugin{
		cfg: cfg, addresses: addresses, rules: rules,
		links: podLinks{cfg: cfg, gateway: gateway(podCIDR), mtu: tunnel.Attrs().MTU},
	}
	return tunnel, p, p.collect()
}

// rememberHost writes down how the host was before the first start, and the
// range of pods.
func rememberHost(cfg Config, podCIDR netip.Prefix) (forwardedBefore string, err error) {
	s, err := readState(cfg.stateFile())
	if err != nil {
		return "", err
	}
	if s.Sysctls == nil {
		before, err := forwardingBefore(cfg)
		if err != nil {
			return "", err
		}
		s.Sysctls = map[string]string{ipForward: before}
	}
	s.PodCIDR = podCIDR
	return s.Sysctls[ipForward], writeState(cfg.stateFile(), s)
}

// follow keeps the paths to other nodes right, and the own announcement. Until
// the nodes are known, the kernel keeps the paths of an earlier start.
func follow(ctx context.Context, cfg Config, nodes *nodes, podCIDR netip.Prefix, links *peerLinks) {
	select {
	case <-ctx.Done():
		return
	case <-nodes.synced:
	}
	retry := time.NewTimer(0)
	defer retry.Stop()
	for delay := time.Second; ; {
		select {
		case <-ctx.Done():
			return
		case <-nodes.changed:
		case <-retry.C:
		}
		err := reconcile(ctx, cfg, nodes, podCIDR, links)
		if err == nil {
			delay = time.Second
			continue
		}
		if ctx.Err() == nil {
			slog.Error("the network to other nodes", "error", err, "retry", delay)
			retry.Reset(delay)
			delay = min(2*delay, time.Minute)
		}
	}
}

// reconcile does once what follow does always.
func reconcile(ctx context.Context, cfg Config, nodes *nodes, podCIDR netip.Prefix, links *peerLinks) error {
	err := links.drive(wantedPeers(nodes.all(), cfg.NodeName))
	node := nodes.own()
	if node == nil {
		return err // not registered, or deleted: it will be there again
	}
	if now, ok := podCIDROf(node); ok && now != podCIDR {
		// Pods that run have addresses of the old range: it cannot be swapped.
		slog.Error("the Node was made anew with another range of pods, and other nodes no longer reach those of this one: "+
			"run \"skiff down\" and start it again, which makes all pods of this node anew",
			"node", cfg.NodeName, "podCIDR", now, "in use", podCIDR)
	}
	return errors.Join(err, nodes.announce(ctx, node, ownVTEP(cfg.Names, cfg.NodeIP)))
}
