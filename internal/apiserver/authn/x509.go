package authn

import (
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"net/http"
	"time"
)

// ClientCertificates authenticates by the TLS client certificate: the common
// name is the user, the organizations are the groups. The server must ask for
// certificates (tls.RequestClientCert) and leave their verification to this.
type ClientCertificates struct {
	Roots *x509.CertPool

	verified memo[*certificateUser]
}

type certificateUser struct {
	user     *User
	notAfter time.Time
}

// Authenticate implements Authenticator.
func (c *ClientCertificates) Authenticate(r *http.Request) (*User, error) {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return nil, nil
	}
	leaf := r.TLS.PeerCertificates[0]
	key := sha256.Sum256(leaf.Raw)
	if known, ok := c.verified.get(key); ok && time.Now().Before(known.notAfter) {
		return known.user, nil
	}
	user, until, err := c.verify(leaf, r.TLS.PeerCertificates[1:])
	if err != nil {
		c.verified.drop(key)
		return nil, err
	}
	c.verified.put(key, &certificateUser{user: user, notAfter: until})
	return user, nil
}

// verify returns the user of a certificate, and until when its chain holds.
func (c *ClientCertificates) verify(leaf *x509.Certificate, others []*x509.Certificate) (*User, time.Time, error) {
	intermediates := x509.NewCertPool()
	for _, other := range others {
		intermediates.AddCert(other)
	}
	chains, err := leaf.Verify(x509.VerifyOptions{
		Roots: c.Roots, Intermediates: intermediates,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	if leaf.Subject.CommonName == "" {
		return nil, time.Time{}, errors.New("the client certificate has no common name, which is the user's name")
	}
	until := leaf.NotAfter
	for _, link := range chains[0] {
		if link.NotAfter.Before(until) {
			until = link.NotAfter
		}
	}
	sum := sha256.Sum256(leaf.Raw)
	return authenticated(&User{
		Name: leaf.Subject.CommonName, Groups: leaf.Subject.Organization,
		Extra: map[string][]string{CredentialIDKey: {"X509SHA256=" + hexOf(sum[:])}},
	}), until, nil
}
