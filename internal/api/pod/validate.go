package pod

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"skiff/internal/api/meta"
)

// Validate judges a pod, but for the metadata that all kinds share.
func Validate(o *corev1.Pod) field.ErrorList {
	p := field.NewPath("spec")
	errs := validateAnnotations(o.Annotations, &o.Spec, field.NewPath("metadata", "annotations"))
	errs = append(errs, validateSpec(&o.Spec, &o.ObjectMeta, p)...)
	if o.Spec.ServiceAccountName != "" {
		return errs
	}
	for i, v := range o.Spec.Volumes {
		if v.Projected == nil {
			continue
		}
		for j, s := range v.Projected.Sources {
			if s.ServiceAccountToken != nil {
				errs = append(errs, field.Forbidden(p.Child("volumes").Index(i).Child("projected", "sources").Index(j).Child("serviceAccountToken"),
					"must not be specified when serviceAccountName is not set"))
			}
		}
	}
	return errs
}

// ValidateNew judges what only a new pod must not have.
func ValidateNew(o *corev1.Pod) field.ErrorList {
	p := field.NewPath("spec")
	var errs field.ErrorList
	if len(o.Spec.EphemeralContainers) > 0 {
		errs = append(errs, field.Forbidden(p.Child("ephemeralContainers"), "cannot be set on create"))
	}
	if o.Spec.NodeName != "" && len(o.Spec.SchedulingGates) > 0 {
		errs = append(errs, field.Forbidden(p.Child("nodeName"), "cannot be set until all schedulingGates have been cleared"))
	}
	return errs
}

// ValidateTemplate judges a template of pods at path p.
func ValidateTemplate(t *corev1.PodTemplateSpec, p *field.Path) field.ErrorList {
	errs := meta.Labels(p.Child("labels"), t.Labels)
	errs = append(errs, apivalidation.ValidateAnnotations(t.Annotations, p.Child("annotations"))...)
	errs = append(errs, validateAnnotations(t.Annotations, &t.Spec, p.Child("annotations"))...)
	errs = append(errs, validateSpec(&t.Spec, nil, p.Child("spec"))...)
	if len(t.Spec.EphemeralContainers) > 0 {
		errs = append(errs, field.Forbidden(p.Child("spec", "ephemeralContainers"), "ephemeral containers not allowed in pod template"))
	}
	return errs
}

// validateSpec judges a PodSpec at path p. of is the metadata of its pod, nil
// in a template.
func validateSpec(s *corev1.PodSpec, of *metav1.ObjectMeta, p *field.Path) field.ErrorList {
	volumes, errs := validateVolumes(s.Volumes, of, p.Child("volumes"))
	errs = append(errs, validatePodClaims(s.ResourceClaims, p.Child("resourceClaims"))...)
	v := &containers{spec: s, isPod: of != nil, volumes: volumes, names: meta.Unique[string]{}}
	errs = append(errs, v.validate(p)...)
	errs = append(errs, validatePodResources(s, p.Child("resources"))...)
	errs = append(errs, validateHostNetwork(s, of != nil, p)...)
	errs = append(errs, meta.Enum(p.Child("restartPolicy"), s.RestartPolicy,
		corev1.RestartPolicyAlways, corev1.RestartPolicyOnFailure, corev1.RestartPolicyNever)...)
	errs = append(errs, meta.Enum(p.Child("dnsPolicy"), s.DNSPolicy,
		corev1.DNSClusterFirstWithHostNet, corev1.DNSClusterFirst, corev1.DNSDefault, corev1.DNSNone)...)
	errs = append(errs, meta.Labels(p.Child("nodeSelector"), s.NodeSelector)...)
	errs = append(errs, validatePodSecurity(s, p.Child("securityContext"))...)
	errs = append(errs, validateAffinity(s.Affinity, p.Child("affinity"))...)
	errs = append(errs, validateDNS(s, p.Child("dnsConfig"))...)
	errs = append(errs, validateGates(s, p)...)
	errs = append(errs, validateSpread(s.TopologySpreadConstraints, p.Child("topologySpreadConstraints"))...)
	errs = append(errs, validateHostProcess(s, p)...)
	errs = append(errs, validateHostUsers(s, p)...)
	errs = append(errs, validateNames(s, p)...)
	errs = append(errs, ValidateTolerations(s.Tolerations, p.Child("tolerations"))...)
	errs = append(errs, validateHostAliases(s.HostAliases, p.Child("hostAliases"))...)
	if s.PreemptionPolicy != nil {
		errs = append(errs, meta.Enum(p.Child("preemptionPolicy"), *s.PreemptionPolicy, corev1.PreemptLowerPriority, corev1.PreemptNever)...)
	}
	errs = append(errs, ValidateOverhead(s.Overhead, p.Child("overhead"))...)
	return append(errs, validateOS(s, p)...)
}

