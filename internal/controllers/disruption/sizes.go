package disruption

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	appslisters "k8s.io/client-go/listers/apps/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"

	"skiff/internal/reconcile"

	"skiff/internal/client"
)

// sizes knows how many pods controllers want.
type sizes struct {
	deployments appslisters.DeploymentLister
	sets        appslisters.ReplicaSetLister
	stateful    appslisters.StatefulSetLister
	replication corelisters.ReplicationControllerLister
	informers   []cache.SharedIndexInformer
	kube        kubernetes.Interface
}

func newSizes(f *client.Informers, kube kubernetes.Interface) sizes {
	return sizes{
		deployments: f.Deployments().Lister(), sets: f.ReplicaSets().Lister(), stateful: f.StatefulSets().Lister(),
		replication: f.ReplicationControllers().Lister(), kube: kube,
		informers: []cache.SharedIndexInformer{
			f.Deployments().Informer(), f.ReplicaSets().Informer(), f.StatefulSets().Informer(), f.ReplicationControllers().Informer(),
		},
	}
}

// onChange calls f with the namespace of each controller whose spec changed.
func (s sizes) onChange(f func(namespace string)) {
	for _, informer := range s.informers {
		reconcile.OnUpdate(informer, func(old, o metav1.Object, deleted bool) {
			if old == nil || deleted || old.GetGeneration() != o.GetGeneration() {
				f(o.GetNamespace())
			}
		})
	}
}

// total adds up the sizes of the controllers of pods, each once.
func (s sizes) total(ctx context.Context, list []*corev1.Pod) (n int32, err error) {
	seen := map[types.UID]bool{}
	for _, p := range list {
		ref := metav1.GetControllerOfNoCopy(p)
		if ref == nil {
			return 0, fmt.Errorf("found no controller ref for pod %q", p.Name)
		}
		if seen[ref.UID] {
			continue
		}
		seen[ref.UID] = true
		size, uid, err := s.of(ctx, p.Namespace, ref)
		if err != nil {
			return 0, err
		}
		if uid == "" || uid != ref.UID && seen[uid] {
			continue
		}
		seen[uid] = true
		n += size
	}
	return n, nil
}

// of is the size of a controller, or of the Deployment above it. No uid: it is
// gone, and wants nothing any more.
func (s sizes) of(ctx context.Context, namespace string, ref *metav1.OwnerReference) (size int32, uid types.UID, err error) {
	gv, err := schema.ParseGroupVersion(ref.APIVersion)
	if err != nil {
		return 0, "", err
	}
	switch kind := gv.WithKind(ref.Kind); kind.GroupKind() {
	case appsv1.SchemeGroupVersion.WithKind("ReplicaSet").GroupKind():
		size, uid, err = s.ofSet(ctx, namespace, ref)
	case appsv1.SchemeGroupVersion.WithKind("StatefulSet").GroupKind():
		var o *appsv1.StatefulSet
		if o, err = s.stateful.StatefulSets(namespace).Get(ref.Name); err == nil {
			size, uid = orOne(o.Spec.Replicas), o.UID
		}
	case corev1.SchemeGroupVersion.WithKind("ReplicationController").GroupKind():
		var o *corev1.ReplicationController
		if o, err = s.replication.ReplicationControllers(namespace).Get(ref.Name); err == nil {
			size, uid = orOne(o.Spec.Replicas), o.UID
		}
	default:
		size, uid, err = s.ofScale(ctx, kind, namespace, ref.Name)
	}
	if apierrors.IsNotFound(err) {
		return 0, "", nil
	}
	return size, uid, err
}

func (s sizes) ofSet(ctx context.Context, namespace string, ref *metav1.OwnerReference) (int32, types.UID, error) {
	rs, err := s.sets.ReplicaSets(namespace).Get(ref.Name)
	if err != nil {
		return 0, "", err
	}
	above := metav1.GetControllerOfNoCopy(rs)
	switch {
	case above == nil:
		return orOne(rs.Spec.Replicas), rs.UID, nil
	case above.Kind != "Deployment":
		return s.of(ctx, namespace, above)
	}
	d, err := s.deployments.Deployments(namespace).Get(above.Name)
	if err != nil {
		return 0, "", err
	}
	return orOne(d.Spec.Replicas), d.UID, nil
}

func orOne(n *int32) int32 {
	if n == nil {
		return 1
	}
	return *n
}

// ofScale reads the scale subresource of an object of any other kind.
func (s sizes) ofScale(ctx context.Context, kind schema.GroupVersionKind, namespace, name string) (int32, types.UID, error) {
	served, err := s.kube.Discovery().ServerResourcesForGroupVersion(kind.GroupVersion().String())
	if err != nil {
		return 0, "", err
	}
	for _, r := range served.APIResources {
		if r.Kind != kind.Kind || strings.Contains(r.Name, "/") {
			continue
		}
		raw, err := s.kube.Discovery().RESTClient().Get().SetHeader("Accept", "application/json").
			AbsPath("/apis", kind.Group, kind.Version, "namespaces", namespace, r.Name, name, "scale").DoRaw(ctx)
		if err != nil {
			return 0, "", err
		}
		var scale autoscalingv1.Scale
		err = json.Unmarshal(raw, &scale)
		return scale.Spec.Replicas, scale.UID, err
	}
	return 0, "", fmt.Errorf("the API server does not serve %v, the controller of a pod", kind)
}
