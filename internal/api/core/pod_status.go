package core

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"

	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
)

// keepPodStatus keeps what writers of status are known to drop: the quality of
// service class, set for good at creation, and the generations observed.
func keepPodStatus(was, sent *corev1.Pod) {
	s := &sent.Status
	meta.Fill(&s.QOSClass, was.Status.QOSClass)
	meta.Fill(&s.ObservedGeneration, was.Status.ObservedGeneration)
	// A type may be there more than once; each takes the next of the old ones.
	old := map[corev1.PodConditionType][]int64{}
	for _, c := range was.Status.Conditions {
		old[c.Type] = append(old[c.Type], c.ObservedGeneration)
	}
	for i := range s.Conditions {
		c := &s.Conditions[i]
		if generations := old[c.Type]; len(generations) > 0 {
			meta.Fill(&c.ObservedGeneration, generations[0])
			old[c.Type] = generations[1:]
		}
	}
}

// validatePodStatus judges what kubelets, and others, write of a pod.
func validatePodStatus(o, old *corev1.Pod) field.ErrorList {
	p := field.NewPath("status")
	errs := pod.ValidateAnnotationsUpdate(o, old, field.NewPath("metadata", "annotations"))
	errs = append(errs, validatePodConditions(o.Status.Conditions, p.Child("conditions"))...)
	errs = append(errs, validateNomination(o, old, p.Child("nominatedNodeName"))...)
	errs = append(errs, validateObserved(o.Status.ObservedGeneration, p)...)
	errs = append(errs, meta.Immutable(p.Child("qosClass"), o.Status.QOSClass, old.Status.QOSClass)...)
	errs = append(errs, validateEnded(o, old, p)...)
	errs = append(errs, validateClaimStatuses(o, p.Child("resourceClaimStatuses"))...)
	errs = append(errs, validateExtendedClaim(o, p.Child("extendedResourceClaimStatus"))...)
	errs = append(errs, validatePodAddresses(o, p)...)
	return append(errs, validateContainerStatuses(o, p)...)
}

func validateObserved(generation int64, p *field.Path) field.ErrorList {
	if generation < 0 {
		return field.ErrorList{field.Invalid(p.Child("observedGeneration"), generation, "must be a non-negative integer")}
	}
	return nil
}

// validatePodConditions: those that Kubernetes sets are known; those of others
// have a domain or a plain name.
func validatePodConditions(conditions []corev1.PodCondition, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, c := range conditions {
		errs = append(errs, validateObserved(c.ObservedGeneration, p.Index(i))...)
		switch c.Type {
		case corev1.PodScheduled, corev1.PodReady, corev1.PodInitialized:
		default:
			errs = append(errs, meta.Invalid(p.Index(i).Child("Type"), string(c.Type), validation.IsQualifiedName(string(c.Type)))...)
		}
	}
	return errs
}

// validateNomination: a node is nominated for pods that are on none yet.
func validateNomination(o, old *corev1.Pod, p *field.Path) field.ErrorList {
	name := o.Status.NominatedNodeName
	if name == "" || name == old.Status.NominatedNodeName {
		return nil
	}
	errs := meta.Invalid(p, name, meta.Subdomain(name, false))
	if old.Spec.NodeName != "" {
		errs = append(errs, field.Forbidden(p, "may not be set on pods that are already bound to a node"))
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
	if len(ips) < 2 {
		return errs
	}
	dual, err := netutils.IsDualStackIPStrings(ips)
	if err != nil {
		errs = append(errs, field.InternalError(p, fmt.Errorf("failed to check for dual stack with error:%v", err)))
	}
	if !dual || len(ips) > 2 {
		errs = append(errs, field.Invalid(p, value, "may specify no more than one IP for each IP family"))
	}
	return errs
}
