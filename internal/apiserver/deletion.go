package apiserver

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/api"
)

// markDeleted does to obj what asking for its deletion does: it settles who
// looks after the dependants, and starts the grace period. gone says that
// nothing keeps the object; changed, that obj is to be stored.
func markDeleted(r *api.Resource, obj api.Object, o *metav1.DeleteOptions) (changed, gone bool) {
	if finalizers := propagation(r, obj, o); !slices.Equal(finalizers, obj.GetFinalizers()) {
		obj.SetFinalizers(finalizers)
		changed = true
	}
	ready := r.Deleting == nil || r.Deleting(obj)
	waits := !ready || len(obj.GetFinalizers()) > 0
	seconds := int64(0)
	if r.GracePeriod != nil {
		seconds = max(r.GracePeriod(obj, o.GracePeriodSeconds), 0)
	}
	if obj.GetDeletionTimestamp() == nil {
		startGrace(obj, seconds)
		changed = true
	} else if shortenGrace(obj, seconds) {
		changed = true
	}
	left := obj.GetDeletionGracePeriodSeconds()
	return changed, !waits && (left == nil || *left == 0)
}

// startGrace notes when the object is to go.
func startGrace(obj api.Object, seconds int64) {
	at := metav1.NewTime(now().Add(time.Duration(seconds) * time.Second))
	obj.SetDeletionTimestamp(&at)
	obj.SetDeletionGracePeriodSeconds(&seconds)
	if obj.GetGeneration() > 0 {
		obj.SetGeneration(obj.GetGeneration() + 1)
	}
}

// shortenGrace brings the end of a grace period that runs already forward; it
// can never be put off.
func shortenGrace(obj api.Object, seconds int64) bool {
	left := obj.GetDeletionGracePeriodSeconds()
	if left == nil || *left <= seconds {
		return false
	}
	began := obj.GetDeletionTimestamp().Add(-time.Duration(*left) * time.Second)
	at := metav1.NewTime(began.Add(time.Duration(seconds) * time.Second))
	obj.SetDeletionTimestamp(&at)
	obj.SetDeletionGracePeriodSeconds(&seconds)
	return true
}

// propagation is the list of finalizers that the policy asked for leads to:
// with orphan or foregroundDeletion, the garbage collector sees to the
// dependants first.
func propagation(r *api.Resource, obj api.Object, o *metav1.DeleteOptions) []string {
	orphan, foreground := propagationOf(r, obj, o)
	kept := slices.DeleteFunc(slices.Clone(obj.GetFinalizers()), func(f string) bool {
		return f == metav1.FinalizerOrphanDependents || f == metav1.FinalizerDeleteDependents
	})
	switch {
	case orphan:
		kept = append(kept, metav1.FinalizerOrphanDependents)
	case foreground:
		kept = append(kept, metav1.FinalizerDeleteDependents)
	}
	if slices.Equal(sorted(kept), sorted(obj.GetFinalizers())) {
		return obj.GetFinalizers()
	}
	return kept
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }

func propagationOf(r *api.Resource, obj api.Object, o *metav1.DeleteOptions) (orphan, foreground bool) {
	switch {
	case o.OrphanDependents != nil:
		return *o.OrphanDependents, false
	case o.PropagationPolicy != nil:
		return *o.PropagationPolicy == metav1.DeletePropagationOrphan, *o.PropagationPolicy == metav1.DeletePropagationForeground
	case slices.Contains(obj.GetFinalizers(), metav1.FinalizerOrphanDependents):
		return true, false
	case slices.Contains(obj.GetFinalizers(), metav1.FinalizerDeleteDependents):
		return false, true
	}
	return r.OrphanByDefault, false
}
