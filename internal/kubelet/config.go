// Package kubelet runs the pods of one node: it registers the node, starts and
// stops what the API server assigns to it through a container runtime, reports
// their status, and serves logs, exec and metrics over HTTPS.
//
// It owns DataDir/pods, the pods' logs, the pods' control groups and, through
// CRI, the runtime's sandboxes and containers. It reads and writes the API as
// the node's own user and knows of no other component.
package kubelet

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"

	"skiff/internal/host"
	"skiff/internal/version"
)

// What an idle node writes is its lease. The node controllers of Kubernetes
// give a node up after 40 s without a renewal: every 15 s, one may be lost, and
// be tried again, with ten seconds to spare.
const (
	DefaultLeaseRenewal  = 15 * time.Second
	DefaultLeaseDuration = 40 * time.Second
	DefaultStatusRefresh = 5 * time.Minute
)

// Config is what the kubelet of one node needs to know.
type Config struct {
	Client   *rest.Config // as system:node:NAME
	NodeName string
	NodeIPs  []netip.Addr
	Names    host.Names

	RuntimeEndpoint string // a unix socket that speaks CRI
	DataDir         string // everything below it is the kubelet's
	LogDir          string // of the pods; default DataDir/logs/pods
	CgroupRoot      string // default Names.Cgroup()

	ClusterDNS    []string
	ClusterDomain string // default cluster.local
	ResolvConf    string // the node's own; default /etc/resolv.conf

	ListenAddress  string // default 0.0.0.0
	Port           int    // default 10250
	GetCertificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	ClientCA       *x509.CertPool // whose certificates name callers

	Labels  map[string]string // of the node, besides the standard ones
	Taints  []corev1.Taint    // at registration
	MaxPods int               // default 110

	// Withdrawn waits until no Service sends new connections to the addresses of
	// a pod, and says whether one did at first. Without it nobody is waited for.
	Withdrawn func(context.Context, []netip.Addr) bool

	LeaseRenewal  time.Duration // default DefaultLeaseRenewal
	LeaseDuration time.Duration // default DefaultLeaseDuration
	StatusRefresh time.Duration // of a Node that does not change; default DefaultStatusRefresh

	ContainerLogMaxSize  int64 // bytes; default 10 MiB
	ContainerLogMaxFiles int   // default 5

	Version string // reported as kubeletVersion; default this build's
	Log     *slog.Logger
}

func (cfg Config) withDefaults() (Config, error) {
	switch {
	case cfg.Client == nil:
		return cfg, errors.New("kubelet: no client is set")
	case cfg.NodeName == "":
		return cfg, errors.New("kubelet: no node name is set")
	case cfg.RuntimeEndpoint == "":
		return cfg, errors.New("kubelet: no container runtime endpoint is set")
	case cfg.GetCertificate == nil:
		return cfg, errors.New("kubelet: no serving certificate is set")
	}
	return cfg.withPaths()
}

// withPaths fills in defaults, and what Clean needs too.
func (cfg Config) withPaths() (Config, error) {
	dir, err := filepath.Abs(cfg.DataDir)
	if err != nil || cfg.DataDir == "" {
		return cfg, fmt.Errorf("kubelet: data directory %q is not usable", cfg.DataDir)
	}
	cfg.DataDir = dir
	setDefault(&cfg.LogDir, filepath.Join(dir, "logs", "pods"))
	setDefault(&cfg.CgroupRoot, cfg.Names.Cgroup())
	setDefault(&cfg.ClusterDomain, "cluster.local")
	setDefault(&cfg.ResolvConf, "/etc/resolv.conf")
	setDefault(&cfg.ListenAddress, "0.0.0.0")
	setDefault(&cfg.Port, 10250)
	setDefault(&cfg.MaxPods, 110)
	setDefault(&cfg.LeaseRenewal, DefaultLeaseRenewal)
	setDefault(&cfg.LeaseDuration, DefaultLeaseDuration)
	setDefault(&cfg.StatusRefresh, DefaultStatusRefresh)
	setDefault(&cfg.ContainerLogMaxSize, 10<<20)
	setDefault(&cfg.ContainerLogMaxFiles, 5)
	setDefault(&cfg.Version, version.Git())
	setDefault(&cfg.Log, slog.Default())
	return cfg, nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (cfg Config) podsDir() string { return filepath.Join(cfg.DataDir, "pods") }
