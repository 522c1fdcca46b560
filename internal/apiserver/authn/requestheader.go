package authn

import (
	"crypto/x509"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"skiff/internal/pki"
)

// The headers in which a front proxy says for whom it calls.
const (
	RemoteUser        = "X-Remote-User"
	RemoteUID         = "X-Remote-Uid"
	RemoteGroup       = "X-Remote-Group"
	RemoteExtraPrefix = "X-Remote-Extra-"
)

// RequestHeaders believes a proxy in front of the server about who makes a
// request, when the proxy has a certificate of the front-proxy authority and
// the right name. From anybody else the headers mean nothing.
type RequestHeaders struct {
	// Roots sign the certificates of proxies, and of nobody else.
	Roots *x509.CertPool
}

// AllowedProxies are the common names of proxies.
var AllowedProxies = []string{pki.FrontProxyUser}

// Authenticate implements Authenticator.
func (h RequestHeaders) Authenticate(r *http.Request) (*User, error) {
	name := r.Header.Get(RemoteUser)
	if name == "" || !h.fromProxy(r) {
		return nil, nil
	}
	u := &User{Name: name, UID: r.Header.Get(RemoteUID), Groups: slices.Clone(r.Header.Values(RemoteGroup)), Extra: map[string][]string{}}
	for header, values := range r.Header {
		key, ok := strings.CutPrefix(header, RemoteExtraPrefix)
		if !ok {
			continue
		}
		u.Extra[extraKey(key)] = slices.Clone(values)
	}
	for header := range r.Header {
		if strings.HasPrefix(header, "X-Remote-") {
			r.Header.Del(header)
		}
	}
	return u, nil
}

// extraKey: what a header's name cannot hold comes escaped as in URLs.
func extraKey(header string) string {
	key := strings.ToLower(header)
	if plain, err := url.PathUnescape(key); err == nil {
		return plain
	}
	return key
}

func (h RequestHeaders) fromProxy(r *http.Request) bool {
	if h.Roots == nil || r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return false
	}
	leaf, intermediates := r.TLS.PeerCertificates[0], x509.NewCertPool()
	for _, c := range r.TLS.PeerCertificates[1:] {
		intermediates.AddCert(c)
	}
	if !slices.Contains(AllowedProxies, leaf.Subject.CommonName) {
		return false
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: h.Roots, Intermediates: intermediates, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return err == nil
}
