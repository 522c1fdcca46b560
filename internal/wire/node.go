package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/rest"

	"skiff/internal/dns"
	"skiff/internal/kubelet"
	"skiff/internal/network"
	"skiff/internal/proxy"
	"skiff/internal/runtime"
	"skiff/internal/servicecache"
)

// runNode runs a node's components until ctx ends or one of them fails.
func runNode(ctx context.Context, c Config, id nodeIdentity) error {
	c.warnOfForwarding()
	g, ctx := errgroup.WithContext(ctx)
	component(ctx, g, "network", network.Run, c.networkConfig(id))
	listing := &proxy.Listing{}
	k := c.kubeletConfig(id)
	k.Withdrawn = listing.Withdrawn
	component(ctx, g, "kubelet", kubelet.Run, k)
	if err := runServices(ctx, g, c, id.proxy, listing); err != nil {
		return err
	}
	if c.RuntimeEndpoint == "" {
		component(ctx, g, "container runtime", runtime.Run, c.runtimeConfig())
	}
	return g.Wait()
}

// component runs one component in g. A component that stops by itself stops
// the process: a service manager starts it anew.
func component[T any](ctx context.Context, g *errgroup.Group, name string, run func(context.Context, T) error, cfg T) {
	g.Go(func() error {
		err := run(ctx, cfg)
		switch {
		case ctx.Err() != nil:
			if err != nil && !errors.Is(err, context.Canceled) {
				slog.Warn("stopped with an error", "component", name, "error", err)
			}
			return nil
		case err == nil:
			return fmt.Errorf("%s stopped", name)
		default:
			return fmt.Errorf("%s: %w", name, err)
		}
	})
}

// runServices runs what answers for Services on a node: the proxy, and DNS,
// which share one view of them.
func runServices(ctx context.Context, g *errgroup.Group, c Config, as *rest.Config, listing *proxy.Listing) error {
	informers, err := servicecache.NewForConfig(as)
	if err != nil {
		return err
	}
	p, d := c.proxyConfig(as), c.dnsConfig()
	p.Informers, d.Informers = informers, informers
	p.Listing = listing
	component(ctx, g, "proxy", proxy.Run, p)
	component(ctx, g, "dns", dns.Run, d)
	return nil
}

func (c Config) proxyConfig(as *rest.Config) proxy.Config {
	return proxy.Config{
		Client: as, NodeName: c.NodeName, Names: c.Names(),
		ClusterCIDRs: []netip.Prefix{netip.MustParsePrefix(c.ClusterCIDR)},
		ServiceCIDRs: c.serviceCIDRs(),
		ClusterDNS:   netip.MustParseAddr(c.ClusterDNS), LocalDNS: dns.ListenAddress(c.Names()),
	}
}

func (c Config) dnsConfig() dns.Config {
	return dns.Config{
		Listen: []netip.AddrPort{dns.ListenAddress(c.Names())}, ClusterDomain: c.ClusterDomain,
		ClusterDNS:   netip.MustParseAddr(c.ClusterDNS),
		ClusterCIDRs: []netip.Prefix{netip.MustParsePrefix(c.ClusterCIDR)},
		ServiceCIDRs: c.serviceCIDRs(),
	}
}

func (c Config) kubeletConfig(id nodeIdentity) kubelet.Config {
	logSize, _ := c.logMaxSize() // Complete has checked it
	return kubelet.Config{
		Client: id.kubelet, NodeName: c.NodeName, NodeIPs: []netip.Addr{netip.MustParseAddr(c.NodeIP)}, Names: c.Names(),
		RuntimeEndpoint: c.runtimeEndpoint(), DataDir: c.Path("kubelet"),
		ClusterDNS: []string{c.ClusterDNS}, ClusterDomain: c.ClusterDomain,
		Port: c.KubeletPort, GetCertificate: id.serving, ClientCA: id.clientCAs,
		Labels: c.NodeLabels, Taints: c.taints(), MaxPods: c.MaxPods,
		ContainerLogMaxSize: logSize, ContainerLogMaxFiles: c.ContainerLogMaxFiles,
	}
}

func (c Config) runtimeEndpoint() string {
	if c.RuntimeEndpoint != "" {
		return c.RuntimeEndpoint
	}
	return runtime.Endpoint(c.runtimeConfig())
}

func (c Config) runtimeConfig() runtime.Config {
	return runtime.Config{DataDir: c.DataDir, Names: c.Names(), RegistryHostsDir: c.RegistryHostsDir}
}

func (c Config) networkConfig(id nodeIdentity) network.Config {
	return network.Config{
		Client: id.network, NodeName: c.NodeName, NodeIP: netip.MustParseAddr(c.NodeIP), Names: c.Names(),
		DataDir: c.DataDir, ClusterCIDR: netip.MustParsePrefix(c.ClusterCIDR),
	}
}

// cleanNode removes all that the components of a node made on the host: first
// the containers, then what they used.
func cleanNode(c Config) error {
	var err error
	if c.RuntimeEndpoint == "" {
		err = cleanRuntime(c)
	}
	return errors.Join(err,
		kubelet.Clean(c.kubeletConfig(nodeIdentity{})),
		proxy.Clean(c.proxyConfig(nil)),
		network.Clean(c.networkConfig(nodeIdentity{})))
}

func cleanRuntime(c Config) error {
	if _, err := os.Stat(c.DataDir); err != nil {
		return nil
	}
	return runtime.Clean(c.runtimeConfig())
}
