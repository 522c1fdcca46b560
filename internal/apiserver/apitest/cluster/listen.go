package cluster

import (
	"testing"

	"k8s.io/client-go/rest"

	"skiff/internal/pki"
)

// Listen serves over TLS on a port of loopback, and returns the configuration
// of a client there that is the user by its certificate.
func (s *Server) Listen(t testing.TB, user string, groups ...string) *rest.Config {
	t.Helper()
	config := s.Server.Listen(user)
	cert, key, err := s.PKI.CA.ClientCertificate(pki.Client{User: user, Groups: groups})
	if err != nil {
		t.Fatalf("make the certificate of %s: %v", user, err)
	}
	config.BearerToken, config.CertData, config.KeyData = "", cert, key
	return config
}
