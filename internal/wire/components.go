package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"skiff/internal/controllers"
	"skiff/internal/kubelet"
	"skiff/internal/network"
	"skiff/internal/pki"
	"skiff/internal/proxy"
	"skiff/internal/runtime"
	"skiff/internal/scheduler"
)

// Component is the configuration of one component that runs alone, against
// any Kubernetes API server.
type Component struct {
	Config
	Kubeconfig  string
	LeaderElect bool
	// Of the controller manager:
	RootCAFile, SigningCertFile, SigningKeyFile string
	// Of the kubelet:
	TLSCertFile, TLSKeyFile, ClientCAFile string
	NetworkKubeconfig                     string
}

// AddFlags binds what every component takes.
func (c *Component) AddFlags(f *pflag.FlagSet) {
	c.addCommonFlags(f)
	f.StringVar(&c.Kubeconfig, "kubeconfig", c.Kubeconfig, "kubeconfig that says where the API server is and who this component is there")
}

// AddLeaderElectionFlags binds what components take of which only one works.
func (c *Component) AddLeaderElectionFlags(f *pflag.FlagSet) {
	f.BoolVar(&c.LeaderElect, "leader-elect", true, "work only while holding the component's Lease in kube-system, so that several can run")
}

// AddControllerManagerFlags binds the rest of `skiff controller-manager`.
func (c *Component) AddControllerManagerFlags(f *pflag.FlagSet) {
	c.addControllerFlags(f)
	f.StringVar(&c.ClusterCIDR, "cluster-cidr", c.ClusterCIDR, "addresses of pods; each node gets a /24 of it")
	f.StringVar(&c.RootCAFile, "root-ca-file", "", "certificate authority that pods are given to know the API server by (default: the kubeconfig's)")
	f.StringVar(&c.SigningCertFile, "cluster-signing-cert-file", "", "certificate authority that signs CertificateSigningRequests")
	f.StringVar(&c.SigningKeyFile, "cluster-signing-key-file", "", "its key")
}

// AddNodeFlags binds what `skiff kubelet` and `skiff proxy` take.
func (c *Component) AddNodeFlags(f *pflag.FlagSet) {
	c.addNodeNameFlags(f)
	f.StringVar(&c.ClusterCIDR, "cluster-cidr", c.ClusterCIDR, "addresses of all pods of the cluster")
	f.StringVar(&c.ServiceCIDR, "service-cidr", c.ServiceCIDR, "addresses of the cluster's services")
	f.StringVar(&c.ClusterDNS, "cluster-dns", c.ClusterDNS, "address of the cluster's DNS service (default: the tenth of the service addresses)")
	f.StringVar(&c.ClusterDomain, "cluster-domain", c.ClusterDomain, "DNS domain of the cluster")
}

// AddKubeletFlags binds the rest of `skiff kubelet`.
func (c *Component) AddKubeletFlags(f *pflag.FlagSet) {
	c.addKubeletFlags(f)
	f.StringVar(&c.TLSCertFile, "tls-cert-file", "", "certificate that the kubelet's API serves with (default: one that the cluster signs)")
	f.StringVar(&c.TLSKeyFile, "tls-private-key-file", "", "its key")
	f.StringVar(&c.ClientCAFile, "client-ca-file", "", "certificate authority of the kubelet's callers (default: the kubeconfig's)")
	f.StringVar(&c.NetworkKubeconfig, "network-kubeconfig", "", "kubeconfig of the pod network on this node (default: the one given, with a certificate of "+pki.NetworkOf("NAME").User+" that the cluster signs)")
}

// client is the component's connection.
func (c *Component) client() (*rest.Config, error) {
	if c.Kubeconfig == "" {
		return nil, errors.New("--kubeconfig is missing: name the file that says where the API server is and who this component is there")
	}
	cfg, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if clientcmd.IsEmptyConfig(err) {
		return nil, fmt.Errorf("--kubeconfig %s names no cluster: give a file like that of `skiff kubeconfig --user`", c.Kubeconfig)
	}
	if err != nil {
		return nil, fmt.Errorf("--kubeconfig: %w", err)
	}
	return cfg, nil
}

// authority reads a certificate authority: of the file, or of the kubeconfig.
func authority(file string, cfg *rest.Config) ([]byte, error) {
	switch {
	case file != "":
		return os.ReadFile(file)
	case len(cfg.CAData) > 0:
		return cfg.CAData, nil
	case cfg.CAFile != "":
		return os.ReadFile(cfg.CAFile)
	}
	return nil, errors.New("the kubeconfig names no certificate authority")
}

// RunScheduler runs the scheduler alone.
func RunScheduler(ctx context.Context, c Component) error {
	cfg, err := c.client()
	if err != nil {
		return err
	}
	notify("READY=1")
	return scheduler.Run(ctx, scheduler.Config{Client: cfg, LeaderElect: c.LeaderElect})
}

