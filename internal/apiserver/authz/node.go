package authz

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/fields"

	"skiff/internal/api"
	"skiff/internal/api/core"
	"skiff/internal/api/storage"
	"skiff/internal/apiserver/authn"
	"skiff/internal/pki"
	"skiff/internal/store"
)

// Node decides on what kubelets ask. A node may read its own Node, Lease and
// CSINode and the pods bound to it, and of secrets, config maps, claims and
// the like those that these pods need. What nodes may write is narrowed
// further by the NodeRestriction admission plug-in.
type Node struct{ Storage Storage }

// NodeName is the node whose kubelet u is.
func NodeName(u *authn.User) (string, bool) {
	if u == nil || !slices.Contains(u.Groups, pki.NodesGroup) {
		return "", false
	}
	name, ok := strings.CutPrefix(u.Name, pki.NodeUser(""))
	return name, ok && name != ""
}

// Authorize implements Authorizer.
func (n *Node) Authorize(ctx context.Context, a Attributes) (Decision, string, error) {
	node, ok := NodeName(a.User)
	if !ok {
		if slices.Contains(a.User.Groups, pki.NodesGroup) {
			return NoOpinion, fmt.Sprintf("unknown node for user %q", a.User.Name), nil
		}
		return NoOpinion, "", nil
	}
	if a.Resource == "" {
		return NoOpinion, "", nil
	}
	if check := checks[check{a.Group, a.Resource}]; check != nil {
		reason, err := check(ctx, n, node, &a)
		switch {
		case err != nil:
			return NoOpinion, "", err
		case reason != "":
			return NoOpinion, reason, nil
		}
		return Allow, "", nil
	}
	if allows(nodeRules, &a) {
		return Allow, "", nil
	}
	return NoOpinion, "", nil
}

// check names the resources that nodes see in part only.
type check struct{ group, resource string }

// checks say why node may not do what a asks, or "".
var checks = map[check]func(ctx context.Context, n *Node, node string, a *Attributes) (string, error){
	{"", "secrets"}:                         neededByPod("get", "list", "watch"),
	{"", "configmaps"}:                      neededByPod("get", "list", "watch"),
	{"", "persistentvolumeclaims"}:          claimOfPod,
	{"", "persistentvolumes"}:               volumeOfPod,
	{"", "serviceaccounts"}:                 accountOfPod,
	{"resource.k8s.io", "resourceclaims"}:   neededByPod("get"),
	{"storage.k8s.io", "volumeattachments"}: attachedHere,
	{"storage.k8s.io", "csinodes"}:          namedAsNode,
	{"coordination.k8s.io", "leases"}:       ownLease,
	{"", "nodes"}:                           ownNode,
	{"", "pods"}:                            ownPods,
}

// nodeRules are what nodes may do without a look at what it concerns.
var nodeRules = []rbacv1.PolicyRule{
	rule("authentication.k8s.io", "tokenreviews", "create"),
	rule("authorization.k8s.io", "subjectaccessreviews localsubjectaccessreviews", "create"),
	rule("", "services", "get list watch"),
	rule("", "endpoints", "get"),
	rule("", "events", "create patch update"),
	rule("events.k8s.io", "events", "create patch update"),
	rule("certificates.k8s.io", "certificatesigningrequests", "create get list watch"),
	rule("certificates.k8s.io", "clustertrustbundles", "get list watch"),
	rule("storage.k8s.io", "csidrivers", "get list watch"),
	rule("node.k8s.io", "runtimeclasses", "get list watch"),
	rule("resource.k8s.io", "resourceslices", "create delete deletecollection get list patch update watch"),
}

func rule(group, resources, verbs string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: strings.Fields(resources), Verbs: strings.Fields(verbs)}
}

func noRelation(node string) string {
	return fmt.Sprintf("no relationship found between node '%s' and this object", node)
}

func onlyVerbs(verbs ...string) string {
	return fmt.Sprintf("can only %s resources of this type", strings.Join(verbs, "/"))
}

const (
	noSubresources = "cannot access subresources of this type"
	needsName      = "can only read namespaced object of this type by name"
)

func neededByPod(verbs ...string) func(context.Context, *Node, string, *Attributes) (string, error) {
	return func(ctx context.Context, n *Node, node string, a *Attributes) (string, error) {
		switch {
		case !slices.Contains(verbs, a.Verb):
			return onlyVerbs(verbs...), nil
		case a.Subresource != "":
			return noSubresources, nil
		}
		return n.needed(ctx, node, a.Resource, a.Namespace, a.Name)
	}
}

func claimOfPod(ctx context.Context, n *Node, node string, a *Attributes) (string, error) {
	switch {
	case a.Subresource == "" && a.Verb == "get":
	case a.Subresource == "status" && slices.Contains([]string{"get", "update", "patch"}, a.Verb):
	default:
		return "can only get a claim, and update its status", nil
	}
	return n.needed(ctx, node, a.Resource, a.Namespace, a.Name)
}

func accountOfPod(ctx context.Context, n *Node, node string, a *Attributes) (string, error) {
	switch {
	case a.Subresource == "token" && a.Verb == "create":
	case a.Subresource == "" && a.Verb == "get":
	default:
		return "can only get a service account, and create tokens of it", nil
	}
	return n.needed(ctx, node, a.Resource, a.Namespace, a.Name)
}

