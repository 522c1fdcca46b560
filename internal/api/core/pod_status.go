package core

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
)

// validatePodStatus judges what kubelets, and others, write of a pod.
func validatePodStatus(o, old *corev1.Pod) field.ErrorList {
	p := field.NewPath("status")
	errs := pod.ValidateAnnotationsUpdate(o, old, field.NewPath("metadata", "annotations"))
	errs = append(errs, validatePodConditions(o.Status.Conditions)...)
	if n := o.Status.NominatedNodeName; n != "" && n != old.Status.NominatedNodeName {
		errs = append(errs, meta.Invalid(p.Child("nominatedNodeName"), n, meta.Subdomain(n, false))...)
	}
	errs = append(errs, meta.Immutable(p.Child("qosClass"), o.Status.QOSClass, old.Status.QOSClass)...)
	errs = append(errs, validateEnded(o, old, p)...)
	errs = append(errs, validateClaimStatuses(o, p.Child("resourceClaimStatuses"))...)
	return append(errs, validatePodAddresses(o, p)...)
}

// validatePodConditions: those that Kubernetes sets are known; those of others
// have a domain or a plain name.
func validatePodConditions(conditions []corev1.PodCondition) field.ErrorList {
	var errs field.ErrorList
	for i, c := range conditions {
		switch c.Type {
		case corev1.PodScheduled, corev1.PodReady, corev1.PodInitialized:
		default:
			errs = append(errs, meta.Invalid(field.NewPath("metadata", "conditions").Index(i).Child("Type"), string(c.Type), validation.IsQualifiedName(string(c.Type)))...)
		}
	}
	return errs
}

// validateEnded: a container that ended for good does not run again.
func validateEnded(o, old *corev1.Pod, p *field.Path) field.ErrorList {
	policies := map[string]corev1.RestartPolicy{}
	pod.EachContainer(&old.Spec, func(c *corev1.Container, t pod.ContainerType) {
		policy := old.Spec.RestartPolicy
		switch {
		case t == pod.EphemeralContainers:
			policy = corev1.RestartPolicyNever
		case len(c.RestartPolicyRules) > 0:
			policy = corev1.RestartPolicyAlways // a rule may start it again, whatever its exit code
		case c.RestartPolicy != nil:
			policy = corev1.RestartPolicy(*c.RestartPolicy)
		}
		policies[c.Name] = policy
	})
	var errs field.ErrorList
	for _, list := range []struct {
		name    string
		is, was []corev1.ContainerStatus
	}{
		{"containerStatuses", o.Status.ContainerStatuses, old.Status.ContainerStatuses},
		{"initContainerStatuses", o.Status.InitContainerStatuses, old.Status.InitContainerStatuses},
		{"ephemeralContainerStatuses", o.Status.EphemeralContainerStatuses, old.Status.EphemeralContainerStatuses},
	} {
		for i, was := range list.was {
			policy, known := policies[was.Name]
			if !known {
				policy = old.Spec.RestartPolicy
			}
			if endedForGood(was.State.Terminated, policy) && runsAgain(list.is, was.Name) {
				errs = append(errs, field.Forbidden(p.Child(list.name).Index(i).Child("state"), "may not be transitioned to non-terminated state"))
			}
		}
	}
	return errs
}

func endedForGood(t *corev1.ContainerStateTerminated, policy corev1.RestartPolicy) bool {
	return t != nil && (policy == corev1.RestartPolicyNever || policy == corev1.RestartPolicyOnFailure && t.ExitCode == 0)
}

func runsAgain(list []corev1.ContainerStatus, name string) bool {
	for _, c := range list {
		if c.Name == name && c.State.Terminated == nil {
			return true
		}
	}
	return false
}

func validateClaimStatuses(o *corev1.Pod, p *field.Path) field.ErrorList {
	ofSpec := map[string]bool{}
	for _, c := range o.Spec.ResourceClaims {
		ofSpec[c.Name] = true
	}
	var errs field.ErrorList
	seen := meta.Unique[string]{}
	for i, s := range o.Status.ResourceClaimStatuses {
		np := p.Index(i).Child("name")
		if !ofSpec[s.Name] {
			errs = append(errs, field.Invalid(np, s.Name, "must match the name of an entry in `spec.resourceClaims`"))
		}
		errs = append(errs, seen.Check(np, s.Name)...)
		if n := s.ResourceClaimName; n != nil {
			errs = append(errs, meta.Invalid(np, *n, meta.Subdomain(*n, false))...)
		}
	}
	return errs
}

// validatePodAddresses: of each family, a pod and its node have one address.
func validatePodAddresses(o *corev1.Pod, p *field.Path) field.ErrorList {
	var ips, hosts []string
	for _, a := range o.Status.PodIPs {
		ips = append(ips, a.IP)
	}
	for _, a := range o.Status.HostIPs {
		hosts = append(hosts, a.IP)
	}
	errs := oneOfEachFamily(p.Child("podIPs"), ips, o.Status.PodIPs)
	if len(hosts) > 0 && o.Status.HostIP != hosts[0] {
		errs = append(errs, field.Invalid(p.Child("hostIPs").Index(0).Child("ip"), hosts[0], "must be equal to `hostIP`"))
	}
	return append(errs, oneOfEachFamily(p.Child("hostIPs"), hosts, o.Status.HostIPs)...)
}

func oneOfEachFamily(p *field.Path, ips []string, value any) field.ErrorList {
	var errs field.ErrorList
	for i, ip := range ips {
		errs = append(errs, validation.IsValidIPForLegacyField(p.Index(i), ip, false, nil)...)
	}
	if len(ips) < 2 || len(errs) > 0 {
		return errs
	}
	if len(ips) > 2 || strings.Contains(ips[0], ":") == strings.Contains(ips[1], ":") {
		errs = append(errs, field.Invalid(p, value, "may specify no more than one IP for each IP family"))
	}
	seen := map[string]bool{}
	for i, ip := range ips {
		if seen[ip] {
			errs = append(errs, field.Duplicate(p.Index(i), fmt.Sprintf("{IP:%s}", ip)))
		}
		seen[ip] = true
	}
	return errs
}
