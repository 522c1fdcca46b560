package admission

import (
	"context"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"skiff/internal/api"
	"skiff/internal/api/certificates"
	"skiff/internal/api/core"
	"skiff/internal/apiserver/authn"
	"skiff/internal/apiserver/authz"
	"skiff/internal/apiserver/testreader"
	"skiff/internal/pki"
)

func named(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name}
}

func namespace(name string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: named("", name), Status: corev1.NamespaceStatus{Phase: corev1.NamespaceActive}}
}

func create(r *api.Resource, obj api.Object) *Request {
	return &Request{Operation: Create, Resource: r, Namespace: obj.GetNamespace(), Name: obj.GetName(), Object: obj, User: authn.NewUser("ann")}
}

func pass(t *testing.T, p Plugin, r *Request) {
	t.Helper()
	if err := run(t.Context(), p, r); err != nil {
		t.Errorf("%s: %v", p.Name(), err)
	}
}

func refuse(t *testing.T, p Plugin, r *Request, want string) error {
	t.Helper()
	err := run(t.Context(), p, r)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: %v, want %q", p.Name(), err, want)
	}
	return err
}

func run(ctx context.Context, p Plugin, r *Request) error {
	if p, ok := p.(Admitter); ok {
		if err := p.Admit(ctx, r); err != nil {
			return err
		}
	}
	if p, ok := p.(Validator); ok {
		return p.Validate(ctx, r)
	}
	return nil
}

func newPod(namespace, name string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: named(namespace, name), Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c"}}}}
}

func TestNamespaceLifecycle(t *testing.T) {
	going := namespace("going")
	going.Status.Phase = corev1.NamespaceTerminating
	p := NamespaceLifecycle{testreader.New(namespace("team"), going)}
	pass(t, p, create(core.Pod, newPod("team", "p")))
	refuse(t, p, create(core.Pod, newPod("nowhere", "p")), `namespaces "nowhere" not found`)
	err := refuse(t, p, create(core.Pod, newPod("going", "p")), `pods "p" is forbidden: unable to create new content in namespace going because it is being terminated`)
	if !apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		t.Error("the refusal does not say NamespaceTerminating")
	}
	update := create(core.Pod, newPod("going", "p"))
	update.Operation = Update
	pass(t, p, update)
	for _, name := range []string{"default", "kube-system", "kube-public"} {
		refuse(t, p, &Request{Operation: Delete, Resource: core.Namespace, Name: name}, "this namespace may not be deleted")
	}
	pass(t, p, &Request{Operation: Delete, Resource: core.Namespace, Name: "team"})
}

func TestPriority(t *testing.T) {
	p := Priority{testreader.New(&schedulingv1.PriorityClass{ObjectMeta: named("", "high"), Value: 1000})}
	plain, high, wrong, unknown := newPod("team", "a"), newPod("team", "b"), newPod("team", "c"), newPod("team", "d")
	high.Spec.PriorityClassName, unknown.Spec.PriorityClassName = "high", "absurd"
	five := int32(5)
	wrong.Spec.Priority = &five
	pass(t, p, create(core.Pod, plain))
	pass(t, p, create(core.Pod, high))
	if *plain.Spec.Priority != 0 || *high.Spec.Priority != 1000 || *high.Spec.PreemptionPolicy != corev1.PreemptLowerPriority {
		t.Errorf("%v %v", plain.Spec, high.Spec)
	}
	refuse(t, p, create(core.Pod, unknown), "no PriorityClass with name absurd was found")
	refuse(t, p, create(core.Pod, wrong), "the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name")

	p = Priority{testreader.New(&schedulingv1.PriorityClass{ObjectMeta: named("", "usual"), Value: 7, GlobalDefault: true})}
	again := newPod("team", "e")
	pass(t, p, create(core.Pod, again))
	if *again.Spec.Priority != 7 || again.Spec.PriorityClassName != "usual" {
		t.Errorf("%v", again.Spec)
	}
}

func TestTolerations(t *testing.T) {
	pod := newPod("team", "p")
	pod.Spec.Tolerations = []corev1.Toleration{{Key: corev1.TaintNodeNotReady, Effect: corev1.TaintEffectNoExecute, Operator: corev1.TolerationOpExists}}
	for range 2 {
		pass(t, DefaultTolerationSeconds{}, create(core.Pod, pod))
	}
	if len(pod.Spec.Tolerations) != 2 || pod.Spec.Tolerations[1].Key != corev1.TaintNodeUnreachable || *pod.Spec.Tolerations[1].TolerationSeconds != 300 {
		t.Errorf("%v", pod.Spec.Tolerations)
	}
}

