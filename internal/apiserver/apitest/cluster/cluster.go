// Package cluster runs a whole API server for tests: that of apitest, with the
// authentication, authorization, admission, Service addresses and first
// objects of a real cluster. Components are tested on it with the identity
// that they have in one.
package cluster

import (
	"context"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"skiff/internal/apiserver"
	"skiff/internal/apiserver/apitest"
	"skiff/internal/apiserver/bootstrap"
	"skiff/internal/apiserver/builtin"
	"skiff/internal/pki"
)

// Server is a bootstrapped API server. Its Config gives, in the process, the
// identity that is asked for: what that may do, RBAC decides.
type Server struct {
	*apitest.Server
	PKI *pki.PKI
}

// ServiceCIDR is the range of Service addresses.
const ServiceCIDR = "10.96.0.0/16"

// Start starts a server; it ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	keys, err := pki.Open(t.TempDir())
	if err != nil {
		t.Fatalf("make the certificates: %v", err)
	}
	_, services, err := net.ParseCIDR(ServiceCIDR)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var background *builtin.Background
	logs := t.TempDir()
	if err := os.WriteFile(filepath.Join(logs, "skiff.log"), []byte("started\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := apitest.Start(t, func(c *apiserver.Config) {
		c.LogDir = logs
		if background, err = builtin.Add(ctx, c, builtin.Options{PKI: keys, ServiceCIDRs: []netip.Prefix{netip.MustParsePrefix(ServiceCIDR)}}); err != nil {
			t.Fatalf("complete the configuration: %v", err)
		}
	})
	ended := make(chan error, 1)
	go func() { ended <- background.Run(ctx, s.Admin()) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("work in the background: %v", err)
		}
	})
	err = bootstrap.Run(ctx, s.Admin(), bootstrap.Options{
		ServiceCIDR: services, Advertise: []net.IP{net.IPv4(192, 0, 2, 1)}, Port: 6443,
		ServerURL: "https://192.0.2.1:6443", CA: keys.CA.PEM,
	})
	if err != nil {
		t.Fatalf("make the first objects: %v", err)
	}
	return &Server{Server: s, PKI: keys}
}
