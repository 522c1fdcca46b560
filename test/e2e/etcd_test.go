package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
	"go.etcd.io/etcd/server/v3/embed"

	"skiff/internal/pki"
)

// etcds are the servers that run, by their directories.
var etcds sync.Map // of directory → *embed.Etcd

// etcd runs an etcd server that asks its clients for a certificate, as one on
// another machine would be: etcd DIR URL. Its data lies in DIR, and with it
// ca.crt, client.crt and client.key for its clients. "! etcd DIR" stops it; the
// same command again goes on with its data.
func etcd(ts *testscript.TestScript, neg bool, args []string) {
	dir := ts.MkAbs(args[0])
	if neg {
		stopEtcd(dir)
		return
	}
	at, err := url.Parse(args[1])
	ts.Check(err)
	ts.Check(os.MkdirAll(dir, 0o700))
	if _, err := os.Stat(filepath.Join(dir, "ca.crt")); err != nil {
		ts.Check(etcdCertificates(dir))
	}
	c := embed.NewConfig()
	c.Dir, c.LogLevel = filepath.Join(dir, "data"), "error"
	c.TickMs, c.ElectionMs = 20, 100
	c.ListenPeerUrls = nil
	c.ListenClientUrls, c.AdvertiseClientUrls = []url.URL{*at}, []url.URL{*at}
	c.ClientTLSInfo.CertFile, c.ClientTLSInfo.KeyFile = filepath.Join(dir, "server.crt"), filepath.Join(dir, "server.key")
	c.ClientTLSInfo.TrustedCAFile, c.ClientTLSInfo.ClientCertAuth = filepath.Join(dir, "ca.crt"), true
	e, err := embed.StartEtcd(c)
	ts.Check(err)
	<-e.Server.ReadyNotify()
	etcds.Store(dir, e)
	ts.Defer(func() { stopEtcd(dir) })
}

func stopEtcd(dir string) {
	if e, ok := etcds.LoadAndDelete(dir); ok {
		e.(*embed.Etcd).Close()
	}
}

// etcdCertificates makes an authority, and what server and clients prove
// themselves with.
func etcdCertificates(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	ca, err := pki.NewCA("etcd-ca", key)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.crt"), ca.PEM, 0o644); err != nil {
		return err
	}
	both := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	for _, name := range []string{"server", "client"} {
		request := pki.Request{Subject: pkix.Name{CommonName: name}, IPs: []net.IP{net.IPv4(127, 0, 0, 1)}, Usages: both}
		if _, err := ca.Leaf(filepath.Join(dir, name), request); err != nil {
			return err
		}
	}
	return nil
}
