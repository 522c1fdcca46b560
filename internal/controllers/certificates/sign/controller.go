// Package sign signs approved CertificateSigningRequests of Kubernetes' own
// signers with the cluster's authority.
//
// It reads CertificateSigningRequests; it writes their certificate, or the
// condition Failed where an approved request breaks its signer's rules.
package sign

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	certificateslisters "k8s.io/client-go/listers/certificates/v1"

	"skiff/internal/controllers/certificates"
	"skiff/internal/pki"
	"skiff/internal/reconcile"

	"skiff/internal/client"
)

// Authority signs certificates: *pki.CA.
type Authority interface {
	Sign(r pki.Request, key crypto.PublicKey) (*x509.Certificate, error)
}

// Controller signs requests.
type Controller struct {
	kube      kubernetes.Interface
	requests  certificateslisters.CertificateSigningRequestLister
	authority Authority
	loop      *reconcile.Loop[string]
}

// maxLifetime is how long a certificate holds if the request does not ask for
// less.
const maxLifetime = 365 * 24 * time.Hour

// New makes the controller. factory must be started before Run.
func New(kube kubernetes.Interface, factory *client.Informers, authority Authority) *Controller {
	requests := factory.CertificateSigningRequests()
	c := &Controller{kube: kube, requests: requests.Lister(), authority: authority}
	c.loop = reconcile.New("certificate-signer", c.reconcile)
	reconcile.OnChange(requests.Informer(), func(csr *certificatesv1.CertificateSigningRequest) { c.loop.Add(csr.Name) })
	return c
}

// Run works until ctx ends.
func (c *Controller) Run(ctx context.Context) error { return c.loop.Run(ctx, 2) }

func (c *Controller) reconcile(ctx context.Context, name string) error {
	csr, err := c.requests.Get(name)
	if err != nil {
		return reconcile.IgnoreNotFound(err)
	}
	if !due(csr) {
		return nil
	}
	csr = csr.DeepCopy()
	x, err := certificates.Parse(csr)
	if err == nil {
		err = certificates.Check(csr, x)
	}
	if err != nil {
		csr.Status.Conditions = append(csr.Status.Conditions, certificatesv1.CertificateSigningRequestCondition{
			Type: certificatesv1.CertificateFailed, Status: corev1.ConditionTrue, Reason: "SignerValidationFailure", Message: err.Error(),
		})
	} else {
		signed, err := c.authority.Sign(wanted(csr, x), x.PublicKey)
		if err != nil {
			return err
		}
		csr.Status.Certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed.Raw})
	}
	_, err = c.kube.CertificatesV1().CertificateSigningRequests().UpdateStatus(ctx, csr, metav1.UpdateOptions{})
	return reconcile.IgnoreNotFound(err)
}

// due says whether a request waits for us.
func due(csr *certificatesv1.CertificateSigningRequest) bool {
	switch csr.Spec.SignerName {
	case certificatesv1.KubeAPIServerClientSignerName, certificatesv1.KubeAPIServerClientKubeletSignerName, certificatesv1.KubeletServingSignerName:
	default:
		return false
	}
	return len(csr.Status.Certificate) == 0 && certificates.Has(csr, certificatesv1.CertificateApproved) &&
		!certificates.Has(csr, certificatesv1.CertificateDenied) && !certificates.Has(csr, certificatesv1.CertificateFailed)
}

// wanted is what the certificate is to say.
func wanted(csr *certificatesv1.CertificateSigningRequest, x *x509.CertificateRequest) pki.Request {
	r := pki.Request{Subject: x.Subject, DNSNames: x.DNSNames, IPs: x.IPAddresses, Lifetime: maxLifetime}
	if s := csr.Spec.ExpirationSeconds; s != nil {
		r.Lifetime = min(maxLifetime, time.Duration(*s)*time.Second)
	}
	for _, u := range csr.Spec.Usages {
		switch u {
		case certificatesv1.UsageDigitalSignature:
			r.KeyUsage |= x509.KeyUsageDigitalSignature
		case certificatesv1.UsageKeyEncipherment:
			r.KeyUsage |= x509.KeyUsageKeyEncipherment
		case certificatesv1.UsageClientAuth:
			r.Usages = append(r.Usages, x509.ExtKeyUsageClientAuth)
		case certificatesv1.UsageServerAuth:
			r.Usages = append(r.Usages, x509.ExtKeyUsageServerAuth)
		}
	}
	return r
}
