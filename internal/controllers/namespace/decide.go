// Package namespace empties namespaces that are being deleted, and lets them go
// when nothing is left in them.
//
// It reads Namespaces and Pods, and by discovery whatever else a namespace may
// hold, as metadata only. It owns the Namespace's deletion conditions and the
// "kubernetes" entry of spec.finalizers. decide.go words what was found,
// contents.go deletes, controller.go ties the two together.
package namespace

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// findings is what one pass over a namespace's contents saw.
type findings struct {
	discovery  error
	failed     []string       // what could not be deleted or counted, and why
	left       map[string]int // objects by resource, "pods."
	finalizers map[string]int // of those objects
}

func (f *findings) empty() bool { return f.discovery == nil && len(f.failed) == 0 && len(f.left) == 0 }

// conditions are those that say how a deletion goes.
func (f *findings) conditions() []corev1.NamespaceCondition {
	deleting, content, remaining, held := corev1.NamespaceDeletionDiscoveryFailure, corev1.NamespaceDeletionContentFailure,
		corev1.NamespaceContentRemaining, corev1.NamespaceFinalizersRemaining
	out := []corev1.NamespaceCondition{
		condition(deleting, false, "ResourcesDiscovered", "All resources successfully discovered"),
		condition(corev1.NamespaceDeletionGVParsingFailure, false, "ParsedGroupVersions", "All legacy kube types successfully parsed"),
		condition(content, false, "ContentDeleted", "All content successfully deleted, may be waiting on finalization"),
		condition(remaining, false, "ContentRemoved", "All content successfully removed"),
		condition(held, false, "ContentHasNoFinalizers", "All content-preserving finalizers finished"),
	}
	if f.discovery != nil {
		out[0] = condition(deleting, true, "DiscoveryFailed", "Discovery failed for some groups, "+f.discovery.Error())
	}
	if len(f.failed) > 0 {
		slices.Sort(f.failed)
		out[2] = condition(content, true, "ContentDeletionFailed", "Failed to delete all resource types, "+
			fmt.Sprintf("%d remaining: %s", len(f.failed), strings.Join(f.failed, ", ")))
	}
	if len(f.left) > 0 {
		out[3] = condition(remaining, true, "SomeResourcesRemain", "Some resources are remaining: "+
			listing(f.left, "%s has %d resource instances"))
	}
	if len(f.finalizers) > 0 {
		out[4] = condition(held, true, "SomeFinalizersRemain", "Some content in the namespace has finalizers remaining: "+
			listing(f.finalizers, "%s in %d resource instances"))
	}
	return out
}

func condition(kind corev1.NamespaceConditionType, is bool, reason, message string) corev1.NamespaceCondition {
	status := corev1.ConditionFalse
	if is {
		status = corev1.ConditionTrue
	}
	return corev1.NamespaceCondition{Type: kind, Status: status, Reason: reason, Message: message}
}

func listing(counts map[string]int, format string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf(format, name, counts[name]))
	}
	return strings.Join(parts, ", ")
}

// merge puts conditions into a status; false: it says all that already.
func merge(s *corev1.NamespaceStatus, conditions []corev1.NamespaceCondition, now time.Time) (changed bool) {
	for _, c := range conditions {
		c.LastTransitionTime = metav1.NewTime(now)
		i := slices.IndexFunc(s.Conditions, func(have corev1.NamespaceCondition) bool { return have.Type == c.Type })
		if i < 0 {
			s.Conditions = append(s.Conditions, c)
			changed = true
			continue
		}
		have := s.Conditions[i]
		if have.Status == c.Status && have.Reason == c.Reason && have.Message == c.Message {
			continue
		}
		if have.Status == c.Status {
			c.LastTransitionTime = have.LastTransitionTime
		}
		s.Conditions[i] = c
		changed = true
	}
	return changed
}