// ValidateActiveDeadline judges spec.activeDeadlineSeconds.
func ValidateActiveDeadline(p *field.Path, seconds int64) field.ErrorList {
	const max = 1<<31 - 1
	if seconds < 1 || seconds > max {
		return field.ErrorList{field.Invalid(p, seconds, validation.InclusiveRangeError(1, max))}
	}
	return nil
}

func validateNames(s *corev1.PodSpec, p *field.Path) field.ErrorList {
	errs := meta.OptionalName(p.Child("serviceAccountName"), s.ServiceAccountName, meta.Subdomain)
	errs = append(errs, meta.OptionalName(p.Child("nodeName"), s.NodeName, meta.Subdomain)...)
	if d := s.ActiveDeadlineSeconds; d != nil {
		errs = append(errs, ValidateActiveDeadline(p.Child("activeDeadlineSeconds"), *d)...)
	}
	errs = append(errs, meta.Optional(p.Child("hostname"), s.Hostname, validation.IsDNS1123Label)...)
	errs = append(errs, meta.Optional(p.Child("subdomain"), s.Subdomain, validation.IsDNS1123Label)...)
	errs = append(errs, validateHostnameOverride(s, p)...)
	errs = append(errs, meta.OptionalName(p.Child("priorityClassName"), s.PriorityClassName, meta.Subdomain)...)
	if n := s.RuntimeClassName; n != nil {
		errs = append(errs, meta.Invalid(p.Child("runtimeClassName"), *n, meta.Subdomain(*n, false))...)
	}
	return errs
}

// maxHostname is what the kernel takes for the name of a host.
const maxHostname = 64

func validateHostnameOverride(s *corev1.PodSpec, p *field.Path) field.ErrorList {
	name := ptr.Deref(s.HostnameOverride, "")
	if name == "" {
		return nil
	}
	hp := p.Child("hostnameOverride")
	errs := meta.Invalid(hp, name, validation.IsDNS1123Subdomain(name))
	if len(name) > maxHostname {
		errs = append(errs, field.TooLong(hp, name, maxHostname))
	}
	if s.HostNetwork {
		errs = append(errs, field.Forbidden(hp, "may not be specified when hostNetwork is true"))
	}
	if ptr.Deref(s.SetHostnameAsFQDN, false) {
		errs = append(errs, field.Forbidden(hp, "may not be specified when setHostnameAsFQDN is true"))
	}
	return errs
}

const (
	maxNameservers       = 3
	maxSearches          = 32
	maxSearchesCharacter = 2048
)

func validateDNS(s *corev1.PodSpec, p *field.Path) field.ErrorList {
	c := s.DNSConfig
	if s.DNSPolicy == corev1.DNSNone {
		if c == nil {
			return field.ErrorList{field.Required(p, fmt.Sprintf("must provide `dnsConfig` when `dnsPolicy` is %s", corev1.DNSNone))}
		}
		if len(c.Nameservers) == 0 {
			return field.ErrorList{field.Required(p.Child("nameservers"), fmt.Sprintf("must provide at least one DNS nameserver when `dnsPolicy` is %s", corev1.DNSNone))}
		}
	}
	if c == nil {
		return nil
	}
	var errs field.ErrorList
	if len(c.Nameservers) > maxNameservers {
		errs = append(errs, field.Invalid(p.Child("nameservers"), c.Nameservers, fmt.Sprintf("must not have more than %d nameservers", maxNameservers)))
	}
	for i, n := range c.Nameservers {
		errs = append(errs, validation.IsValidIPForLegacyField(p.Child("nameservers").Index(i), n, false, nil)...)
	}
	if len(c.Searches) > maxSearches {
		errs = append(errs, field.Invalid(p.Child("searches"), c.Searches, fmt.Sprintf("must not have more than %d search paths", maxSearches)))
	}
	if len(strings.Join(c.Searches, " ")) > maxSearchesCharacter {
		errs = append(errs, field.Invalid(p.Child("searches"), c.Searches, fmt.Sprintf("must not have more than %d characters (including spaces) in the search list", maxSearchesCharacter)))
	}
	for i, search := range c.Searches {
		if search == "." {
			continue
		}
		search = strings.TrimSuffix(search, ".")
		errs = append(errs, meta.Invalid(p.Child("searches").Index(i), search, validation.IsDNS1123SubdomainWithUnderscore(search))...)
	}
	for i, o := range c.Options {
		if o.Name == "" {
			errs = append(errs, field.Required(p.Child("options").Index(i), "must not be empty"))
		}
	}
	return errs
}

func validateHostAliases(aliases []corev1.HostAlias, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, a := range aliases {
		errs = append(errs, validation.IsValidIPForLegacyField(p.Index(i).Child("ip"), a.IP, false, nil)...)
		for j, name := range a.Hostnames {
			errs = append(errs, meta.Invalid(p.Index(i).Child("hostnames").Index(j), name, validation.IsDNS1123Subdomain(name))...)
		}
	}
	return errs
}
