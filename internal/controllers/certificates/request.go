// Package certificates says what a CertificateSigningRequest must look like
// for each of Kubernetes' own signers. Its sub-packages approve and sign are
// the controllers; both look at requests through this package, so that nothing
// is signed that approval would have refused on its face.
package certificates

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	certificatesv1 "k8s.io/api/certificates/v1"

	"skiff/internal/pki"
)

// Parse reads the PKCS#10 request in csr.
func Parse(csr *certificatesv1.CertificateSigningRequest) (*x509.CertificateRequest, error) {
	block, _ := pem.Decode(csr.Spec.Request)
	if block == nil || block.Type != "CERTIFICATE REQUEST" {
		return nil, errors.New("PEM block type must be CERTIFICATE REQUEST")
	}
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, err
	}
	return request, request.CheckSignature()
}

// Check says why the signer named in csr would not sign it; nil if it would.
func Check(csr *certificatesv1.CertificateSigningRequest, x *x509.CertificateRequest) error {
	switch csr.Spec.SignerName {
	case certificatesv1.KubeAPIServerClientSignerName:
		return checkUsages(csr, certificatesv1.UsageClientAuth)
	case certificatesv1.KubeAPIServerClientKubeletSignerName:
		return checkKubeletClient(csr, x)
	case certificatesv1.KubeletServingSignerName:
		return checkKubeletServing(csr, x)
	}
	return fmt.Errorf("unrecognized signer %q", csr.Spec.SignerName)
}

func checkKubeletClient(csr *certificatesv1.CertificateSigningRequest, x *x509.CertificateRequest) error {
	if err := checkNode(x); err != nil {
		return err
	}
	if len(x.DNSNames)+len(x.IPAddresses)+len(x.EmailAddresses)+len(x.URIs) > 0 {
		return errors.New("subject alternative names are not allowed in a node's client certificate")
	}
	return checkUsages(csr, certificatesv1.UsageClientAuth)
}

func checkKubeletServing(csr *certificatesv1.CertificateSigningRequest, x *x509.CertificateRequest) error {
	if err := checkNode(x); err != nil {
		return err
	}
	switch {
	case len(x.DNSNames)+len(x.IPAddresses) == 0:
		return errors.New("at least one DNS or IP subject alternative name is required")
	case len(x.EmailAddresses) > 0:
		return errors.New("email subject alternative names are not allowed")
	case len(x.URIs) > 0:
		return errors.New("URI subject alternative names are not allowed")
	case csr.Spec.Username != x.Subject.CommonName:
		return fmt.Errorf("%q may not have a serving certificate of %q", csr.Spec.Username, x.Subject.CommonName)
	}
	return checkUsages(csr, certificatesv1.UsageServerAuth)
}

// checkNode looks for the subject of a node.
func checkNode(x *x509.CertificateRequest) error {
	if !slices.Equal(x.Subject.Organization, []string{pki.NodesGroup}) {
		return fmt.Errorf("subject organization is not %s", pki.NodesGroup)
	}
	if name, ok := strings.CutPrefix(x.Subject.CommonName, pki.NodeUser("")); !ok || name == "" {
		return fmt.Errorf("subject common name does not begin with %q", pki.NodeUser(""))
	}
	return nil
}

// checkUsages wants that extended usage, and no more than keys need besides.
func checkUsages(csr *certificatesv1.CertificateSigningRequest, want certificatesv1.KeyUsage) error {
	if !slices.Contains(csr.Spec.Usages, want) {
		return fmt.Errorf("usage %q is required", want)
	}
	for _, u := range csr.Spec.Usages {
		if u != want && u != certificatesv1.UsageDigitalSignature && u != certificatesv1.UsageKeyEncipherment {
			return fmt.Errorf("usage %q is not allowed", u)
		}
	}
	return nil
}

// Has says whether csr has a condition of that type.
func Has(csr *certificatesv1.CertificateSigningRequest, kind certificatesv1.RequestConditionType) bool {
	return slices.ContainsFunc(csr.Status.Conditions, func(c certificatesv1.CertificateSigningRequestCondition) bool {
		return c.Type == kind
	})
}
