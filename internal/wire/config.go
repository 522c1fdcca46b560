// Package wire is the composition root: configuration in, running components
// out. It is the one place that knows every component; it decides nothing
// that a component could decide.
package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"

	"skiff/internal/controllers/nodelifecycle"
	"skiff/internal/host"
	"skiff/internal/kubelet"
)

// DefaultDataDir is where a cluster keeps its data unless told otherwise.
const DefaultDataDir = "/var/lib/skiff"

// Config is all that a user can set on `skiff server` and `skiff agent`.
type Config struct {
	DataDir     string `json:"-"` // it can be moved
	ClusterName string
	NodeName    string
	NodeIP      string
	NodeLabels  map[string]string
	NodeTaints  []string

	BindAddress      string
	HTTPSPort        int
	AdvertiseAddress string
	TLSSANs          []string

	// Their sum is how many requests the API server serves at once.
	MaxRequestsInflight, MaxMutatingRequestsInflight int

	EtcdServers                       []string
	EtcdCAFile, EtcdCertFile, EtcdKey string

	ClusterCIDR          string
	ServiceCIDR          string
	ServiceNodePortRange string
	ClusterDNS           string
	ClusterDomain        string

	RuntimeEndpoint      string
	RegistryHostsDir     string
	KubeletPort          int
	MaxPods              int
	ContainerLogMaxSize  string
	ContainerLogMaxFiles int
	WithoutNode          bool

	NodeMonitorGracePeriod time.Duration

	Server string // of an agent: URL of the API server
	Token  string `json:"-"` // of an agent; a secret

	LogLevel string
}

// Defaults are the settings of a cluster that nobody configured.
func Defaults() Config {
	return Config{
		DataDir: envOr("SKIFF_DATA_DIR", DefaultDataDir), BindAddress: "0.0.0.0", HTTPSPort: 6443,
		MaxRequestsInflight: 400, MaxMutatingRequestsInflight: 200,
		ClusterCIDR: "10.244.0.0/16", ServiceCIDR: "10.96.0.0/16", ServiceNodePortRange: "30000-32767",
		ClusterDomain:    "cluster.local",
		RegistryHostsDir: "/etc/skiff/certs.d", KubeletPort: 10250, MaxPods: 110,
		ContainerLogMaxSize: "10Mi", ContainerLogMaxFiles: 5, LogLevel: "info",
		NodeMonitorGracePeriod: nodelifecycle.DefaultGrace,
	}
}

// AddServerFlags binds every setting of `skiff server`.
func (c *Config) AddServerFlags(f *pflag.FlagSet) {
	c.addCommonFlags(f)
	c.addAPIServerFlags(f)
	c.addNodeFlags(f)
	c.addControllerFlags(f)
	f.BoolVar(&c.WithoutNode, "without-node", c.WithoutNode, "run the control plane only: no kubelet, no pods on this machine")
}

// AddAPIServerFlags binds the settings of `skiff apiserver`.
func (c *Config) AddAPIServerFlags(f *pflag.FlagSet) {
	c.addCommonFlags(f)
	c.addAPIServerFlags(f)
}

// AddAgentFlags binds every setting of `skiff agent`.
func (c *Config) AddAgentFlags(f *pflag.FlagSet) {
	c.addCommonFlags(f)
	c.addNodeFlags(f)
	f.StringVar(&c.ClusterCIDR, "cluster-cidr", c.ClusterCIDR, "addresses of all pods of the cluster")
	f.StringVar(&c.ServiceCIDR, "service-cidr", c.ServiceCIDR, "addresses of the cluster's services")
	f.StringVar(&c.ClusterDNS, "cluster-dns", c.ClusterDNS, "address of the cluster's DNS service (default: the tenth of the service addresses)")
	f.StringVar(&c.ClusterDomain, "cluster-domain", c.ClusterDomain, "DNS domain of the cluster")
	f.StringVar(&c.Server, "server", c.Server, "URL of the API server to join, https://HOST:6443")
	f.StringVar(&c.Token, "token", c.Token, "token to join with, from 'skiff token create' on the server; not needed once the node has joined")
}

func (c *Config) addCommonFlags(f *pflag.FlagSet) {
	f.StringVar(&c.DataDir, "data-dir", c.DataDir, "where all data lies")
	f.StringVar(&c.ClusterName, "cluster-name", c.ClusterName, `name of the cluster in host names and kubeconfig contexts (default "skiff", and a suffix when --data-dir is not the default)`)
	f.StringVar(&c.LogLevel, "log-level", c.LogLevel, "debug, info, warn or error")
}

