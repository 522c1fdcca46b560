package approve

import (
	"context"
	"crypto/x509"
	"slices"
	"strings"

	certificatesv1 "k8s.io/api/certificates/v1"

	"skiff/internal/pki"
)

// component approves a client certificate of a component on the node that asks
// for it, if the roles let nodes have those.
func (c *Controller) component(ctx context.Context, csr *certificatesv1.CertificateSigningRequest, x *x509.CertificateRequest) (string, error) {
	if !ofOwnComponent(csr, x) {
		return "", nil
	}
	ok, err := c.allowed(ctx, csr, "nodecomponentclient")
	if !ok || err != nil {
		return "", err
	}
	return "Auto approving client certificate of a component on the node after SubjectAccessReview.", nil
}

// ofOwnComponent says whether a node asks, and for exactly the name of one of
// the components that run on it: what else it could be used for, or another
// node's, is for a human to approve.
func ofOwnComponent(csr *certificatesv1.CertificateSigningRequest, x *x509.CertificateRequest) bool {
	node, ok := strings.CutPrefix(csr.Spec.Username, pki.NodeUser(""))
	if !ok || node == "" || !slices.Contains(csr.Spec.Groups, pki.NodesGroup) {
		return false
	}
	if len(x.DNSNames)+len(x.IPAddresses)+len(x.EmailAddresses)+len(x.URIs) > 0 {
		return false
	}
	return slices.ContainsFunc(pki.NodeComponents(node), func(c pki.Client) bool {
		return x.Subject.CommonName == c.User && slices.Equal(x.Subject.Organization, c.Groups) &&
			len(x.Subject.Names) == 1+len(c.Groups)
	})
}
