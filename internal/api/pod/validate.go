package pod

import (
	"fmt"
	"net/netip"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	apivalidation "k8s.io/apimachinery/pkg/api/validation"

	"skiff/internal/api/meta"
)

// ValidateTemplate judges a template of pods at path p.
func ValidateTemplate(t *corev1.PodTemplateSpec, p *field.Path) field.ErrorList {
	errs := meta.Labels(p.Child("labels"), t.Labels)
	errs = append(errs, apivalidation.ValidateAnnotations(t.Annotations, p.Child("annotations"))...)
	errs = append(errs, ValidateSpec(&t.Spec, p.Child("spec"))...)
	if len(t.Spec.EphemeralContainers) > 0 {
		errs = append(errs, field.Forbidden(p.Child("spec", "ephemeralContainers"), "ephemeral containers not allowed in pod template"))
	}
	return errs
}

// ValidateSpec judges a PodSpec at path p.
func ValidateSpec(s *corev1.PodSpec, p *field.Path) field.ErrorList {
	names, errs := validateVolumes(s.Volumes, p.Child("volumes"))
	v := &containers{spec: s, volumes: names, ports: meta.Unique[string]{}, names: meta.Unique[string]{}}
	errs = append(errs, v.validate(p)...)
	errs = append(errs, validatePolicies(s, p)...)
	errs = append(errs, validateNames(s, p)...)
	errs = append(errs, validatePodSecurity(s, p.Child("securityContext"))...)
	errs = append(errs, validateDNS(s, p)...)
	errs = append(errs, validateScheduling(s, p)...)
	errs = append(errs, validateHostAliases(s.HostAliases, p.Child("hostAliases"))...)
	return append(errs, validateResourceList(s.Overhead, p.Child("overhead"))...)
}

func validatePolicies(s *corev1.PodSpec, p *field.Path) field.ErrorList {
	errs := meta.Enum(p.Child("restartPolicy"), s.RestartPolicy,
		corev1.RestartPolicyAlways, corev1.RestartPolicyOnFailure, corev1.RestartPolicyNever)
	errs = append(errs, meta.EnumOr(p.Child("preemptionPolicy"), s.PreemptionPolicy,
		corev1.PreemptLowerPriority, corev1.PreemptNever)...)
	if d := s.ActiveDeadlineSeconds; d != nil {
		errs = append(errs, ValidateActiveDeadline(p.Child("activeDeadlineSeconds"), *d)...)
	}
	if s.ShareProcessNamespace != nil && *s.ShareProcessNamespace && s.HostPID {
		errs = append(errs, field.Invalid(p.Child("shareProcessNamespace"), true, "ShareProcessNamespace and HostPID cannot both be enabled"))
	}
	if s.OS != nil {
		errs = append(errs, meta.Enum(p.Child("os", "name"), s.OS.Name, corev1.Linux, corev1.Windows)...)
	}
	return errs
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
	errs = append(errs, meta.OptionalName(p.Child("priorityClassName"), s.PriorityClassName, meta.Subdomain)...)
	if s.RuntimeClassName != nil {
		errs = append(errs, meta.Name(p.Child("runtimeClassName"), *s.RuntimeClassName, meta.Subdomain)...)
	}
	errs = append(errs, meta.Optional(p.Child("hostname"), s.Hostname, validation.IsDNS1123Label)...)
	errs = append(errs, meta.Optional(p.Child("subdomain"), s.Subdomain, validation.IsDNS1123Label)...)
	errs = append(errs, meta.Labels(p.Child("nodeSelector"), s.NodeSelector)...)
	for i, g := range s.ReadinessGates {
		errs = append(errs, meta.Invalid(p.Child("readinessGates").Index(i).Child("conditionType"),
			string(g.ConditionType), validation.IsQualifiedName(string(g.ConditionType)))...)
	}
	return errs
}

const (
	maxNameservers       = 3
	maxSearches          = 32
	maxSearchesCharacter = 2048
)

func validateDNS(s *corev1.PodSpec, p *field.Path) field.ErrorList {
	errs := meta.Enum(p.Child("dnsPolicy"), s.DNSPolicy,
		corev1.DNSClusterFirstWithHostNet, corev1.DNSClusterFirst, corev1.DNSDefault, corev1.DNSNone)
	p = p.Child("dnsConfig")
	if s.DNSPolicy == corev1.DNSNone {
		if s.DNSConfig == nil {
			return append(errs, field.Required(p, fmt.Sprintf("must provide `dnsConfig` when `dnsPolicy` is %s", corev1.DNSNone)))
		}
		if len(s.DNSConfig.Nameservers) == 0 {
			return append(errs, field.Required(p.Child("nameservers"), fmt.Sprintf("must provide at least one DNS nameserver when `dnsPolicy` is %s", corev1.DNSNone)))
		}
	}
	c := s.DNSConfig
	if c == nil {
		return errs
	}
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

// validateIP is for addresses that may be left out.
func validateIP(p *field.Path, ip string) field.ErrorList {
	if ip == "" {
		return nil
	}
	if _, err := netip.ParseAddr(ip); err != nil {
		return validation.IsValidIPForLegacyField(p, ip, false, nil)
	}
	return nil
}
