package authn

import (
	"crypto/x509"

	"skiff/internal/api"
	"skiff/internal/apiserver/serviceaccount"
)

// Config says by what requests can authenticate.
type Config struct {
	// ClientCAs sign client certificates.
	ClientCAs *x509.CertPool
	// FrontProxyCAs sign proxies that speak for others; nil: there are none.
	FrontProxyCAs *x509.CertPool
	// Issuer makes service account tokens.
	Issuer *serviceaccount.Issuer
	Reader api.Reader
	// NoAnonymous refuses requests without credentials.
	NoAnonymous bool
}

// New makes the API server's authenticator, and that of bearer tokens alone,
// which TokenReviews use.
func New(c Config) (Authenticator, TokenAuthenticator) {
	tokens := Tokens{
		BootstrapTokens{Reader: c.Reader},
		&ServiceAccounts{Issuer: c.Issuer, Reader: c.Reader},
	}
	var a Authenticator = Union{RequestHeaders{Roots: c.FrontProxyCAs}, &ClientCertificates{Roots: c.ClientCAs}, Bearer{Tokens: tokens}}
	if !c.NoAnonymous {
		a = AllowAnonymous{a}
	}
	return a, tokens
}
