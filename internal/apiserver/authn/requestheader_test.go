package authn

import (
	"crypto/tls"
	"crypto/x509"
	"slices"
	"testing"

	"skiff/internal/pki"
)

func TestFrontProxySpeaksForOthers(t *testing.T) {
	keys, err := pki.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ca, err := keys.FrontProxyCA()
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := keys.FrontProxyClient()
	if err != nil {
		t.Fatal(err)
	}
	cert, err := leaf.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	ask := func(a Authenticator, from *x509.Certificate) *User {
		t.Helper()
		r := request()
		r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{from}}
		r.Header.Set(RemoteUser, "ann")
		r.Header["X-Remote-Group"] = []string{"devs", "ops"}
		r.Header.Set("X-Remote-Extra-Example.com%2fteam", "red")
		u, err := a.Authenticate(r)
		if err != nil {
			t.Fatal(err)
		}
		if u != nil && r.Header.Get(RemoteUser) != "" {
			t.Error("the headers are passed on")
		}
		return u
	}
	h := RequestHeaders{Roots: ca.Pool()}
	u := ask(h, cert.Leaf)
	if u == nil || u.Name != "ann" || !slices.Equal(u.Groups, []string{"devs", "ops"}) || !slices.Equal(u.Extra["example.com/team"], []string{"red"}) {
		t.Errorf("%+v", u)
	}
	if u := ask(RequestHeaders{Roots: keys.CA.Pool()}, cert.Leaf); u != nil {
		t.Errorf("a certificate of another authority speaks for %v", u)
	}
	kubelet, err := keys.KubeletClient()
	if err != nil {
		t.Fatal(err)
	}
	other, err := kubelet.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	if u := ask(h, other.Leaf); u != nil {
		t.Errorf("a client that is no proxy speaks for %v", u)
	}
}
