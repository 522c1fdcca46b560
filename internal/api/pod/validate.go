package pod

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// Validate judges a pod, but for the metadata that all kinds share.
func Validate(o *corev1.Pod) field.ErrorList {
	return append(ValidateAnnotations(o), ValidateSpec(o)...)
}

// ValidateAnnotations judges those that mean something of a pod.
func ValidateAnnotations(o *corev1.Pod) field.ErrorList {
	return validateAnnotations(o.Annotations, &o.Spec, field.NewPath("metadata", "annotations"))
}

// ValidateSpec judges a pod's spec.
func ValidateSpec(o *corev1.Pod) field.ErrorList {
	p := field.NewPath("spec")
	errs := validateSpec(&o.Spec, &o.ObjectMeta, p)
	if o.Spec.ServiceAccountName == "" {
		errs = append(errs, validateNoTokens(&o.Spec, p.Child("volumes"))...)
	}
	for i := range o.Spec.Containers {
		errs = append(errs, validateImage(&o.Spec.Containers[i], p.Child("containers").Index(i))...)
	}
	for i := range o.Spec.InitContainers {
		errs = append(errs, validateImage(&o.Spec.InitContainers[i], p.Child("initContainers").Index(i))...)
	}
	return errs
}

// validateNoTokens: who is nobody has no token to project.
func validateNoTokens(s *corev1.PodSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, v := range s.Volumes {
		if v.Projected == nil {
			continue
		}
		for j, source := range v.Projected.Sources {
			if source.ServiceAccountToken != nil {
				errs = append(errs, field.Forbidden(p.Index(i).Child("projected", "sources").Index(j).Child("serviceAccountToken"),
					"must not be specified when serviceAccountName is not set"))
			}
		}
	}
	return errs
}

// validateImage judges an image as a node will pull it. Templates may have more
// around it, for they always could.
func validateImage(c *corev1.Container, p *field.Path) field.ErrorList {
	if strings.TrimSpace(c.Image) != c.Image {
		return field.ErrorList{field.Invalid(p.Child("image"), c.Image, "must not have leading or trailing whitespace")}
	}
	return nil
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
	return append(errs, validateProfiles(o.Annotations, &o.Spec, p)...)
}

// ValidateTemplate judges a template of pods at path p.
func ValidateTemplate(t *corev1.PodTemplateSpec, p *field.Path) field.ErrorList {
	errs := meta.Labels(p.Child("labels"), t.Labels)
	errs = append(errs, apivalidation.ValidateAnnotations(t.Annotations, p.Child("annotations"))...)
	errs = append(errs, validateAnnotations(t.Annotations, &t.Spec, p.Child("annotations"))...)
	errs = append(errs, validateSpec(&t.Spec, nil, p.Child("spec"))...)
	errs = append(errs, validateProfiles(t.Annotations, &t.Spec, p.Child("spec"))...)
	if len(t.Spec.EphemeralContainers) > 0 {
		errs = append(errs, field.Forbidden(p.Child("spec", "ephemeralContainers"), "ephemeral containers not allowed in pod template"))
	}
	return errs
}

// validateSpec judges a PodSpec at path p. of is the metadata of its pod, nil
// in a template.
func validateSpec(s *corev1.PodSpec, of *metav1.ObjectMeta, p *field.Path) field.ErrorList {
	volumes, errs := validateVolumes(s.Volumes, of, p.Child("volumes"))
	errs = append(errs, validatePodClaims(s.ResourceClaims, of, p.Child("resourceClaims"))...)
	errs = append(errs, validateContainers(s, volumes, p)...)
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
	errs = append(errs, validateHostnameOverride(s, p.Child("hostnameOverride"))...)
	errs = append(errs, validateNames(s, p)...)
	errs = append(errs, ValidateTolerations(s.Tolerations, p.Child("tolerations"))...)
	errs = append(errs, validateHostAliases(s.HostAliases, p.Child("hostAliases"))...)
	errs = append(errs, validateClasses(s, p)...)
	errs = append(errs, ValidateOverhead(s.Overhead, p.Child("overhead"))...)
	errs = append(errs, validateOS(s, p)...)
	return append(errs, validateEnvFiles(s, p)...)
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
	return append(errs, meta.Optional(p.Child("subdomain"), s.Subdomain, validation.IsDNS1123Label)...)
}

// validateClasses judges how important the pod is, and how it is run.
func validateClasses(s *corev1.PodSpec, p *field.Path) field.ErrorList {
	errs := meta.OptionalName(p.Child("priorityClassName"), s.PriorityClassName, meta.Subdomain)
	if n := s.RuntimeClassName; n != nil {
		errs = append(errs, meta.Invalid(p.Child("runtimeClassName"), *n, meta.Subdomain(*n, false))...)
	}
	if s.PreemptionPolicy != nil {
		errs = append(errs, meta.Enum(p.Child("preemptionPolicy"), *s.PreemptionPolicy, corev1.PreemptLowerPriority, corev1.PreemptNever)...)
	}
	return errs
}
