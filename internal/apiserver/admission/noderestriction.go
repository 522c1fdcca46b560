package admission

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"skiff/internal/api"
	"skiff/internal/api/coordination"
	"skiff/internal/api/core"
	"skiff/internal/api/storage"
	"skiff/internal/apiserver/authz"
)

// NodeRestriction narrows what a kubelet may write to its own node and the
// pods that are bound to it.
type NodeRestriction struct{ Reader api.Reader }

// Name implements Plugin.
func (NodeRestriction) Name() string { return "NodeRestriction" }

// Admit implements Admitter. It changes nothing.
func (p NodeRestriction) Admit(ctx context.Context, r *Request) error {
	node, ok := authz.NodeName(r.User)
	if !ok {
		return nil
	}
	switch r.Resource.GroupResource() {
	case core.Pod.GroupResource():
		return p.pod(ctx, r, node)
	case core.Node.GroupResource():
		return nodeObject(r, node)
	case core.ServiceAccount.GroupResource():
		return p.token(ctx, r, node)
	case coordination.Lease.GroupResource():
		return lease(r, node)
	case storage.CSINode.GroupResource():
		if o, ok := r.Object.(*storagev1.CSINode); ok && r.Operation == Create && o.Name != node {
			return r.forbid("can only access CSINode with the same name as the requesting node")
		}
	}
	return nil
}

func lease(r *Request, node string) error {
	if r.Namespace != corev1.NamespaceNodeLease {
		return r.forbid(fmt.Sprintf("can only access leases in the %q system namespace", corev1.NamespaceNodeLease))
	}
	if o, ok := r.Object.(*coordinationv1.Lease); ok && r.Operation == Create && o.Name != node {
		return r.forbid("can only access node lease with the same name as the requesting node")
	}
	return nil
}

func (p NodeRestriction) pod(ctx context.Context, r *Request, node string) error {
	old, _ := r.Old.(*corev1.Pod)
	switch {
	case r.Operation == Create && r.Subresource == "":
		return mirrorPod(r, node)
	case r.Operation == Delete:
		if old != nil && old.Spec.NodeName != node {
			return r.forbid(fmt.Sprintf("node %q can only delete pods with spec.nodeName set to itself", node))
		}
	case r.Subresource == "status":
		pod, _ := r.Object.(*corev1.Pod)
		if old == nil || old.Spec.NodeName != node {
			return r.forbid(fmt.Sprintf("node %q can only update pod status for pods with spec.nodeName set to itself", node))
		}
		if pod != nil && !maps.Equal(pod.Labels, old.Labels) {
			return r.forbid(fmt.Sprintf("node %q cannot update labels through pod status", node))
		}
	case r.Subresource == "eviction":
		obj, err := p.Reader.Get(ctx, core.Pod, r.Namespace, r.Name)
		if apierrors.IsNotFound(err) {
			return nil
		}
		if pod, ok := obj.(*corev1.Pod); err != nil || !ok || pod.Spec.NodeName != node {
			return r.forbid(fmt.Sprintf("node %s can only evict pods with spec.nodeName set to itself", node))
		}
	default:
		return r.forbid(fmt.Sprintf("unexpected pod subresource %q, only 'status' and 'eviction' are allowed", r.Subresource))
	}
	return nil
}

// mirrorPod checks the one kind of pod that a kubelet may make: what shows a
// static pod of its own to the API.
func mirrorPod(r *Request, node string) error {
	pod, _ := r.Object.(*corev1.Pod)
	switch {
	case pod == nil || !isMirror(pod):
		return r.forbid(fmt.Sprintf("pod does not have %q annotation, node %q can only create mirror pods", corev1.MirrorPodAnnotationKey, node))
	case pod.Spec.NodeName != node:
		return r.forbid(fmt.Sprintf("node %q can only create pods with spec.nodeName set to itself", node))
	case pod.Spec.ServiceAccountName != "":
		return r.forbid(fmt.Sprintf("node %q can not create pods that reference a service account", node))
	}
	for _, o := range pod.OwnerReferences {
		if o.APIVersion != "v1" || o.Kind != "Node" || o.Name != node {
			return r.forbid(fmt.Sprintf("node %q can only create pods with an owner reference set to itself", node))
		}
	}
	for _, v := range pod.Spec.Volumes {
		if v.Secret != nil || v.ConfigMap != nil || v.PersistentVolumeClaim != nil || v.Projected != nil || v.Ephemeral != nil {
			return r.forbid(fmt.Sprintf("node %q can not create pods that reference secrets, configmaps or persistentvolumeclaims", node))
		}
	}
	return nil
}

