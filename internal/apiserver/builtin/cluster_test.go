package builtin_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"testing"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"skiff/internal/apiserver"
	"skiff/internal/apiserver/apitest"
	"skiff/internal/apiserver/bootstrap"
	"skiff/internal/apiserver/builtin"
	"skiff/internal/pki"
)

// cluster is a whole API server, bootstrapped and listening.
type cluster struct {
	*apitest.Server
	pki *pki.PKI
	url string
}

func start(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{}
	var err error
	if c.pki, err = pki.Open(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	_, cidr, _ := net.ParseCIDR("10.96.0.0/16")
	var background *builtin.Background
	c.Server = apitest.Start(t, func(config *apiserver.Config) {
		if background, err = builtin.Add(t.Context(), config, builtin.Options{PKI: c.pki, ServiceCIDRs: []netip.Prefix{netip.MustParsePrefix(cidr.String())}}); err != nil {
			t.Fatal(err)
		}
	})
	run(t, func(ctx context.Context) error { return background.Run(ctx, c.Admin()) })
	c.listen(t)
	err = bootstrap.Run(t.Context(), c.Admin(), bootstrap.Options{
		ServiceCIDR: cidr, Advertise: []net.IP{net.IPv4(127, 0, 0, 1)}, Port: 6443, ServerURL: c.url, CA: c.pki.CA.PEM,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// run keeps f going until the test ends.
func run(t *testing.T, f func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func (c *cluster) listen(t *testing.T) {
	t.Helper()
	serving, err := c.pki.Serving(pki.ServingOptions{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.url = "https://" + l.Addr().String()
	run(t, func(ctx context.Context) error {
		return c.Serve(ctx, l, &tls.Config{GetCertificate: serving.GetCertificate, ClientAuth: tls.RequestClientCert})
	})
}

// config is a connection over TLS of a user with a client certificate.
func (c *cluster) config(t *testing.T, user string, groups ...string) *rest.Config {
	t.Helper()
	config, err := c.pki.CA.RESTConfig(c.url, pki.Client{User: user, Groups: groups})
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1
	return config
}

// bearer is a connection over TLS with a token; "" is an anonymous one.
func (c *cluster) bearer(token string) *rest.Config {
	return &rest.Config{Host: c.url, BearerToken: token, QPS: -1, TLSClientConfig: rest.TLSClientConfig{CAData: c.pki.CA.PEM}}
}

func client(t *testing.T, config *rest.Config) *kubernetes.Clientset {
	t.Helper()
	kube, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return kube
}

func (c *cluster) admin(t *testing.T) *kubernetes.Clientset {
	t.Helper()
	return client(t, c.config(t, pki.AdminUser, pki.MastersGroup))
}
