package replicaset

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"skiff/internal/client"
)

// Source is where the controller finds its objects, and writes their status:
// a kind that is a ReplicaSet in all but name.
type Source struct {
	Name     string // of the controller, in logs and metrics
	Kind     schema.GroupVersionKind
	Informer cache.SharedIndexInformer
	// View tells an object of the informer as a ReplicaSet. Where that is not
	// what it is, the view's TypeMeta says what it is, for Events.
	View func(obj any) *appsv1.ReplicaSet
	// NoTerminating: the kind's status has no terminatingReplicas.
	NoTerminating bool
	// Live reads an object from the API server.
	Live func(ctx context.Context, namespace, name string) (metav1.Object, error)
	// Store writes the status of a view.
	Store func(ctx context.Context, rs *appsv1.ReplicaSet) error
}

func replicaSets(kube kubernetes.Interface, factory *client.Informers) Source {
	return Source{
		Name: "replicaset", Kind: kind, Informer: factory.ReplicaSets().Informer(),
		View: func(obj any) *appsv1.ReplicaSet { return obj.(*appsv1.ReplicaSet) },
		Live: func(ctx context.Context, namespace, name string) (metav1.Object, error) {
			return kube.AppsV1().ReplicaSets(namespace).Get(ctx, name, metav1.GetOptions{})
		},
		Store: func(ctx context.Context, rs *appsv1.ReplicaSet) error {
			_, err := kube.AppsV1().ReplicaSets(rs.Namespace).UpdateStatus(ctx, rs, metav1.UpdateOptions{})
			return err
		},
	}
}