func (c *Config) addAPIServerFlags(f *pflag.FlagSet) {
	f.StringVar(&c.BindAddress, "bind-address", c.BindAddress, "address that the API server listens on")
	f.IntVar(&c.HTTPSPort, "https-port", c.HTTPSPort, "port that the API server listens on")
	f.StringVar(&c.AdvertiseAddress, "advertise-address", c.AdvertiseAddress, "address under which others reach the API server (default: the node's)")
	f.StringSliceVar(&c.TLSSANs, "tls-san", c.TLSSANs, "further host names or addresses in the API server's certificate")
	f.IntVar(&c.MaxRequestsInflight, "max-requests-inflight", c.MaxRequestsInflight, "with --max-mutating-requests-inflight, how many requests are served at once: the seats that priority levels share")
	f.IntVar(&c.MaxMutatingRequestsInflight, "max-mutating-requests-inflight", c.MaxMutatingRequestsInflight, "see --max-requests-inflight")
	f.StringSliceVar(&c.EtcdServers, "etcd-servers", c.EtcdServers, "URLs of an external etcd cluster; without it etcd runs inside")
	f.StringVar(&c.EtcdCAFile, "etcd-cafile", c.EtcdCAFile, "CA that signed the etcd servers' certificates")
	f.StringVar(&c.EtcdCertFile, "etcd-certfile", c.EtcdCertFile, "client certificate for etcd")
	f.StringVar(&c.EtcdKey, "etcd-keyfile", c.EtcdKey, "key of the client certificate for etcd")
	f.StringVar(&c.ClusterCIDR, "cluster-cidr", c.ClusterCIDR, "addresses of pods; each node gets a /24 of it")
	f.StringVar(&c.ServiceCIDR, "service-cidr", c.ServiceCIDR, "addresses of services: an IPv4 network, and an IPv6 network behind a comma for dual-stack services")
	f.StringVar(&c.ServiceNodePortRange, "service-node-port-range", c.ServiceNodePortRange, "ports for services of type NodePort")
	f.StringVar(&c.ClusterDNS, "cluster-dns", c.ClusterDNS, "address of the cluster's DNS service (default: the tenth of the service addresses)")
	f.StringVar(&c.ClusterDomain, "cluster-domain", c.ClusterDomain, "DNS domain of the cluster")
}

func (c *Config) addControllerFlags(f *pflag.FlagSet) {
	f.DurationVar(&c.NodeMonitorGracePeriod, "node-monitor-grace-period", c.NodeMonitorGracePeriod, "how long a kubelet may be silent before its node is no longer Ready; kubelets speak every 15 s")
}

func (c *Config) addNodeFlags(f *pflag.FlagSet) {
	c.addNodeNameFlags(f)
	c.addKubeletFlags(f)
}

func (c *Config) addNodeNameFlags(f *pflag.FlagSet) {
	f.StringVar(&c.NodeName, "node-name", c.NodeName, "name of this node (default: the host name)")
	f.StringVar(&c.NodeIP, "node-ip", c.NodeIP, "address of this node (default: the one that faces the default route)")
}

func (c *Config) addKubeletFlags(f *pflag.FlagSet) {
	f.StringToStringVar(&c.NodeLabels, "node-label", c.NodeLabels, "labels to register the node with")
	f.StringSliceVar(&c.NodeTaints, "node-taint", c.NodeTaints, "taints to register the node with, KEY=VALUE:EFFECT")
	f.StringVar(&c.RuntimeEndpoint, "container-runtime-endpoint", c.RuntimeEndpoint, "socket of another CRI runtime; without it containerd runs inside")
	f.StringVar(&c.RegistryHostsDir, "registry-hosts-dir", c.RegistryHostsDir, "containerd's hosts.toml files: mirrors, private CAs, credentials")
	f.IntVar(&c.KubeletPort, "kubelet-port", c.KubeletPort, "port of the kubelet's API")
	f.IntVar(&c.MaxPods, "max-pods", c.MaxPods, "how many pods the node takes")
	f.StringVar(&c.ContainerLogMaxSize, "container-log-max-size", c.ContainerLogMaxSize, "size of a container's log at which a new file is begun")
	f.IntVar(&c.ContainerLogMaxFiles, "container-log-max-files", c.ContainerLogMaxFiles, "how many files of a container's log are kept, at least 2")
}

