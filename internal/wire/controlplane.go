package wire

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/rest"

	"skiff/internal/api/catalogue"
	"skiff/internal/apiserver"
	"skiff/internal/apiserver/authn"
	"skiff/internal/apiserver/bootstrap"
	"skiff/internal/apiserver/builtin"
	"skiff/internal/apiserver/openapi"
	"skiff/internal/apiserver/serviceaccount"
	"skiff/internal/pki"
	"skiff/internal/store"
	"skiff/internal/version"
)

// controlPlane is the API server over its store.
type controlPlane struct {
	Config
	pki     *pki.PKI
	serving *pki.Serving
	store   *store.Store
	back    *builtin.Background
	api     *apiserver.Server
	began   time.Time
	hooks   bootstrap.Hooks
	// running are the components that have been started in this process.
	running running
}

// newControlPlane opens the data and makes the API server; it answers once
// run is called.
func newControlPlane(ctx context.Context, c Config) (_ *controlPlane, err error) {
	p := &controlPlane{Config: c, began: time.Now()}
	if p.pki, err = pki.Open(c.Path("pki")); err != nil {
		return nil, err
	}
	if p.serving, err = p.pki.Serving(c.servingOptions()); err != nil {
		return nil, err
	}
	if p.store, err = store.Open(ctx, c.storeConfig()); err != nil {
		return nil, c.etcdError(err)
	}
	if err := p.newServer(ctx); err != nil {
		p.store.Close()
		return nil, err
	}
	return p, nil
}

func (c Config) storeConfig() store.Config {
	s := store.Config{Endpoints: c.EtcdServers, CAFile: c.EtcdCAFile, CertFile: c.EtcdCertFile, KeyFile: c.EtcdKey}
	if len(c.EtcdServers) == 0 {
		s.Dir = c.Path("etcd")
	}
	return s
}

// etcdError says of an etcd elsewhere which settings lead to it.
func (c Config) etcdError(err error) error {
	if len(c.EtcdServers) == 0 {
		return err
	}
	return fmt.Errorf("%w: start it, or mend --etcd-servers and the files of --etcd-cafile, --etcd-certfile and --etcd-keyfile", err)
}

func (c Config) servingOptions() pki.ServingOptions {
	return pki.ServingOptions{ServiceIP: bootstrap.FirstIP(c.serviceNet()), ClusterDomain: c.ClusterDomain, Hosts: c.servingNames()}
}

// servingNames are the addresses of this machine and what --tls-san adds.
func (c Config) servingNames() pki.Names {
	names := pki.Names{DNS: []string{c.NodeName}, IPs: []net.IP{net.ParseIP(c.AdvertiseAddress)}}
	pods := netip.MustParsePrefix(c.ClusterCIDR)
	for _, a := range hostAddresses() {
		if pods.Contains(a) {
			continue // ours, and not there at every start
		}
		names.IPs = append(names.IPs, a.AsSlice())
	}
	for _, s := range c.TLSSANs {
		if ip := net.ParseIP(s); ip != nil {
			names.IPs = append(names.IPs, ip)
		} else {
			names.DNS = append(names.DNS, s)
		}
	}
	return names
}

func (c Config) serviceNet() *net.IPNet { return ipNet(c.serviceCIDRs()[0]) }