func TestNewNodesAreTainted(t *testing.T) {
	node := &corev1.Node{ObjectMeta: named("", "n1")}
	for range 2 {
		pass(t, TaintNodesByCondition{}, create(core.Node, node))
	}
	if len(node.Spec.Taints) != 1 || node.Spec.Taints[0].Key != "node.kubernetes.io/not-ready" {
		t.Errorf("%v", node.Spec.Taints)
	}
}

func TestNodeRestriction(t *testing.T) {
	mine, theirs := newPod("team", "mine"), newPod("team", "theirs")
	mine.Spec.NodeName, theirs.Spec.NodeName = "n1", "n2"
	mine.UID, theirs.UID = "u1", "u2"
	p := NodeRestriction{testreader.New(mine, theirs)}
	as := func(r *Request) *Request { r.User = authn.NewUser("system:node:n1", "system:nodes"); return r }
	status := func(old *corev1.Pod) *Request {
		return as(&Request{Operation: Update, Resource: core.Pod, Subresource: "status", Namespace: "team", Name: old.Name, Object: old.DeepCopy(), Old: old})
	}
	token := func(ref *authenticationv1.BoundObjectReference) *Request {
		return as(&Request{Operation: Create, Resource: core.ServiceAccount, Subresource: "token", Namespace: "team", Name: "default",
			Object: &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{BoundObjectRef: ref}}})
	}
	node := func(name string, labels map[string]string) *Request {
		return as(create(core.Node, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}))
	}

	pass(t, p, status(mine))
	refuse(t, p, status(theirs), "can only update pod status for pods with spec.nodeName set to itself")
	refuse(t, p, as(&Request{Operation: Delete, Resource: core.Pod, Namespace: "team", Name: "theirs", Old: theirs}), "can only delete pods with spec.nodeName set to itself")
	refuse(t, p, as(create(core.Pod, newPod("team", "p"))), "can only create mirror pods")
	mirror := newPod("team", "m")
	mirror.Annotations, mirror.Spec.NodeName = map[string]string{corev1.MirrorPodAnnotationKey: "x"}, "n1"
	pass(t, p, as(create(core.Pod, mirror)))

	pass(t, p, node("n1", map[string]string{"kubernetes.io/hostname": "n1", "mine": "x", "node.kubernetes.io/x": "y"}))
	refuse(t, p, node("n2", nil), `node "n1" is not allowed to modify node "n2"`)
	refuse(t, p, node("n1", map[string]string{"node-role.kubernetes.io/control-plane": ""}), "is not allowed to set the following labels: node-role.kubernetes.io/control-plane")
	tainted := as(&Request{Operation: Update, Resource: core.Node, Name: "n1", Old: &corev1.Node{ObjectMeta: named("", "n1")},
		Object: &corev1.Node{ObjectMeta: named("", "n1"), Spec: corev1.NodeSpec{Taints: []corev1.Taint{{Key: "x"}}}}})
	refuse(t, p, tainted, "is not allowed to modify taints")

	pass(t, p, token(&authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: "mine", UID: "u1"}))
	refuse(t, p, token(nil), "node requested token not bound to a pod")
	refuse(t, p, token(&authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: "theirs", UID: "u2"}), "scheduled on a different node")
	refuse(t, p, token(&authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: "mine", UID: "u9"}), "does not match the UID in record")
	pass(t, p, create(core.Pod, newPod("team", "p"))) // others are not its matter
}

