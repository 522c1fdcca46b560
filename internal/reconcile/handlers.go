package reconcile

import (
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"skiff/internal/client"
)

// Key names an object in its namespace, which is empty for one of the cluster.
type Key = types.NamespacedName

// KeyOf is the key of an object.
func KeyOf(o metav1.Object) Key { return Key{Namespace: o.GetNamespace(), Name: o.GetName()} }

// OnChange calls f with every object that is added, changed or deleted, in its
// newest known state. The informer's own resyncs and re-lists of unchanged
// objects are left out.
func OnChange[T metav1.Object](informer cache.SharedIndexInformer, f func(T)) {
	OnUpdate(informer, func(_, obj T, _ bool) { f(obj) })
}

// OnUpdate is OnChange for who must see both states. old is the zero T when
// the object is new; when it was deleted, old and obj are the same.
func OnUpdate[T metav1.Object](informer cache.SharedIndexInformer, f func(old, obj T, deleted bool)) {
	var none T
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(o any) { f(none, o.(T), false) },
		UpdateFunc: func(old, o any) {
			before, after := old.(T), o.(T)
			if rv := after.GetResourceVersion(); rv == "" || rv != before.GetResourceVersion() {
				f(before, after, false)
			}
		},
		DeleteFunc: func(o any) {
			if last := client.Object[T](o); any(last) != any(none) {
				f(last, last, true)
			}
		},
	})
	if err != nil {
		panic(err) // the informer is stopped: handlers are added before it starts
	}
}

// ControllerOf returns the key of the object's controller when that is of the
// given kind.
func ControllerOf(o metav1.Object, kind string) (Key, bool) {
	ref := metav1.GetControllerOfNoCopy(o)
	if ref == nil || ref.Kind != kind {
		return Key{}, false
	}
	return Key{Namespace: o.GetNamespace(), Name: ref.Name}, true
}

// IgnoreNotFound is err, or nil when err says that the object is gone.
func IgnoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
