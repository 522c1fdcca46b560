package dns

import (
	"encoding/hex"
	"log/slog"
	"net/netip"

	"k8s.io/client-go/rest"

	"skiff/internal/host"

	"skiff/internal/client"
)

// Config is what cluster DNS needs to know about its node.
type Config struct {
	// Client is the identity to read Services and EndpointSlices with. It may be
	// nil when Informers is given.
	Client *rest.Config
	// Informers, made by servicecache.New, lets DNS share its view with the
	// proxy; without them it makes its own. Run starts them if nobody has.
	Informers *client.Informers
	// Listen are the addresses to answer on, over UDP and TCP.
	Listen []netip.AddrPort
	// ClusterDomain ends all names of the cluster; "" means cluster.local.
	ClusterDomain string
	// ClusterDNS is the address that pods ask, or the zero value. It is the
	// address of ns.dns.DOMAIN, and never asked itself.
	ClusterDNS netip.Addr
	// ServiceCIDRs and ClusterCIDRs are the addresses whose reverse names are
	// answered here alone and never asked for outside.
	ServiceCIDRs []netip.Prefix
	ClusterCIDRs []netip.Prefix
	// ResolvConf names the file with the resolvers for all other names; ""
	// means the machine's. A change of the file is noticed.
	ResolvConf string
	// Log gets what an operator should know; nil means slog.Default().
	Log *slog.Logger
}

// ListenAddress is where the DNS of a node answers unless told otherwise: a
// loopback address of its own. No other machine can reach it but through the
// proxy, and several clusters on one machine do not meet.
func ListenAddress(names host.Names) netip.AddrPort {
	id, err := hex.DecodeString(names.ID())
	if err != nil || len(id) < 3 {
		panic("host.Names.ID is not six hexadecimal digits: " + names.ID())
	}
	// 127.128.0.0/9: others use the beginning of 127.0.0.0/8.
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, id[0] | 0x80, id[1], id[2]}), 10053)
}

func (cfg *Config) log() *slog.Logger {
	if cfg.Log != nil {
		return cfg.Log
	}
	return slog.Default().With("component", "dns")
}

func (cfg *Config) domain() string {
	if cfg.ClusterDomain == "" {
		return "cluster.local"
	}
	return cfg.ClusterDomain
}
