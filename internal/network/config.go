package network

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"

	"k8s.io/client-go/rest"

	"skiff/internal/host"
)

// Config is what the pod network of one node needs to know.
type Config struct {
	Client   *rest.Config // may read all nodes, and patch its own and that one's status
	NodeName string
	NodeIP   netip.Addr // where other nodes reach this one
	Names    host.Names
	DataDir  string

	ClusterCIDR netip.Prefix // of all pods; default 10.244.0.0/16
	VXLANPort   int          // UDP, the same on all nodes; default 8472
	MTU         int          // of pods; default: what fits the link of NodeIP
	CNIConfDir  string       // default DataDir/cni

	// Ready is called once, when sandboxes can be given a network.
	Ready func()
}

const (
	defaultVXLANPort = 8472 // Linux's own, which flannel uses too; IANA's is 4789
	vxlanOverhead    = 50   // bytes of outer headers, over IPv4
	confFile         = "10-skiff.conflist"
)

var defaultClusterCIDR = netip.MustParsePrefix("10.244.0.0/16")

// withDefaults returns cfg with every empty field filled in.
func (cfg Config) withDefaults() (Config, error) {
	if cfg.DataDir == "" {
		return cfg, errors.New("network: no data directory is set")
	}
	dir, err := filepath.Abs(cfg.DataDir)
	if err != nil {
		return cfg, fmt.Errorf("network: data directory %s: %w", cfg.DataDir, err)
	}
	cfg.DataDir = dir
	if !cfg.ClusterCIDR.IsValid() {
		cfg.ClusterCIDR = defaultClusterCIDR
	}
	if cfg.VXLANPort == 0 {
		cfg.VXLANPort = defaultVXLANPort
	}
	if cfg.CNIConfDir == "" {
		cfg.CNIConfDir = cfg.path("cni")
	}
	if cfg.Ready == nil {
		cfg.Ready = func() {}
	}
	return cfg, nil
}

func (cfg Config) path(elem ...string) string {
	return filepath.Join(append([]string{cfg.DataDir}, elem...)...)
}

func (cfg Config) podsDir() string   { return cfg.path("network", "pods") }
func (cfg Config) stateFile() string { return cfg.path("network", "state.json") }

// The CNI forwarder looks for its socket here, beside DataDir/bin.
func (cfg Config) socketDir() string { return cfg.path("run") }

const socketName = "cni.sock"

// tunnelLink is the name of the node's VXLAN device.
func (cfg Config) tunnelLink() string { return cfg.Names.Link("vx") }

// podLink names the host's end of a pod's link after the pod's address, which
// no other pod of the node has: the low 24 bits of it, in hexadecimal.
func (cfg Config) podLink(ip netip.Addr) string {
	b := ip.As4()
	return cfg.Names.Link(fmt.Sprintf("p%02x%02x%02x", b[1], b[2], b[3]))
}

// linkPrefix begins the name of every link of this node, and of no other.
func (cfg Config) linkPrefix() string { return cfg.Names.Link("") }

// gateway is the node's own address among its pods: the first of the range.
func gateway(podCIDR netip.Prefix) netip.Addr { return podCIDR.Masked().Addr().Next() }