func TestNetworkRestriction(t *testing.T) {
	node := &corev1.Node{ObjectMeta: named("", "n1"), Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{
		{Type: corev1.NodeReady, Status: corev1.ConditionTrue}, {Type: corev1.NodeNetworkUnavailable, Status: corev1.ConditionTrue},
	}}}
	as := func(user string, change func(*corev1.Node)) *Request {
		now := node.DeepCopy()
		change(now)
		return &Request{Operation: Update, Resource: core.Node, Name: "n1", Old: node, Object: now, User: authn.NewUser(user, pki.NetworksGroup)}
	}
	own := pki.NetworkOf("n1").User
	up := func(n *corev1.Node) {
		n.Annotations, n.ResourceVersion = map[string]string{"skiff.io/vtep-ip": "192.0.2.1"}, "7"
		n.Status.Conditions[1].Status = corev1.ConditionFalse
	}
	pass(t, NetworkRestriction{}, as(own, up))
	refuse(t, NetworkRestriction{}, as(pki.NetworkOf("n2").User, up), `the pod network of node "n2" is not allowed to modify node "n1"`)
	refuse(t, NetworkRestriction{}, as("jane", up), "is not allowed to modify")
	for what, change := range map[string]func(*corev1.Node){
		"labels":    func(n *corev1.Node) { n.Labels = map[string]string{"a": "b"} },
		"taints":    func(n *corev1.Node) { n.Spec.Taints = []corev1.Taint{{Key: "x"}} },
		"readiness": func(n *corev1.Node) { n.Status.Conditions[0].Status = corev1.ConditionFalse },
		"more": func(n *corev1.Node) {
			n.Status.Conditions = append(n.Status.Conditions, corev1.NodeCondition{Type: "X"})
		},
		"address":         func(n *corev1.Node) { n.Status.Addresses = []corev1.NodeAddress{{Address: "192.0.2.1"}} },
		"its pods' range": func(n *corev1.Node) { n.Spec.PodCIDR = "10.0.0.0/24" },
	} {
		t.Log(what)
		refuse(t, NetworkRestriction{}, as(own, change), "only allowed to modify the annotations and the condition NetworkUnavailable")
	}
	pass(t, NetworkRestriction{}, create(core.Pod, newPod("team", "p"))) // others are not its matter
}

func TestCertificateRequestsAreOfWhoMakesThem(t *testing.T) {
	csr := &certificatesv1.CertificateSigningRequest{ObjectMeta: named("", "c")}
	csr.Spec.Username, csr.Spec.Groups = "system:admin", []string{"system:masters"}
	pass(t, CertificateRequester{}, create(certificates.CertificateSigningRequest, csr))
	if csr.Spec.Username != "ann" || len(csr.Spec.Groups) != 1 || csr.Spec.Groups[0] != authn.Authenticated {
		t.Errorf("%+v", csr.Spec)
	}
}

// only allows one verb on one signer.
type only struct{ verb, name string }

func (o only) Authorize(_ context.Context, a authz.Attributes) (authz.Decision, string, error) {
	if a.Verb == o.verb && a.Resource == "signers" && a.Name == o.name {
		return authz.Allow, "", nil
	}
	return authz.NoOpinion, "", nil
}

func TestCertificateApproval(t *testing.T) {
	csr := &certificatesv1.CertificateSigningRequest{ObjectMeta: named("", "c")}
	csr.Spec.SignerName = "example.com/x"
	approval := func() *Request {
		return &Request{Operation: Update, Resource: certificates.CertificateSigningRequest, Subresource: "approval", Name: "c",
			Object: csr.DeepCopy(), Old: runtime.Object(csr), User: authn.NewUser("ann")}
	}
	pass(t, CertificateApproval{only{"approve", "example.com/*"}}, approval())
	refuse(t, CertificateApproval{only{"approve", "other.com/x"}}, approval(), `user not permitted to approve requests with signerName "example.com/x"`)
	signing := approval()
	signing.Subresource = "status"
	pass(t, CertificateSigning{only{}}, signing)
	signing.Object.(*certificatesv1.CertificateSigningRequest).Status.Certificate = []byte("x")
	refuse(t, CertificateSigning{only{"approve", "example.com/x"}}, signing, "not permitted to sign")
	pass(t, CertificateSigning{only{"sign", "example.com/x"}}, signing)
}

func TestPodCertificatesAreIssuedBySigners(t *testing.T) {
	old := &certificatesv1.PodCertificateRequest{ObjectMeta: named("team", "r")}
	old.Spec.SignerName = "example.com/x"
	now := old.DeepCopy()
	status := &Request{Operation: Update, Resource: certificates.PodCertificateRequest, Subresource: "status", Namespace: "team", Name: "r",
		Object: now, Old: runtime.Object(old), User: authn.NewUser("ann")}
	pass(t, CertificateSigning{only{}}, status)
	now.Status.CertificateChain = "x"
	pass(t, CertificateSigning{only{"sign", "example.com/*"}}, status)
	err := refuse(t, CertificateSigning{only{"approve", "example.com/x"}}, status,
		`PodCertificateRequest.certificates.k8s.io "r" is invalid: spec.signerName: Forbidden: User "ann" is not permitted to "sign" for signer "example.com/x"`)
	if !apierrors.IsInvalid(err) {
		t.Errorf("%v", err)
	}
}
