package admission

import (
	"context"
	"fmt"
	"slices"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	psapi "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"skiff/internal/api"
	"skiff/internal/api/core"
)

// PodSecurity holds pods to the standard that the labels of their namespace
// enforce, and warns of what the namespace wants warnings for: of pods, and of
// workloads that would make such pods.
type PodSecurity struct {
	Reader api.Reader
}

// maxChecked is how many pods of a namespace are looked at when its labels
// change.
const maxChecked = 3000

// lax is what a namespace without labels asks for.
var lax = psapi.Policy{
	Enforce: psapi.LevelVersion{Level: psapi.LevelPrivileged, Version: psapi.LatestVersion()},
	Audit:   psapi.LevelVersion{Level: psapi.LevelPrivileged, Version: psapi.LatestVersion()},
	Warn:    psapi.LevelVersion{Level: psapi.LevelPrivileged, Version: psapi.LatestVersion()},
}

// standards are the Pod Security Standards of all releases.
var standards = sync.OnceValue(func() policy.Evaluator {
	e, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		panic(err) // they are part of the program
	}
	return e
})

// breaches is what a pod, or what a controller makes pods of, breaks of a
// standard.
func breaches(s psapi.LevelVersion, meta *metav1.ObjectMeta, spec *corev1.PodSpec) policy.AggregateCheckResult {
	if s.Level == psapi.LevelPrivileged {
		return policy.AggregateCheckResult{Allowed: true}
	}
	return policy.AggregateCheckResults(standards().EvaluatePod(s, meta, spec))
}

// Name implements Plugin.
func (PodSecurity) Name() string { return "PodSecurity" }

// Validate implements Validator.
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

func (p PodSecurity) policy(ctx context.Context, r *Request) (psapi.Policy, error) {
	obj, err := p.Reader.Get(ctx, core.Namespace, "", r.Namespace)
	if err != nil {
		return psapi.Policy{}, err
	}
	asked, _ := psapi.PolicyToEvaluate(obj.GetLabels(), lax) // labels from before they were checked mean the strictest
	return asked, nil
}

func (p PodSecurity) pod(ctx context.Context, r *Request, pod *corev1.Pod) error {
	if old, ok := r.Old.(*corev1.Pod); ok && sameSecurity(pod, old) {
		return nil
	}
	asked, err := p.policy(ctx, r)
	if err != nil || asked.FullyPrivileged() {
		return err
	}
	if found := breaches(asked.Enforce, &pod.ObjectMeta, &pod.Spec); !found.Allowed {
		return r.forbid(fmt.Sprintf("violates PodSecurity %q: %s", asked.Enforce, found.ForbiddenDetail()))
	}
	r.warnOf(asked.Warn, &pod.ObjectMeta, &pod.Spec)
	return nil
}

func (p PodSecurity) workload(ctx context.Context, r *Request, t *corev1.PodTemplateSpec) error {
	asked, err := p.policy(ctx, r)
	if err != nil {
		return err
	}
	r.warnOf(asked.Warn, &t.ObjectMeta, &t.Spec)
	return nil
}

func (r *Request) warnOf(s psapi.LevelVersion, meta *metav1.ObjectMeta, spec *corev1.PodSpec) {
	if found := breaches(s, meta, spec); !found.Allowed && r.Warn != nil {
		r.Warn(fmt.Sprintf("would violate PodSecurity %q: %s", s, found.ForbiddenDetail()))
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
	asked, errs := psapi.PolicyToEvaluate(ns.Labels, lax)
	old, changed := r.Old.(*corev1.Namespace)
	if !changed {
		return r.invalidLabels(errs)
	}
	was, oldErrs := psapi.PolicyToEvaluate(old.Labels, lax)
	if len(errs) > 0 && !equality.Semantic.DeepEqual(errs, oldErrs) {
		return r.invalidLabels(errs)
	}
	laxer := asked.Enforce.Version == was.Enforce.Version && psapi.CompareLevels(asked.Enforce.Level, was.Enforce.Level) <= 0
	if laxer || asked.Enforce.Level == psapi.LevelPrivileged {
		return nil
	}
	return p.warnOfPods(ctx, r, ns.Name, asked.Enforce)
}

func (r *Request) invalidLabels(errs field.ErrorList) error {
	if len(errs) == 0 {
		return nil
	}
	return apierrors.NewInvalid(r.Resource.GroupVersionKind.GroupKind(), r.name(), errs)
}

func (p PodSecurity) warnOfPods(ctx context.Context, r *Request, namespace string, s psapi.LevelVersion) error {
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
		if found := breaches(s, &pod.ObjectMeta, &pod.Spec); !found.Allowed {
			reasons := found.ForbiddenReason()
			violators[reasons] = append(violators[reasons], pod.Name)
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