// Complete fills in what depends on the machine and checks the rest. Its
// errors name the flag.
func (c *Config) Complete() error {
	dir, err := filepath.Abs(c.DataDir)
	if err != nil {
		return fmt.Errorf("--data-dir %q: %w", c.DataDir, err)
	}
	c.DataDir = dir
	if c.ClusterName == "" {
		c.ClusterName = defaultClusterName(dir)
	}
	if c.NodeName == "" {
		if c.NodeName, err = os.Hostname(); err != nil {
			return fmt.Errorf("cannot read the host name (%w): set --node-name", err)
		}
		c.NodeName = strings.ToLower(c.NodeName)
	}
	if err := c.checkNetworks(); err != nil {
		return err
	}
	if err := c.checkNamesAndPorts(); err != nil {
		return err
	}
	if err := c.checkLogs(); err != nil {
		return err
	}
	if err := c.checkInflight(); err != nil {
		return err
	}
	if err := c.checkEtcd(); err != nil {
		return err
	}
	for _, text := range c.NodeTaints {
		if _, err := parseTaint(text); err != nil {
			return err
		}
	}
	if least := kubelet.DefaultLeaseRenewal; c.NodeMonitorGracePeriod <= least {
		return fmt.Errorf("--node-monitor-grace-period %s is too short: kubelets give a sign of life every %s, give a longer time", c.NodeMonitorGracePeriod, least)
	}
	if c.NodeIP == "" {
		if c.NodeIP, err = defaultNodeIP(); err != nil {
			return err
		}
	} else if ip, err := netip.ParseAddr(c.NodeIP); err != nil || !ip.Is4() {
		return fmt.Errorf("--node-ip %q is not an IPv4 address: give one like 192.168.1.10", c.NodeIP)
	}
	if c.AdvertiseAddress == "" {
		c.AdvertiseAddress = c.NodeIP
	} else if _, err := netip.ParseAddr(c.AdvertiseAddress); err != nil {
		return fmt.Errorf("--advertise-address %q is not an address: give one like 192.168.1.10", c.AdvertiseAddress)
	}
	return nil
}

func (c *Config) checkNamesAndPorts() error {
	if msgs := validation.IsDNS1123Subdomain(c.NodeName); len(msgs) > 0 {
		return fmt.Errorf("--node-name %q cannot name a node: %s", c.NodeName, msgs[0])
	}
	if msgs := validation.IsDNS1123Label(c.ClusterName); len(msgs) > 0 {
		return fmt.Errorf("--cluster-name %q cannot name a cluster: %s", c.ClusterName, msgs[0])
	}
	for _, p := range []struct {
		flag string
		port int
	}{{"--https-port", c.HTTPSPort}, {"--kubelet-port", c.KubeletPort}} {
		if p.port < 1 || p.port > 65535 {
			return fmt.Errorf("%s %d is not a port: choose one from 1 to 65535", p.flag, p.port)
		}
	}
	if c.MaxPods < 1 {
		return fmt.Errorf("--max-pods %d: a node takes at least 1; a machine without pods is had with --without-node", c.MaxPods)
	}
	return nil
}

func (c *Config) checkLogs() error {
	if _, err := c.logMaxSize(); err != nil {
		return err
	}
	if c.ContainerLogMaxFiles < 2 {
		return fmt.Errorf("--container-log-max-files %d: give at least 2, the file that is written and one before it", c.ContainerLogMaxFiles)
	}
	return nil
}

func (c *Config) checkInflight() error {
	for _, f := range []struct {
		flag string
		n    int
	}{{"--max-requests-inflight", c.MaxRequestsInflight}, {"--max-mutating-requests-inflight", c.MaxMutatingRequestsInflight}} {
		if f.n < 0 {
			return fmt.Errorf("%s %d is negative: give how many requests are served at once, or 0 to leave that to the other flag", f.flag, f.n)
		}
	}
	if c.MaxRequestsInflight+c.MaxMutatingRequestsInflight == 0 {
		return errors.New("--max-requests-inflight and --max-mutating-requests-inflight are both 0, and no request would ever be served: give at least one of them a higher number")
	}
	return nil
}

