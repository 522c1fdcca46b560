package admission

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/api"
	"skiff/internal/api/core"
)

// NamespaceLifecycle refuses what lies in no namespace, new objects in a
// namespace that is going, and the end of the system's own.
type NamespaceLifecycle struct{ Reader api.Reader }

var immortal = []string{metav1.NamespaceDefault, metav1.NamespaceSystem, metav1.NamespacePublic}

// Name implements Plugin.
func (NamespaceLifecycle) Name() string { return "NamespaceLifecycle" }

// Admit implements Admitter. It changes nothing, but comes before what would
// otherwise fail with less to say.
func (p NamespaceLifecycle) Admit(ctx context.Context, r *Request) error {
	if r.is(core.Namespace, "") && r.Operation == Delete && slices.Contains(immortal, r.Name) {
		return r.forbid("this namespace may not be deleted")
	}
	if r.Namespace == "" || !r.Resource.Namespaced || r.Operation == Delete || r.Operation == Connect || r.isReview() {
		return nil
	}
	obj, err := p.Reader.Get(ctx, core.Namespace, "", r.Namespace)
	if err != nil {
		return err // NotFound, among others: namespaces "x" not found
	}
	namespace, ok := obj.(*corev1.Namespace)
	if !ok || r.Operation != Create || namespace.Status.Phase != corev1.NamespaceTerminating && namespace.DeletionTimestamp == nil {
		return nil
	}
	refusal := r.forbid(fmt.Sprintf("unable to create new content in namespace %s because it is being terminated", r.Namespace))
	if status, ok := refusal.(*apierrors.StatusError); ok {
		status.ErrStatus.Details.Causes = append(status.ErrStatus.Details.Causes, metav1.StatusCause{
			Type:    corev1.NamespaceTerminatingCause,
			Message: fmt.Sprintf("namespace %s is being terminated", r.Namespace),
			Field:   "metadata.namespace",
		})
	}
	return refusal
}

// isReview says whether the request only asks about a namespace.
func (r *Request) isReview() bool { return r.Resource.Prefix == "" && r.Resource.Group != "" }
