package wire

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/watch"
)

// awaitObject waits until the object called name is there and holds holds.
func awaitObject[T, L runtime.Object](ctx context.Context, name string,
	list func(context.Context, metav1.ListOptions) (L, error),
	watcher func(context.Context, metav1.ListOptions) (apiwatch.Interface, error),
	holds func(T) bool) error {
	named := fields.OneTermEqualSelector(metav1.ObjectNameField, name).String()
	lw := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.FieldSelector = named
			return list(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (apiwatch.Interface, error) {
			o.FieldSelector = named
			return watcher(ctx, o)
		},
	}
	var zero T
	_, err := watch.UntilWithSync(ctx, lw, zero, nil, func(e apiwatch.Event) (bool, error) {
		obj, ok := e.Object.(T)
		return ok && e.Type != apiwatch.Deleted && holds(obj), nil
	})
	return err
}
