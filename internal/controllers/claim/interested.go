package claim

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"skiff/internal/reconcile"
)

// Owners are the controller objects of one kind.
type Owners[O metav1.Object] struct {
	Kind     string
	List     func(namespace string) []O
	Selector func(O) *metav1.LabelSelector
}

// Interested are the owners to look at after a change of obj, which was old
// before (nil if it is new): those that it belongs to, belonged to, or may be
// adopted by.
func Interested[O, T metav1.Object](owners Owners[O], old, obj T, deleted bool) []reconcile.Key {
	var keys []reconcile.Key
	key, owned := reconcile.ControllerOf(obj, owners.Kind)
	if owned {
		keys = append(keys, key)
	}
	if any(old) != any(*new(T)) {
		if before, ok := reconcile.ControllerOf(old, owners.Kind); ok && before != key {
			keys = append(keys, before)
		}
	}
	if deleted || metav1.GetControllerOfNoCopy(obj) != nil {
		return keys
	}
	for _, o := range owners.List(obj.GetNamespace()) {
		selector, err := metav1.LabelSelectorAsSelector(owners.Selector(o))
		if err == nil && !selector.Empty() && selector.Matches(labels.Set(obj.GetLabels())) {
			keys = append(keys, reconcile.KeyOf(o))
		}
	}
	return keys
}