func volumeOfPod(ctx context.Context, n *Node, node string, a *Attributes) (string, error) {
	if a.Verb != "get" || a.Subresource != "" {
		return onlyVerbs("get"), nil
	}
	volume, err := get[*corev1.PersistentVolume](ctx, n, core.PersistentVolume, "", a.Name)
	if err != nil || volume == nil || volume.Spec.ClaimRef == nil {
		return noRelation(node), err
	}
	claim := volume.Spec.ClaimRef
	return n.needed(ctx, node, "persistentvolumeclaims", claim.Namespace, claim.Name)
}

func attachedHere(ctx context.Context, n *Node, node string, a *Attributes) (string, error) {
	if a.Verb != "get" || a.Subresource != "" {
		return onlyVerbs("get"), nil
	}
	attachment, err := get[*storagev1.VolumeAttachment](ctx, n, storage.VolumeAttachment, "", a.Name)
	if err != nil || attachment == nil || attachment.Spec.NodeName != node {
		return noRelation(node), err
	}
	return "", nil
}

func namedAsNode(_ context.Context, _ *Node, node string, a *Attributes) (string, error) {
	verbs := []string{"create", "delete", "get", "patch", "update"}
	switch {
	case !slices.Contains(verbs, a.Verb):
		return onlyVerbs(verbs...), nil
	case a.Subresource != "":
		return noSubresources, nil
	case a.Name != node && !(a.Verb == "create" && a.Name == ""):
		return "can only access CSINode with the same name as the requesting node", nil
	}
	return "", nil
}

func ownLease(_ context.Context, _ *Node, node string, a *Attributes) (string, error) {
	verbs := []string{"create", "delete", "get", "patch", "update"}
	switch {
	case !slices.Contains(verbs, a.Verb):
		return onlyVerbs(verbs...), nil
	case a.Subresource != "":
		return noSubresources, nil
	case a.Namespace != corev1.NamespaceNodeLease:
		return fmt.Sprintf("can only access leases in the %q system namespace", corev1.NamespaceNodeLease), nil
	case a.Name != node && !(a.Verb == "create" && a.Name == ""):
		return "can only access node lease with the same name as the requesting node", nil
	}
	return "", nil
}

func ownNode(_ context.Context, _ *Node, node string, a *Attributes) (string, error) {
	switch {
	case a.Subresource == "status" && (a.Verb == "update" || a.Verb == "patch"):
	case a.Subresource != "":
		return noSubresources, nil
	case a.Verb == "create" && a.Name == "":
		return "", nil
	case !slices.Contains([]string{"create", "get", "list", "watch", "update", "patch"}, a.Verb):
		return onlyVerbs("create", "get", "list", "watch", "update", "patch"), nil
	}
	if a.Name != node {
		return fmt.Sprintf("node '%s' cannot read '%s', only its own Node object", node, a.Name), nil
	}
	return "", nil
}

func ownPods(ctx context.Context, n *Node, node string, a *Attributes) (string, error) {
	switch {
	case a.Subresource == "status" && (a.Verb == "update" || a.Verb == "patch"),
		a.Subresource == "eviction" && a.Verb == "create":
		return "", nil // whose pod it is, NodeRestriction sees
	case a.Subresource != "":
		return noSubresources, nil
	case a.Verb == "create", a.Verb == "delete":
		return "", nil
	case a.Verb == "list", a.Verb == "watch":
		if a.FieldSelector != nil {
			if value, ok := a.FieldSelector.RequiresExactMatch("spec.nodeName"); ok && value == node {
				return "", nil
			}
		}
		return "can only list/watch pods with spec.nodeName field selector", nil
	case a.Verb == "get":
		pod, err := get[*corev1.Pod](ctx, n, core.Pod, a.Namespace, a.Name)
		if err != nil || pod == nil || pod.Spec.NodeName != node {
			return noRelation(node), err
		}
		return "", nil
	}
	return "can only get/list/watch/create/delete pods", nil
}

// needed says why no pod on node needs the object.
func (n *Node) needed(ctx context.Context, node, resource, namespace, name string) (string, error) {
	if name == "" || namespace == "" {
		return needsName, nil
	}
	pods, err := n.Storage.Table(core.Pod).List(ctx, store.ListOptions{
		Namespace: namespace, Fields: fields.OneTermEqualSelector("spec.nodeName", node),
	})
	if err != nil {
		return "", err
	}
	for item := range pods.Items {
		if pod, ok := item.Object().(*corev1.Pod); ok && refersTo(pod, resource, name) {
			return "", nil
		}
	}
	return noRelation(node), nil
}

// get returns an object, or nil when it is not there.
func get[T api.Object](ctx context.Context, n *Node, kind *api.Resource, namespace, name string) (T, error) {
	var none T
	item, err := n.Storage.Table(kind).Get(ctx, namespace, name, 0)
	if errors.Is(err, store.ErrNotFound) {
		return none, nil
	}
	if err != nil {
		return none, err
	}
	obj, ok := item.Object().(T)
	if !ok {
		return none, fmt.Errorf("%s %q is of type %T", kind.Plural, name, item.Object())
	}
	return obj, nil
}
