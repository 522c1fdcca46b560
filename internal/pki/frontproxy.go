package pki

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"path/filepath"
)

// FrontProxyUser is who the API server is to the servers behind it.
const FrontProxyUser = "front-proxy-client"

// FrontProxyCA is the authority of proxies that speak for others. It is not the
// cluster's: a certificate of that one says who a client is itself.
func (p *PKI) FrontProxyCA() (*CA, error) {
	return loadOrCreateCA(p.Dir, "front-proxy-ca", "front-proxy-ca")
}

// FrontProxyClient is the certificate with which the API server calls the
// servers behind it, on behalf of its own clients.
func (p *PKI) FrontProxyClient() (*Leaf, error) {
	ca, err := p.FrontProxyCA()
	if err != nil {
		return nil, err
	}
	return ca.Leaf(filepath.Join(p.Dir, FrontProxyUser), Request{
		Subject: pkix.Name{CommonName: FrontProxyUser}, Usages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}
