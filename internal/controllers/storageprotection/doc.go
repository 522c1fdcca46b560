// Package storageprotection keeps PersistentVolumeClaims that pods use, and
// PersistentVolumes that are bound, from going when they are deleted: each has
// a finalizer (admission puts it on), and this package takes it off when
// nothing uses the object any more.
//
// It reads claims, volumes and pods; it owns the two finalizers and nothing
// else.
package storageprotection

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// decide gives the finalizers that an object should have: with the protection
// while it lives or is used, without it when it is being deleted and is not.
// change is false when it has them already.
func decide(o metav1.Object, finalizer string, used func() bool) (finalizers []string, change bool) {
	have := o.GetFinalizers()
	protected := slices.Contains(have, finalizer)
	switch {
	case o.GetDeletionTimestamp() == nil && !protected:
		return append(slices.Clone(have), finalizer), true
	case o.GetDeletionTimestamp() != nil && protected && !used():
		return slices.DeleteFunc(slices.Clone(have), func(f string) bool { return f == finalizer }), true
	}
	return have, false
}
