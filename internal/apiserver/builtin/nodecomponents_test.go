package builtin_test

import (
	"crypto"
	"crypto/x509"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"skiff/internal/pki"
)

// onNode is a component on the node, by the certificate that the node got for it.
func (c *cluster) onNode(t *testing.T, node, dir, name string, as pki.Client) *pki.ComponentCertificate {
	t.Helper()
	certificate, err := pki.RequestComponentCertificate(t.Context(), c.config(t, pki.NodeUser(node), pki.NodesGroup), dir, name, as)
	if err != nil {
		t.Fatal(err)
	}
	if got := whoami(t, certificate.RESTConfig()); got != as.User {
		t.Fatalf("the certificate of %s is one of %s", as.User, got)
	}
	return certificate
}

func whoami(t *testing.T, config *rest.Config) string {
	t.Helper()
	review, err := client(t, config).AuthenticationV1().SelfSubjectReviews().Create(t.Context(), &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return review.Status.UserInfo.Username
}

func TestComponentsOfANodeHaveTheirOwnNames(t *testing.T) {
	ctx, c := t.Context(), start(t)
	c.certificateController(t)
	for _, name := range []string{"n1", "n2"} {
		node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if _, err := c.admin(t).CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()

	proxy := client(t, c.onNode(t, "n1", dir, "kube-proxy", pki.Proxy).RESTConfig())
	_, services := proxy.CoreV1().Services("").List(ctx, metav1.ListOptions{})
	_, slices := proxy.DiscoveryV1().EndpointSlices("").List(ctx, metav1.ListOptions{})
	if services != nil || slices != nil {
		t.Errorf("what the proxy reads: %v, %v", services, slices)
	}
	if _, err := proxy.CoreV1().Pods("").List(ctx, metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("the proxy lists pods: %v", err)
	}

	network := client(t, c.onNode(t, "n1", dir, "network", pki.NetworkOf("n1")).RESTConfig())
	if _, err := network.CoreV1().Nodes().List(ctx, metav1.ListOptions{}); err != nil {
		t.Errorf("the pod network lists nodes: %v", err)
	}
	announce := func(node, patch string, subresource ...string) error {
		_, err := network.CoreV1().Nodes().Patch(ctx, node, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{}, subresource...)
		return err
	}
	const tunnel = `{"metadata":{"annotations":{"skiff.io/vtep-ip":"192.0.2.1"}}}`
	const up = `{"status":{"conditions":[{"type":"NetworkUnavailable","status":"False"}]}}`
	if err := announce("n1", tunnel); err != nil {
		t.Errorf("the pod network announces itself: %v", err)
	}
	if err := announce("n1", up, "status"); err != nil {
		t.Errorf("the pod network says that it is up: %v", err)
	}
	for what, err := range map[string]error{
		"another node's tunnel": announce("n2", tunnel),
		"another node's status": announce("n2", up, "status"),
		"labels":                announce("n1", `{"metadata":{"labels":{"a":"b"}}}`),
		"readiness":             announce("n1", `{"status":{"conditions":[{"type":"Ready","status":"True"}]}}`, "status"),
	} {
		if !apierrors.IsForbidden(err) {
			t.Errorf("the pod network changes %s: %v", what, err)
		}
	}
}

// TestNodesReadNoEndpointSlices: what a node's components may do is no longer the
// kubelet's to do.
func TestNodesReadNoEndpointSlices(t *testing.T) {
	c := start(t)
	kubelet := client(t, c.config(t, pki.NodeUser("n1"), pki.NodesGroup))
	if _, err := kubelet.DiscoveryV1().EndpointSlices("").List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Error(err)
	}
	if _, err := kubelet.NetworkingV1().NetworkPolicies("").List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Error(err)
	}
}

// TestOnlyNodesHaveComponents asks for what a node may have, as another, and
// then as the node: when the node's is approved, the other's was looked at too.
func TestOnlyNodesHaveComponents(t *testing.T) {
	ctx, c := t.Context(), start(t)
	c.certificateController(t)
	ask := func(kube kubernetes.Interface, name string, request []byte) {
		t.Helper()
		_, err := kube.CertificatesV1().CertificateSigningRequests().Create(ctx, &certificatesv1.CertificateSigningRequest{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec: certificatesv1.CertificateSigningRequestSpec{
				SignerName: certificatesv1.KubeAPIServerClientSignerName, Request: request,
				Usages: []certificatesv1.KeyUsage{certificatesv1.UsageDigitalSignature, certificatesv1.UsageClientAuth},
			},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
	}
	node := client(t, c.config(t, pki.NodeUser("n1"), pki.NodesGroup))
	ask(c.admin(t), "of-the-administrator", certificateRequest(t, pki.Proxy.User))
	ask(node, "of-the-scheduler", certificateRequest(t, "system:kube-scheduler"))
	ask(node, "of-another-node", certificateRequest(t, pki.NetworkOf("n2").User, pki.NetworksGroup))
	c.onNode(t, "n1", t.TempDir(), "kube-proxy", pki.Proxy)

	for _, name := range []string{"of-the-administrator", "of-the-scheduler", "of-another-node"} {
		csr, err := c.admin(t).CertificatesV1().CertificateSigningRequests().Get(ctx, name, metav1.GetOptions{})
		if err != nil || len(csr.Status.Conditions) > 0 || len(csr.Status.Certificate) > 0 {
			t.Errorf("the request %s: %+v, %v", name, csr.Status, err)
		}
	}
}

// hasty signs the first certificate for so short that it is soon to be renewed.
type hasty struct {
	*pki.CA
	signed atomic.Int32
}

func (h *hasty) Sign(r pki.Request, key crypto.PublicKey) (*x509.Certificate, error) {
	if h.signed.Add(1) == 1 {
		r.Lifetime = time.Minute
	}
	return h.CA.Sign(r, key)
}

func TestCertificatesOfComponentsAreRenewedWhileTheyWork(t *testing.T) {
	ctx, c := t.Context(), start(t)
	authority := &hasty{CA: c.pki.CA}
	c.certificatesSignedBy(t, authority)
	dir := t.TempDir()
	file := filepath.Join(dir, "kube-proxy-client-current.pem")
	proxy := c.onNode(t, "n1", dir, "kube-proxy", pki.Proxy)
	first := must[[]byte](t)(os.ReadFile(file))

	// A start while the API is away: a certificate near its end is enough.
	away := &rest.Config{Host: "https://127.0.0.1:1", TLSClientConfig: rest.TLSClientConfig{CAData: c.pki.CA.PEM}}
	if _, err := pki.RequestComponentCertificate(ctx, away, dir, "kube-proxy", pki.Proxy); err != nil {
		t.Errorf("a start without the API: %v", err)
	}

	renewed := func() {
		t.Helper()
		if err := proxy.Renew(ctx); err != nil {
			t.Fatal(err)
		}
	}
	renewed()
	second := must[[]byte](t)(os.ReadFile(file))
	if string(first) == string(second) {
		t.Fatal("a certificate near its end was not renewed")
	}
	if got := whoami(t, proxy.RESTConfig()); got != pki.Proxy.User {
		t.Errorf("after the renewal the proxy is %s", got)
	}
	renewed()
	if n := authority.signed.Load(); n != 2 {
		t.Errorf("%d certificates were signed, want 2", n)
	}
}
