package job

import (
	"fmt"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// ruling is what spec.podFailurePolicy says of a failed pod.
type ruling struct {
	action  batchv1.PodFailurePolicyAction // Count where no rule applies
	message string                         // of FailJob
}

// rule applies the first of job's rules that matches.
func rule(job *batchv1.Job, p *corev1.Pod) ruling {
	if job.Spec.PodFailurePolicy == nil || p.Status.Phase != corev1.PodFailed {
		return ruling{action: batchv1.PodFailurePolicyActionCount}
	}
	for i, r := range job.Spec.PodFailurePolicy.Rules {
		if what, ok := matches(r, p); ok {
			return ruling{r.Action, fmt.Sprintf("%s matching %s rule at index %d", what, r.Action, i)}
		}
	}
	return ruling{action: batchv1.PodFailurePolicyActionCount}
}

func matches(r batchv1.PodFailurePolicyRule, p *corev1.Pod) (what string, ok bool) {
	if r.OnExitCodes != nil {
		return matchesExit(r.OnExitCodes, p)
	}
	for _, want := range r.OnPodConditions {
		for _, c := range p.Status.Conditions {
			if c.Type == want.Type && c.Status == want.Status {
				return fmt.Sprintf("Pod %s/%s has condition %v", p.Namespace, p.Name, c.Type), true
			}
		}
	}
	return "", false
}

func matchesExit(r *batchv1.PodFailurePolicyOnExitCodesRequirement, p *corev1.Pod) (what string, ok bool) {
	for _, s := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		end := s.State.Terminated
		if end == nil || end.ExitCode == 0 || r.ContainerName != nil && *r.ContainerName != s.Name {
			continue
		}
		if slices.Contains(r.Values, end.ExitCode) == (r.Operator == batchv1.PodFailurePolicyOnExitCodesOpIn) {
			return fmt.Sprintf("Container %s for pod %s/%s failed with exit code %d", s.Name, p.Namespace, p.Name, end.ExitCode), true
		}
	}
	return "", false
}
