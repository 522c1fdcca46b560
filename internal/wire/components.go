package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"os"

	"github.com/spf13/pflag"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"skiff/internal/controllers"
	"skiff/internal/kubelet"
	"skiff/internal/proxy"
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
	f.StringVar(&c.ClusterCIDR, "cluster-cidr", c.ClusterCIDR, "addresses of pods; each node gets a /24 of it")
	f.StringVar(&c.RootCAFile, "root-ca-file", "", "certificate authority that pods are given to know the API server by (default: the kubeconfig's)")
	f.StringVar(&c.SigningCertFile, "cluster-signing-cert-file", "", "certificate authority that signs CertificateSigningRequests")
	f.StringVar(&c.SigningKeyFile, "cluster-signing-key-file", "", "its key")
}

// AddNodeFlags binds what `skiff kubelet` and `skiff proxy` take.
func (c *Component) AddNodeFlags(f *pflag.FlagSet) {
	c.addNodeFlags(f)
	f.StringVar(&c.ClusterCIDR, "cluster-cidr", c.ClusterCIDR, "addresses of all pods of the cluster")
	f.StringVar(&c.ServiceCIDR, "service-cidr", c.ServiceCIDR, "addresses of the cluster's services")
	f.StringVar(&c.ClusterDNS, "cluster-dns", c.ClusterDNS, "address of the cluster's DNS service")
	f.StringVar(&c.ClusterDomain, "cluster-domain", c.ClusterDomain, "DNS domain of the cluster")
}

// AddKubeletFlags binds the rest of `skiff kubelet`.
func (c *Component) AddKubeletFlags(f *pflag.FlagSet) {
	f.StringVar(&c.TLSCertFile, "tls-cert-file", "", "certificate that the kubelet's API serves with")
	f.StringVar(&c.TLSKeyFile, "tls-private-key-file", "", "its key")
	f.StringVar(&c.ClientCAFile, "client-ca-file", "", "certificate authority of the kubelet's callers (default: the kubeconfig's)")
}

// client is the component's connection.
func (c *Component) client() (*rest.Config, error) {
	if c.Kubeconfig == "" {
		return nil, errors.New("--kubeconfig is missing: name the file that says where the API server is and who this component is there")
	}
	cfg, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
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
	notify("READY=1")
	return controllers.Run(ctx, controllers.Config{
		Client: cfg, ClusterCIDR: []netip.Prefix{cidr}, RootCA: ca, LeaderElect: c.LeaderElect,
	})
}

// RunKubelet runs the kubelet alone, on another CRI runtime and network.
func RunKubelet(ctx context.Context, c Component) error {
	cfg, err := c.client()
	if err != nil {
		return err
	}
	if c.RuntimeEndpoint == "" {
		return errors.New("--container-runtime-endpoint is missing: name the socket of a CRI runtime")
	}
	if err := c.Complete(); err != nil {
		return err
	}
	id := nodeIdentity{kubelet: cfg, clientCAs: x509.NewCertPool()}
	if id.serving, err = c.servingCertificate(); err != nil {
		return err
	}
	ca, err := authority(c.ClientCAFile, cfg)
	if err != nil {
		return fmt.Errorf("--client-ca-file: %w", err)
	}
	id.clientCAs.AppendCertsFromPEM(ca)
	notify("READY=1")
	return kubelet.Run(ctx, c.kubeletConfig(id))
}

// servingCertificate is the kubelet's, read anew for each connection: a renewed one
// needs no restart.
func (c *Component) servingCertificate() (func(*tls.ClientHelloInfo) (*tls.Certificate, error), error) {
	if c.TLSCertFile == "" || c.TLSKeyFile == "" {
		return nil, errors.New("--tls-cert-file and --tls-private-key-file are missing: the kubelet's API needs a certificate")
	}
	load := func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		cert, err := tls.LoadX509KeyPair(c.TLSCertFile, c.TLSKeyFile)
		return &cert, err
	}
	_, err := load(nil)
	return load, err
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
