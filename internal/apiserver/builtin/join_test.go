package builtin_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"net"
	"strings"
	"testing"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	skiffclient "skiff/internal/client"
	"skiff/internal/controllers/certificates/approve"
	"skiff/internal/controllers/certificates/sign"
	"skiff/internal/pki"
)

// certificateController runs the controllers as the account that they have in
// a cluster.
func (c *cluster) certificateController(t *testing.T) { c.certificatesSignedBy(t, c.pki.CA) }

func (c *cluster) certificatesSignedBy(t *testing.T, authority sign.Authority) {
	t.Helper()
	kube := client(t, c.Config("system:serviceaccount:kube-system:certificate-controller", "system:serviceaccounts"))
	factory := skiffclient.NewInformers(kube)
	approver, signer := approve.New(kube, factory), sign.New(kube, factory, authority)
	ended := func(f func(context.Context) error) func(context.Context) error {
		return func(ctx context.Context) error { _ = f(ctx); return nil }
	}
	run(t, ended(func(ctx context.Context) error {
		if err := factory.Sync(ctx); err != nil {
			return err
		}
		<-ctx.Done()
		factory.Shutdown()
		return nil
	}))
	run(t, ended(approver.Run))
	run(t, ended(signer.Run))
}

func TestANodeJoins(t *testing.T) {
	ctx, c := t.Context(), start(t)
	c.certificateController(t)
	token := must[pki.JoinToken](t)(pki.NewJoinToken(c.pki.CA))
	if err := pki.CreateBootstrapToken(ctx, c.admin(t), token, 0, ""); err != nil {
		t.Fatal(err)
	}
	config, err := pki.Join(ctx, c.url, token, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	node := pki.Node{Name: "n1", Dir: t.TempDir(), Addresses: pki.Names{DNS: []string{"n1"}, IPs: []net.IP{net.IPv4(192, 0, 2, 1)}}}
	certs, err := pki.RequestNodeCertificates(ctx, config, node)
	if err != nil {
		t.Fatal(err)
	}
	serving, _ := certs.GetServing(nil)
	if _, err := serving.Leaf.Verify(x509.VerifyOptions{Roots: c.pki.CA.Pool(), DNSName: "192.0.2.1"}); err != nil {
		t.Error(err)
	}

	kubelet := client(t, certs.RESTConfig())
	made, err := kubelet.CoreV1().Nodes().Create(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n1"}}, metav1.CreateOptions{})
	if err != nil || len(made.Spec.Taints) != 1 {
		t.Fatalf("%+v, %v", made, err)
	}
	if _, err := kubelet.CoreV1().Nodes().Create(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n2"}}, metav1.CreateOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("the node made another: %v", err)
	}
	if _, err := kubelet.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName=n1"}); err != nil {
		t.Errorf("its own pods: %v", err)
	}
	if _, err := kubelet.CoreV1().Secrets("default").List(ctx, metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("all secrets: %v", err)
	}

	before := requests(t, c)
	if _, err := pki.RequestNodeCertificates(ctx, config, node); err != nil {
		t.Fatal(err)
	}
	if n := requests(t, c); n != before {
		t.Errorf("a restart of the node made %d more requests", n-before)
	}
	node.Addresses.IPs = append(node.Addresses.IPs, net.IPv4(192, 0, 2, 77))
	if _, err := pki.RequestNodeCertificates(ctx, config, node); err != nil {
		t.Fatal(err)
	}
	if n := requests(t, c); n != before+1 {
		t.Errorf("a new address made %d requests, want 1", n-before)
	}
}

func requests(t *testing.T, c *cluster) int {
	t.Helper()
	return len(must[*certificatesv1.CertificateSigningRequestList](t)(
		c.admin(t).CertificatesV1().CertificateSigningRequests().List(t.Context(), metav1.ListOptions{})).Items)
}

func TestNobodyAsksForMasters(t *testing.T) {
	c := start(t)
	_, err := c.admin(t).CertificatesV1().CertificateSigningRequests().Create(t.Context(), &certificatesv1.CertificateSigningRequest{
		ObjectMeta: metav1.ObjectMeta{Name: "root"},
		Spec: certificatesv1.CertificateSigningRequestSpec{
			SignerName: certificatesv1.KubeAPIServerClientSignerName, Usages: []certificatesv1.KeyUsage{certificatesv1.UsageClientAuth},
			Request: certificateRequest(t, "root", pki.MastersGroup),
		},
	}, metav1.CreateOptions{})
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "system:masters group is not allowed") {
		t.Error(err)
	}
}

func certificateRequest(t *testing.T, user string, groups ...string) []byte {
	t.Helper()
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	der := must[[]byte](t)(x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: user, Organization: groups},
	}, key))
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
}