// secondServiceNet is the range of the other family, or nil.
func (c Config) secondServiceNet() *net.IPNet {
	if all := c.serviceCIDRs(); len(all) == 2 {
		return ipNet(all[1])
	}
	return nil
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

func (p *controlPlane) newServer(ctx context.Context) (err error) {
	docs := openapi.Handler(catalogue.All)
	config := apiserver.Config{
		Store: p.store, Resources: catalogue.All(), Scheme: catalogue.Scheme,
		Paths:   map[string]http.Handler{"/openapi/v2": docs, "/openapi/v3": docs, "/openapi/v3/": docs},
		Version: version.Info(), PublicAddress: net.JoinHostPort(p.AdvertiseAddress, strconv.Itoa(p.HTTPSPort)),
		Checks: p.checks(),

		ProcessMetrics: processMetrics(), LogDir: logDir,
	}
	options := builtin.Options{
		PKI: p.pki, ServiceCIDRs: p.serviceCIDRs(), Components: p.running.checks(),
		Seats: p.MaxRequestsInflight + p.MaxMutatingRequestsInflight,
	}
	if options.FirstNodePort, options.LastNodePort, err = portRange(p.ServiceNodePortRange); err != nil {
		return err
	}
	if p.back, err = builtin.Add(ctx, &config, options); err != nil {
		return err
	}
	for _, r := range config.Resources {
		if r.Prefix != "" && r.StoredAs == nil {
			p.store.Table(r) // from now on its history is kept
		}
	}
	p.api, err = apiserver.New(ctx, config)
	return err
}

// run answers requests until ctx ends. ready is called when the cluster's
// first objects are there and clients may come.
func (p *controlPlane) run(ctx context.Context, ready func() error) error {
	listener, err := net.Listen("tcp", net.JoinHostPort(p.BindAddress, strconv.Itoa(p.HTTPSPort)))
	if err != nil {
		return fmt.Errorf("cannot listen for the API: %w", err)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return p.back.Run(ctx, p.identity("system:apiserver", pki.MastersGroup)) })
	g.Go(func() error { return p.watchStore(ctx) })
	g.Go(func() error {
		return p.api.Serve(ctx, listener, &tls.Config{
			GetCertificate: p.certificate,
			ClientAuth:     tls.RequestClientCert,
			MinVersion:     tls.VersionTLS12,
		})
	})
	g.Go(func() error {
		if err := p.bootstrap(ctx); err != nil {
			return fmt.Errorf("cannot write the cluster's first objects: %w", err)
		}
		return ready()
	})
	return g.Wait()
}

// certificate is the API server's. An address that the machine has been given
// since the start is found when the first client calls it.
func (p *controlPlane) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	have, err := p.serving.Certificate()
	if err != nil {
		return nil, err
	}
	called, ok := hello.Conn.LocalAddr().(*net.TCPAddr)
	if !ok || slices.ContainsFunc(have.Leaf.IPAddresses, called.IP.Equal) {
		return have, nil
	}
	if err := p.serving.SetAddresses(p.servingNames()); err != nil {
		return nil, err
	}
	return p.serving.Certificate()
}

// bootstrap writes what every cluster is born with, and the administrator's
// kubeconfig.
func (p *controlPlane) bootstrap(ctx context.Context) error {
	proxies, err := p.pki.FrontProxyCA()
	if err != nil {
		return err
	}
	err = bootstrap.Run(ctx, p.identity("system:apiserver", pki.MastersGroup), bootstrap.Options{
		ServiceCIDR: p.serviceNet(), SecondServiceCIDR: p.secondServiceNet(), Advertise: []net.IP{net.ParseIP(p.AdvertiseAddress)}, Port: p.HTTPSPort,
		ServerURL: "https://" + net.JoinHostPort(p.AdvertiseAddress, strconv.Itoa(p.HTTPSPort)), CA: p.pki.CA.PEM,
		FrontProxyCA: proxies.PEM, Hooks: &p.hooks,
	})
	if err != nil {
		return err
	}
	return p.pki.CA.WriteKubeconfig(p.AdminKubeconfig(), p.localURL(), pki.Admin)
}

// identity reaches the API server, in this process, as the user.
func (p *controlPlane) identity(user string, groups ...string) *rest.Config {
	return p.api.Client(&authn.User{Name: user, Groups: append(groups, "system:authenticated")})
}

// client is identity for one of the system's own clients.
func (p *controlPlane) client(c pki.Client) *rest.Config { return p.identity(c.User, c.Groups...) }

// controller reaches the API server as one of the controllers.
func (p *controlPlane) controller(name string) *rest.Config {
	return p.identity(serviceaccount.UserName("kube-system", name), serviceaccount.Groups("kube-system")...)
}

func (p *controlPlane) close() { p.store.Close() }
