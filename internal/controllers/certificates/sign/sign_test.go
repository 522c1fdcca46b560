package sign

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"testing"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/util/cert"
	"k8s.io/utils/ptr"

	"skiff/internal/controllers/certificates"
	"skiff/internal/controllers/controllertest"
	"skiff/internal/pki"

	"skiff/internal/client"
)

func request(t *testing.T, name, signer, user, group string) *certificatesv1.CertificateSigningRequest {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: user, Organization: []string{group}},
	}, key)
	if err != nil {
		t.Fatal(err)
	}
	return &certificatesv1.CertificateSigningRequest{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: certificatesv1.CertificateSigningRequestSpec{
			SignerName: signer, Usages: []certificatesv1.KeyUsage{certificatesv1.UsageClientAuth, certificatesv1.UsageDigitalSignature},
			ExpirationSeconds: ptr.To[int32](3600),
			Request:           pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}),
		},
		Status: certificatesv1.CertificateSigningRequestStatus{Conditions: []certificatesv1.CertificateSigningRequestCondition{
			{Type: certificatesv1.CertificateApproved, Status: corev1.ConditionTrue},
		}},
	}
}

func TestSign(t *testing.T) {
	p, err := pki.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	waiting := request(t, "waiting", certificatesv1.KubeAPIServerClientKubeletSignerName, "system:node:a", pki.NodesGroup)
	waiting.Status.Conditions = nil
	objects := []runtime.Object{
		waiting,
		request(t, "good", certificatesv1.KubeAPIServerClientKubeletSignerName, "system:node:a", pki.NodesGroup),
		request(t, "bad", certificatesv1.KubeAPIServerClientKubeletSignerName, "ann", pki.NodesGroup),
		request(t, "foreign", "example.com/x", "ann", "devs"),
	}
	controllertest.Run(t, objects, func(t *testing.T, c *controllertest.Cluster) {
		c.Start(func(f *client.Informers) (controllertest.Runner, error) {
			return New(c.Kube, f, p.CA), nil
		})
		get := func(name string) *certificatesv1.CertificateSigningRequest {
			csr, err := c.Kube.CertificatesV1().CertificateSigningRequests().Get(t.Context(), name, metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			return csr
		}
		signed, err := cert.ParseCertsPEM(get("good").Status.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		if signed[0].Subject.CommonName != "system:node:a" || signed[0].CheckSignatureFrom(p.CA.Cert) != nil {
			t.Errorf("signed %s", signed[0].Subject)
		}
		if life := signed[0].NotAfter.Sub(signed[0].NotBefore); life > 2*time.Hour {
			t.Errorf("an hour was asked for, %s given", life)
		}
		if bad := get("bad"); len(bad.Status.Certificate) > 0 || !certificates.Has(bad, certificatesv1.CertificateFailed) {
			t.Errorf("%+v", bad.Status)
		}
		for _, name := range []string{"waiting", "foreign"} {
			if s := get(name).Status; len(s.Certificate) > 0 || certificates.Has(get(name), certificatesv1.CertificateFailed) {
				t.Errorf("%s: %+v", name, s)
			}
		}
	})
}
