package client

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// NewInformers makes a factory of shared informers that never resync and keep
// objects without metadata.managedFields, which can be half of an object and
// which no component reads. An update made from such an object leaves the
// stored managedFields as they are.
//
// Within the API server's process they keep the server's own decoded objects
// and no copies of them, so another transform in opts, whose use is to make
// copies smaller, is left out.
func NewInformers(kube kubernetes.Interface, opts ...informers.SharedInformerOption) informers.SharedInformerFactory {
	keep := informers.WithTransform(Transform(kube))
	if _, ok := kube.(Sharer); ok {
		opts = append(opts, keep)
	} else {
		opts = append([]informers.SharedInformerOption{keep}, opts...)
	}
	return informers.NewSharedInformerFactoryWithOptions(kube, 0, opts...)
}

// Transform is the transform of NewInformers, for an informer that is made in
// another way.
func Transform(kube kubernetes.Interface) cache.TransformFunc {
	if s, ok := kube.(Sharer); ok {
		return sharing(s)
	}
	return Trim
}

// Trim takes an object's managedFields away.
func Trim(obj any) (any, error) {
	if m, err := meta.Accessor(obj); err == nil && m.GetManagedFields() != nil {
		m.SetManagedFields(nil)
	}
	return obj, nil
}

// Start runs the informers that were asked of the factory and returns when
// each has its first list, or when ctx ends, which is the only error.
func Start(ctx context.Context, factory informers.SharedInformerFactory) error {
	factory.StartWithContext(ctx)
	for kind, ok := range factory.WaitForCacheSync(ctx.Done()) {
		if !ok {
			return fmt.Errorf("informer of %v: %w", kind, context.Cause(ctx))
		}
	}
	return nil
}

// Object returns the object of an informer's event, also when the event is a
// deletion that was noticed late; nil when it holds no T.
func Object[T any](obj any) T {
	if tombstone, ok := obj.(cache.DeletedFinalStateUnknown); ok {
		obj = tombstone.Obj
	}
	t, _ := obj.(T)
	return t
}
