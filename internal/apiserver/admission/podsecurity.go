package admission

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/core"
	"skiff/internal/api/podsecurity"
)

// PodSecurity holds pods to the standard that the labels of their namespace
// enforce, and warns of what the namespace wants warnings for: of pods, and of
// workloads that would make such pods.
type PodSecurity struct {
	validator
	Reader api.Reader
}

// maxChecked is how many pods of a namespace are looked at when its labels
// change.
const maxChecked = 3000

// Name implements Plugin.
func (PodSecurity) Name() string { return "PodSecurity" }

// Validate implements Plugin.
func (p PodSecurity) Validate(ctx context.Context, r *Request) error {
	if r.Operation != Create && r.Operation != Update {
		return nil
	}
	switch obj := r.Object.(type) {
	case *corev1.Namespace:
		if r.Subresource == "" {
			return p.namespace(ctx, r, obj)
		}
	case *corev1.Pod:
		if r.Subresource == "" || r.Subresource == "ephemeralcontainers" || r.Subresource == "resize" {
			return p.pod(ctx, r, obj)
		}
	default:
		if template := templateOf(r.Object); template != nil && r.Subresource == "" {
			return p.workload(ctx, r, template)
		}
	}
	return nil
}

func (p PodSecurity) policy(ctx context.Context, r *Request) (podsecurity.Policy, error) {
	obj, err := p.Reader.Get(ctx, core.Namespace, "", r.Namespace)
	if err != nil {
		return podsecurity.Policy{}, err
	}
	policy, _ := podsecurity.PolicyOf(obj.GetLabels()) // labels from before they were checked mean the strictest
	return policy, nil
}

func (p PodSecurity) pod(ctx context.Context, r *Request, pod *corev1.Pod) error {
	if old, ok := r.Old.(*corev1.Pod); ok && sameSecurity(pod, old) {
		return nil
	}
	policy, err := p.policy(ctx, r)
	if err != nil || policy.Trivial() {
		return err
	}
	if broken := podsecurity.Evaluate(policy.Enforce, &pod.ObjectMeta, &pod.Spec); len(broken) > 0 {
		return r.forbid(fmt.Sprintf("violates PodSecurity %q: %s", policy.Enforce, broken.Details()))
	}
	r.warnOf(policy.Warn, &pod.ObjectMeta, &pod.Spec)
	return nil
}

func (p PodSecurity) workload(ctx context.Context, r *Request, t *corev1.PodTemplateSpec) error {
	policy, err := p.policy(ctx, r)
	if err != nil {
		return err
	}
	r.warnOf(policy.Warn, &t.ObjectMeta, &t.Spec)
	return nil
}

func (r *Request) warnOf(s podsecurity.Standard, meta *metav1.ObjectMeta, spec *corev1.PodSpec) {
	if broken := podsecurity.Evaluate(s, meta, spec); len(broken) > 0 && r.Warn != nil {
		r.Warn(fmt.Sprintf("would violate PodSecurity %q: %s", s, broken.Details()))
	}
}

// sameSecurity says whether an update of a pod leaves alone what the standards
// look at; of that, only images can change, and ephemeral containers be added.
func sameSecurity(pod, old *corev1.Pod) bool {
	same := func(a, b []corev1.Container) bool {
		return slices.EqualFunc(a, b, func(x, y corev1.Container) bool { return x.Image == y.Image })
	}
	images := map[string]string{}
	for _, c := range old.Spec.EphemeralContainers {
		images[c.Name] = c.Image
	}
	added := slices.ContainsFunc(pod.Spec.EphemeralContainers, func(c corev1.EphemeralContainer) bool {
		image, known := images[c.Name]
		return !known || image != c.Image
	})
	return !added && same(pod.Spec.Containers, old.Spec.Containers) && same(pod.Spec.InitContainers, old.Spec.InitContainers)
}

// templateOf is what an object makes pods from; nil for what makes none.
func templateOf(obj runtime.Object) *corev1.PodTemplateSpec {
	switch o := obj.(type) {
	case *appsv1.Deployment:
		return &o.Spec.Template
	case *appsv1.ReplicaSet:
		return &o.Spec.Template
	case *appsv1.DaemonSet:
		return &o.Spec.Template
	case *appsv1.StatefulSet:
		return &o.Spec.Template
	case *batchv1.Job:
		return &o.Spec.Template
	case *batchv1.CronJob:
		return &o.Spec.JobTemplate.Spec.Template
	case *corev1.ReplicationController:
		return o.Spec.Template
	case *corev1.PodTemplate:
		return &o.Template
	}
	return nil
}

// namespace wants labels that mean something, and warns of pods that a new
// standard would not let in; they stay.
func (p PodSecurity) namespace(ctx context.Context, r *Request, ns *corev1.Namespace) error {
	policy, errs := podsecurity.PolicyOf(ns.Labels)
	old, changed := r.Old.(*corev1.Namespace)
	if !changed {
		return r.invalidLabels(errs)
	}
	was, oldErrs := podsecurity.PolicyOf(old.Labels)
	if len(errs) > 0 && !equality.Semantic.DeepEqual(errs, oldErrs) {
		return r.invalidLabels(errs)
	}
	if policy.Enforce == was.Enforce || policy.Enforce.Level == podsecurity.Privileged || policy.Enforce.Laxer(was.Enforce) {
		return nil
	}
	return p.warnOfPods(ctx, r, ns.Name, policy.Enforce)
}

func (r *Request) invalidLabels(errs field.ErrorList) error {
	if len(errs) == 0 {
		return nil
	}
	return apierrors.NewInvalid(r.Resource.GroupVersionKind.GroupKind(), r.name(), errs)
}

func (p PodSecurity) warnOfPods(ctx context.Context, r *Request, namespace string, s podsecurity.Standard) error {
	pods, err := p.Reader.List(ctx, core.Pod, namespace)
	if err != nil || r.Warn == nil {
		return err
	}
	if len(pods) > maxChecked {
		r.Warn(fmt.Sprintf("new PodSecurity enforce level only checked against the first %d of %d existing pods", maxChecked, len(pods)))
		pods = pods[:maxChecked]
	}
	violators := map[string][]string{} // names of pods, by what they violate
	for _, obj := range pods {
		pod := obj.(*corev1.Pod)
		if broken := podsecurity.Evaluate(s, &pod.ObjectMeta, &pod.Spec); len(broken) > 0 {
			violators[broken.Reasons()] = append(violators[broken.Reasons()], pod.Name)
		}
	}
	if len(violators) == 0 {
		return nil
	}
	r.Warn(fmt.Sprintf("existing pods in namespace %q violate the new PodSecurity enforce level %q", namespace, s))
	var lines []string
	for reasons, names := range violators {
		lines = append(lines, someOf(names)+": "+reasons)
	}
	slices.Sort(lines)
	for _, line := range lines {
		r.Warn(line)
	}
	return nil
}

// someOf names the first, and how many others there are.
func someOf(names []string) string {
	slices.Sort(names)
	switch len(names) {
	case 1:
		return names[0]
	case 2:
		return names[0] + " (and 1 other pod)"
	}
	return fmt.Sprintf("%s (and %d other pods)", names[0], len(names)-1)
}