func nodeObject(r *Request, node string) error {
	now, _ := r.Object.(*corev1.Node)
	old, _ := r.Old.(*corev1.Node)
	if name := r.name(); name != node {
		return r.forbid(fmt.Sprintf("node %q is not allowed to modify node %q", node, name))
	}
	if now == nil {
		return nil
	}
	before := map[string]string{}
	if old != nil {
		before = old.Labels
		if !equality.Semantic.DeepEqual(old.Spec.Taints, now.Spec.Taints) {
			return r.forbid(fmt.Sprintf("node %q is not allowed to modify taints", node))
		}
		if !equality.Semantic.DeepEqual(old.OwnerReferences, now.OwnerReferences) {
			return r.forbid(fmt.Sprintf("node %q is not allowed to modify ownerReferences", node))
		}
	}
	if labels := foreignLabels(before, now.Labels); len(labels) > 0 {
		verb := "modify"
		if old == nil {
			verb = "set"
		}
		return r.forbid(fmt.Sprintf("is not allowed to %s the following labels: %s", verb, strings.Join(labels, ", ")))
	}
	return nil
}

// kubeletLabels are those of Kubernetes' own that a kubelet sets.
var kubeletLabels = []string{
	corev1.LabelHostname, corev1.LabelTopologyZone, corev1.LabelTopologyRegion,
	corev1.LabelFailureDomainBetaZone, corev1.LabelFailureDomainBetaRegion,
	corev1.LabelInstanceType, corev1.LabelInstanceTypeStable,
	corev1.LabelOSStable, corev1.LabelArchStable, "beta.kubernetes.io/os", "beta.kubernetes.io/arch",
}

// foreignLabels lists the labels that changed and are not a kubelet's to set.
func foreignLabels(before, after map[string]string) []string {
	var out []string
	check := func(key string) {
		if !kubeletMaySet(key) && !slices.Contains(out, key) {
			out = append(out, key)
		}
	}
	for k, v := range after {
		if had, ok := before[k]; !ok || had != v {
			check(k)
		}
	}
	for k := range before {
		if _, ok := after[k]; !ok {
			check(k)
		}
	}
	slices.Sort(out)
	return out
}

func kubeletMaySet(label string) bool {
	domain, _, qualified := strings.Cut(label, "/")
	if !qualified || slices.Contains(kubeletLabels, label) {
		return true
	}
	of := func(parent string) bool { return domain == parent || strings.HasSuffix(domain, "."+parent) }
	switch {
	case of("node-restriction.kubernetes.io"):
		return false
	case of("kubelet.kubernetes.io"), of("node.kubernetes.io"):
		return true
	}
	return !of("kubernetes.io") && !of("k8s.io")
}

// token lets a kubelet have tokens only for the pods on its node.
func (p NodeRestriction) token(ctx context.Context, r *Request, node string) error {
	if r.Operation != Create || r.Subresource != "token" {
		return nil
	}
	request, ok := r.Object.(*authenticationv1.TokenRequest)
	if !ok {
		return nil
	}
	ref := request.Spec.BoundObjectRef
	switch {
	case ref == nil || ref.APIVersion != "v1" || ref.Kind != "Pod" || ref.Name == "":
		return r.forbid("node requested token not bound to a pod")
	case ref.UID == "":
		return r.forbid("node requested token with a pod binding without a uid")
	}
	obj, err := p.Reader.Get(ctx, core.Pod, r.Namespace, ref.Name)
	if apierrors.IsNotFound(err) {
		return err
	}
	if err != nil {
		return r.forbid(err.Error())
	}
	pod, ok := obj.(*corev1.Pod)
	switch {
	case !ok || pod.UID != ref.UID:
		return r.forbid(fmt.Sprintf("the UID in the bound object reference (%s) does not match the UID in record. The object might have been deleted and then recreated", ref.UID))
	case pod.Spec.NodeName != node:
		return r.forbid("node requested token bound to a pod scheduled on a different node")
	}
	return nil
}
