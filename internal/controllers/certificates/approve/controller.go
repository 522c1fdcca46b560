// Package approve approves the certificates that nodes ask for: the client
// certificate of a node that joins or renews, the serving certificate of a
// node for addresses that are nobody else's, and the client certificates of the
// components that run beside its kubelet.
//
// It reads CertificateSigningRequests, Nodes, and the Service and Endpoints
// "kubernetes"; it writes the approval of requests and nothing else. Requests
// that it does not know are left to others: it never denies.
package approve

import (
	"context"
	"crypto/x509"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
	certificateslisters "k8s.io/client-go/listers/certificates/v1"
	corelisters "k8s.io/client-go/listers/core/v1"

	"skiff/internal/controllers/certificates"
	"skiff/internal/pki"
	"skiff/internal/reconcile"

	"skiff/internal/client"
)

// Controller approves requests.
type Controller struct {
	kube     kubernetes.Interface
	requests certificateslisters.CertificateSigningRequestLister
	nodes    corelisters.NodeLister
	loop     *reconcile.Loop[string]
}

// New makes the controller. factory must be started before Run.
func New(kube kubernetes.Interface, factory *client.Informers) *Controller {
	requests := factory.CertificateSigningRequests()
	c := &Controller{kube: kube, requests: requests.Lister(), nodes: factory.Nodes().Lister()}
	c.loop = reconcile.New("certificate-approver", c.reconcile)
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
	if len(csr.Status.Certificate) > 0 || certificates.Has(csr, certificatesv1.CertificateApproved) || certificates.Has(csr, certificatesv1.CertificateDenied) {
		return nil
	}
	x, err := certificates.Parse(csr)
	if err != nil || certificates.Check(csr, x) != nil {
		return nil // not for us to say
	}
	var message string
	switch csr.Spec.SignerName {
	case certificatesv1.KubeAPIServerClientKubeletSignerName:
		message, err = c.client(ctx, csr, x)
	case certificatesv1.KubeletServingSignerName:
		message, err = c.serving(ctx, csr, x)
	case certificatesv1.KubeAPIServerClientSignerName:
		message, err = c.component(ctx, csr, x)
	}
	if err != nil || message == "" {
		return err
	}
	return c.approve(ctx, csr, message)
}

// client approves a client certificate for whom the roles allow it.
func (c *Controller) client(ctx context.Context, csr *certificatesv1.CertificateSigningRequest, x *x509.CertificateRequest) (string, error) {
	if csr.Spec.Username == x.Subject.CommonName {
		ok, err := c.allowed(ctx, csr, "selfnodeclient")
		if ok || err != nil {
			return "Auto approving self kubelet client certificate after SubjectAccessReview.", err
		}
	}
	ok, err := c.allowed(ctx, csr, "nodeclient")
	if ok && err == nil {
		return "Auto approving kubelet client certificate after SubjectAccessReview.", nil
	}
	return "", err
}

// allowed asks whether who made the request may have it approved unseen.
func (c *Controller) allowed(ctx context.Context, csr *certificatesv1.CertificateSigningRequest, subresource string) (bool, error) {
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: csr.Spec.Username, UID: csr.Spec.UID, Groups: csr.Spec.Groups,
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Group: certificatesv1.GroupName, Version: "*", Resource: "certificatesigningrequests", Subresource: subresource, Verb: "create",
		},
	}}
	for k, v := range csr.Spec.Extra {
		if review.Spec.Extra == nil {
			review.Spec.Extra = map[string]authorizationv1.ExtraValue{}
		}
		review.Spec.Extra[k] = authorizationv1.ExtraValue(v)
	}
	answer, err := c.kube.AuthorizationV1().SubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return false, err
	}
	return answer.Status.Allowed, nil
}

// serving approves a serving certificate of the node that asks, for names and
// addresses that it may hold.
func (c *Controller) serving(ctx context.Context, csr *certificatesv1.CertificateSigningRequest, x *x509.CertificateRequest) (string, error) {
	nodes, err := c.nodes.List(labels.Everything())
	if err != nil {
		return "", err
	}
	reserved, err := c.reserved(ctx)
	if err != nil {
		return "", err
	}
	node := strings.TrimPrefix(x.Subject.CommonName, pki.NodeUser(""))
	if !mayServe(node, x, nodes, reserved) {
		return "", nil
	}
	return "Auto approving kubelet serving certificate of the node itself.", nil
}

// reserved are the addresses of the API itself, whose authority is the same: a
// node with a certificate for one of them could pose as the API server.
func (c *Controller) reserved(ctx context.Context) (map[string]bool, error) {
	out := map[string]bool{}
	service, err := c.kube.CoreV1().Services(metav1.NamespaceDefault).Get(ctx, "kubernetes", metav1.GetOptions{})
	if reconcile.IgnoreNotFound(err) != nil {
		return nil, err
	}
	if err == nil {
		for _, ip := range service.Spec.ClusterIPs {
			out[ip] = true
		}
	}
	slice, err := c.kube.DiscoveryV1().EndpointSlices(metav1.NamespaceDefault).Get(ctx, "kubernetes", metav1.GetOptions{})
	if reconcile.IgnoreNotFound(err) != nil {
		return nil, err
	}
	if err == nil {
		for _, e := range slice.Endpoints {
			for _, ip := range e.Addresses {
				out[ip] = true
			}
		}
	}
	return out, nil
}

// mayServe says whether node may have a certificate for what x asks: its own
// name, and addresses that are neither another node's nor reserved. What its
// own Node says does not count: the node itself has written that.
func mayServe(node string, x *x509.CertificateRequest, nodes []*corev1.Node, reserved map[string]bool) bool {
	others := map[string]bool{}
	for _, n := range nodes {
		if n.Name == node {
			continue
		}
		for _, a := range n.Status.Addresses {
			others[a.Address] = true
		}
	}
	for _, name := range x.DNSNames {
		if name != node || others[name] || ofTheAPI(name) {
			return false
		}
	}
	for _, ip := range x.IPAddresses {
		if text := ip.String(); others[text] || reserved[text] || ip.IsLoopback() || ip.IsUnspecified() || ip.IsMulticast() {
			return false
		}
	}
	return true
}

// ofTheAPI is true of the names by which clients call the API server.
func ofTheAPI(name string) bool {
	first, rest, _ := strings.Cut(name, ".")
	return name == "localhost" || first == "kubernetes" && (rest == "" || strings.HasPrefix(rest, metav1.NamespaceDefault))
}

func (c *Controller) approve(ctx context.Context, csr *certificatesv1.CertificateSigningRequest, message string) error {
	csr = csr.DeepCopy()
	csr.Status.Conditions = append(csr.Status.Conditions, certificatesv1.CertificateSigningRequestCondition{
		Type: certificatesv1.CertificateApproved, Status: corev1.ConditionTrue, Reason: "AutoApproved", Message: message,
	})
	_, err := c.kube.CertificatesV1().CertificateSigningRequests().UpdateApproval(ctx, csr.Name, csr, metav1.UpdateOptions{})
	return reconcile.IgnoreNotFound(err)
}