// checkEtcd judges how an etcd elsewhere is to be reached.
func (c *Config) checkEtcd() error {
	for _, server := range c.EtcdServers {
		if u, err := url.Parse(server); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("--etcd-servers %q is not a URL: give one like https://10.0.0.5:2379", server)
		}
	}
	if (c.EtcdCertFile == "") != (c.EtcdKey == "") {
		return errors.New("--etcd-certfile and --etcd-keyfile belong together: give both, or neither")
	}
	for _, f := range []struct{ flag, path string }{
		{"--etcd-cafile", c.EtcdCAFile}, {"--etcd-certfile", c.EtcdCertFile}, {"--etcd-keyfile", c.EtcdKey},
	} {
		if f.path == "" {
			continue
		}
		if len(c.EtcdServers) == 0 {
			return fmt.Errorf("%s is for an etcd elsewhere: name that with --etcd-servers", f.flag)
		}
		if _, err := os.ReadFile(f.path); err != nil {
			return fmt.Errorf("%s: %w", f.flag, err)
		}
	}
	return nil
}

// logMaxSize is --container-log-max-size in bytes.
func (c *Config) logMaxSize() (int64, error) {
	q, err := resource.ParseQuantity(c.ContainerLogMaxSize)
	if err != nil || q.Value() < 1 {
		return 0, fmt.Errorf("--container-log-max-size %q is not a size: give one like 10Mi", c.ContainerLogMaxSize)
	}
	return q.Value(), nil
}

func (c *Config) checkNetworks() error {
	services4, services6, dual := strings.Cut(c.ServiceCIDR, ",")
	if err := checkSecondNetwork(services6); dual && err != nil {
		return err
	}
	for _, n := range []struct{ flag, value string }{{"--cluster-cidr", c.ClusterCIDR}, {"--service-cidr", services4}} {
		p, err := netip.ParsePrefix(n.value)
		if err != nil || p != p.Masked() {
			return fmt.Errorf("%s %q is not a network: give one like 10.244.0.0/16", n.flag, n.value)
		}
		if !p.Addr().Is4() || p.Bits() > 24 {
			return fmt.Errorf("%s %s: give an IPv4 network of at least 256 addresses, like 10.244.0.0/16", n.flag, n.value)
		}
	}
	pods, services := netip.MustParsePrefix(c.ClusterCIDR), c.serviceCIDRs()[0]
	if pods.Overlaps(services) {
		return fmt.Errorf("--cluster-cidr %s and --service-cidr %s overlap: choose two that do not", pods, services)
	}
	if _, _, err := portRange(c.ServiceNodePortRange); err != nil {
		return err
	}
	c.setClusterDNS()
	dns, err := netip.ParseAddr(c.ClusterDNS)
	if err != nil || !services.Contains(dns) {
		return fmt.Errorf("--cluster-dns %q is not an address in --service-cidr %s", c.ClusterDNS, services)
	}
	return nil
}

// checkSecondNetwork judges the second part of --service-cidr.
func checkSecondNetwork(text string) error {
	p, err := netip.ParsePrefix(text)
	if err != nil || p != p.Masked() || !p.Addr().Is6() || p.Bits() < 64 || p.Bits() > 120 {
		return fmt.Errorf("--service-cidr: %q is not the IPv6 network of services: give one of 256 addresses or more, and no larger than a /64, like fd00:96::/112", text)
	}
	return nil
}

// serviceCIDRs are the networks of --service-cidr, once they are checked.
func (c *Config) serviceCIDRs() (all []netip.Prefix) {
	for text := range strings.SplitSeq(c.ServiceCIDR, ",") {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// setClusterDNS chooses the tenth address of services, unless one is set.
func (c *Config) setClusterDNS() {
	if c.ClusterDNS != "" {
		return
	}
	a := c.serviceCIDRs()[0].Addr()
	for range 10 {
		a = a.Next()
	}
	c.ClusterDNS = a.String()
}

// portRange reads "30000-32767".
func portRange(text string) (first, last int, err error) {
	if n, _ := fmt.Sscanf(text, "%d-%d", &first, &last); n != 2 || first < 1 || last > 65535 || first > last {
		return 0, 0, fmt.Errorf("--service-node-port-range %q is not a range of ports: give one like 30000-32767", text)
	}
	return first, last, nil
}

// Names are the names of this node's things in the kernel.
func (c *Config) Names() host.Names { return host.Names{Cluster: c.ClusterName, Node: c.NodeName} }

// Path joins the data directory and a path below it.
func (c *Config) Path(elem ...string) string {
	return filepath.Join(append([]string{c.DataDir}, elem...)...)
}

// AdminKubeconfig is the path of the administrator's kubeconfig.
func (c *Config) AdminKubeconfig() string { return c.Path("admin.kubeconfig") }

func defaultClusterName(dir string) string {
	if dir == DefaultDataDir {
		return "skiff"
	}
	sum := sha256.Sum256([]byte(dir))
	return "skiff-" + hex.EncodeToString(sum[:2])
}

func envOr(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}
