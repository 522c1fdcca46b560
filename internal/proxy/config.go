package proxy

import (
	"log/slog"
	"net/netip"

	"k8s.io/client-go/rest"

	"skiff/internal/host"

	"skiff/internal/client"
)

// Config is what the proxy needs to know about its node.
type Config struct {
	// Client is the identity to read Services and EndpointSlices with
	// (system:kube-proxy). It may be nil when Informers is given.
	Client *rest.Config
	// Informers, made by servicecache.New, lets the proxy share its view with
	// the node's DNS. The caller starts them once Run was called; without
	// them the proxy makes and starts its own.
	Informers *client.Informers
	// NodeName decides which endpoints are local.
	NodeName string
	// Names makes the tables' names.
	Names host.Names
	// ClusterCIDRs hold all pods. Connections to cluster addresses from
	// elsewhere are masqueraded; without a range none is.
	ClusterCIDRs []netip.Prefix
	// ServiceCIDRs hold all cluster addresses. Connections to an address in
	// them that no Service port has are refused.
	ServiceCIDRs []netip.Prefix
	// ClusterDNS is the address that pods ask for names, and LocalDNS where
	// this node answers. Port 53 of the former leads to the latter; unless both
	// are set and of one family, ClusterDNS is a Service like any other.
	ClusterDNS netip.Addr
	LocalDNS   netip.AddrPort
	// NodePortAddresses limits node ports to local addresses in these ranges;
	// empty means all of them, loopback included.
	NodePortAddresses []netip.Prefix
	// HealthAddress answers /healthz and /livez; the zero value answers nowhere.
	HealthAddress netip.AddrPort
	// Listing, if set, is told of what is in the kernel.
	Listing *Listing
	// Log gets what an operator should know; nil means slog.Default().
	Log *slog.Logger
}

func (cfg *Config) log() *slog.Logger {
	if cfg.Log != nil {
		return cfg.Log
	}
	return slog.Default().With("component", "proxy")
}

// answersDNS reports whether cluster DNS of this family is answered on the node.
func (cfg *Config) answersDNS(f *family) bool {
	return f.has(cfg.ClusterDNS) && cfg.LocalDNS.IsValid() && f.has(cfg.LocalDNS.Addr())
}

// isClusterDNS reports whether a frontend is the one that the node answers itself.
func (cfg *Config) isClusterDNS(f *family, k key) bool {
	return cfg.answersDNS(f) && k.addr == cfg.ClusterDNS && k.port == 53 && k.protocol != sctp
}