// RunControllers runs the controllers alone.
func RunControllers(ctx context.Context, c Component) error {
	cfg, err := c.client()
	if err != nil {
		return err
	}
	ca, err := authority(c.RootCAFile, cfg)
	if err != nil {
		return fmt.Errorf("--root-ca-file: %w", err)
	}
	cidr, err := netip.ParsePrefix(c.ClusterCIDR)
	if err != nil {
		return fmt.Errorf("--cluster-cidr %q is not a network: give one like 10.244.0.0/16", c.ClusterCIDR)
	}
	run := controllers.Config{Client: cfg, ClusterCIDR: []netip.Prefix{cidr}, RootCA: ca, LeaderElect: c.LeaderElect,
		NodeMonitorGracePeriod: c.NodeMonitorGracePeriod}
	if c.SigningCertFile != "" || c.SigningKeyFile != "" {
		signer, err := pki.LoadCA(c.SigningCertFile, c.SigningKeyFile)
		if err != nil {
			return fmt.Errorf("--cluster-signing-cert-file and --cluster-signing-key-file: %w", err)
		}
		run.Signer = signer
	}
	if run.ClientFor, err = controllerIdentities(ctx, cfg); err != nil {
		return err
	}
	notify("READY=1")
	return controllers.Run(ctx, run)
}

// RunKubelet runs a kubelet. Unless it is given another CRI runtime, it runs
// containerd and the pod network as well; with one, that runtime's CNI is the
// pod network.
func RunKubelet(ctx context.Context, c Component) error {
	cfg, err := c.client()
	if err != nil {
		return err
	}
	return c.locked(ctx, roleKubelet, func(ctx context.Context, config Config) error {
		c.Config = config
		return c.runKubelet(ctx, cfg)
	})
}

func (c Component) runKubelet(ctx context.Context, cfg *rest.Config) error {
	began := time.Now()
	ca, err := authority(c.ClientCAFile, cfg)
	if err != nil {
		return fmt.Errorf("--client-ca-file: %w", err)
	}
	id := nodeIdentity{kubelet: cfg, clientCAs: x509.NewCertPool()}
	id.clientCAs.AppendCertsFromPEM(ca)
	g, ctx := errgroup.WithContext(ctx)
	if id.serving, err = c.servingCertificate(ctx, g, cfg); err != nil {
		return err
	}
	component(ctx, g, "kubelet", kubelet.Run, c.kubeletConfig(id))
	if c.RuntimeEndpoint == "" {
		if id.network, err = c.networkIdentity(ctx, g, cfg); err != nil {
			return err
		}
		component(ctx, g, "network", network.Run, c.networkConfig(id))
		component(ctx, g, "container runtime", runtime.Run, c.runtimeConfig())
	}
	g.Go(func() error { return announceReady(ctx, cfg, c.NodeName, began, false) })
	return g.Wait()
}

// networkIdentity is the pod network's, beside a kubelet that runs alone.
func (c Component) networkIdentity(ctx context.Context, g *errgroup.Group, node *rest.Config) (*rest.Config, error) {
	if c.NetworkKubeconfig != "" {
		cfg, err := clientcmd.BuildConfigFromFlags("", c.NetworkKubeconfig)
		if err != nil {
			return nil, fmt.Errorf("--network-kubeconfig: %w", err)
		}
		return cfg, nil
	}
	certificate, err := c.networkCertificate(ctx, node)
	if err != nil {
		return nil, fmt.Errorf("%w; or give the pod network a kubeconfig with --network-kubeconfig", err)
	}
	component(ctx, g, "certificate of the pod network", renewing, certificate)
	return certificate.RESTConfig(), nil
}

// servingCertificate is the kubelet's: of the files named, which are read anew
// for each connection so that a renewed one needs no restart, or else one that
// the cluster signs.
func (c Component) servingCertificate(ctx context.Context, g *errgroup.Group, cfg *rest.Config) (func(*tls.ClientHelloInfo) (*tls.Certificate, error), error) {
	if c.TLSCertFile == "" && c.TLSKeyFile == "" {
		certs, err := c.nodeCertificates(ctx, cfg)
		if err != nil {
			return nil, err
		}
		component(ctx, g, "certificates", func(ctx context.Context, n *pki.NodeCertificates) error { return n.Run(ctx) }, certs)
		return certs.GetServing, nil
	}
	load := func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		cert, err := tls.LoadX509KeyPair(c.TLSCertFile, c.TLSKeyFile)
		return &cert, err
	}
	if _, err := load(nil); err != nil {
		return nil, fmt.Errorf("--tls-cert-file and --tls-private-key-file: %w", err)
	}
	return load, nil
}

// RunProxy runs the service proxy alone.
func RunProxy(ctx context.Context, c Component) error {
	cfg, err := c.client()
	if err != nil {
		return err
	}
	if err := c.Complete(); err != nil {
		return err
	}
	p := c.proxyConfig(cfg)
	p.LocalDNS = netip.AddrPort{} // the cluster has a DNS service of its own
	notify("READY=1")
	return proxy.Run(ctx, p)
}
