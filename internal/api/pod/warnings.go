package pod

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"

	"skiff/internal/api/meta"
)

// Warnings are what clients are told of a pod that is good enough to be stored:
// what is on its way out, has no effect, or hardly means what it says.
func Warnings(o *corev1.Pod) []string { return warnings(o.Annotations, &o.Spec, nil) }

// TemplateWarnings is Warnings for the template at p.
func TemplateWarnings(t *corev1.PodTemplateSpec, p *field.Path) []string {
	if t == nil {
		return nil
	}
	return warnings(t.Annotations, &t.Spec, p)
}

// TemplateUpdateWarnings is TemplateWarnings for a template of o, which was old:
// there is nothing to say unless what is wanted has changed.
func TemplateUpdateWarnings(o, old metav1.Object, t *corev1.PodTemplateSpec, p *field.Path) []string {
	if o.GetGeneration() == old.GetGeneration() {
		return nil
	}
	return TemplateWarnings(t, p)
}

// warnings remark on the pod, or template, that stands at p: nil for a pod.
func warnings(annotations map[string]string, s *corev1.PodSpec, p *field.Path) []string {
	sp, ap := p.Child("spec"), p.Child("metadata", "annotations")
	out := nodeWarnings(s, sp)
	out = append(out, spreadWarnings(s.TopologySpreadConstraints, sp.Child("topologySpreadConstraints"))...)
	out = append(out, annotationWarnings(annotations, ap)...)
	out = append(out, volumeWarnings(s.Volumes, sp.Child("volumes"))...)
	out = append(out, overlapWarnings(s.Volumes)...)
	out = append(out, repeatedWarnings(s, sp)...)
	out = append(out, fractions(s.Overhead, sp.Child("overhead"), corev1.ResourceMemory, corev1.ResourceEphemeralStorage)...)
	if c := s.SecurityContext; c == nil || c.SeccompProfile == nil {
		out = append(out, replaced(annotations, corev1.SeccompPodAnnotationKey, seccompField, ap)...)
	}
	eachAt(s, sp, func(c *corev1.Container, cp *field.Path) {
		out = append(out, containerWarnings(c, annotations, p != nil, cp, ap)...)
	})
	out = append(out, portWarnings(s, sp)...)
	if g := s.TerminationGracePeriodSeconds; g != nil && *g < 0 {
		out = append(out, fmt.Sprintf("%s: must be >= 0; negative values are invalid and will be treated as 1", sp.Child("terminationGracePeriodSeconds")))
	}
	out = append(out, affinityWarnings(s.Affinity, sp.Child("affinity"))...)
	return append(out, addressWarnings(s, sp)...)
}

// What to say of annotations that have fields in their place.
const (
	seccompField  = `non-functional in v1.27+; use the "seccompProfile" field instead`
	appArmorField = `deprecated since v1.30; use the "appArmorProfile" field instead`
	priorityField = `non-functional in v1.16+; use the "priorityClassName" field instead`
	sysctlsField  = `non-functional in v1.11+; use the "sysctls" field instead`
)

func annotationWarnings(m map[string]string, p *field.Path) []string {
	out := replaced(m, "scheduler.alpha.kubernetes.io/critical-pod", priorityField, p)
	out = append(out, replaced(m, "security.alpha.kubernetes.io/sysctls", sysctlsField, p)...)
	return append(out, replaced(m, "security.alpha.kubernetes.io/unsafe-sysctls", sysctlsField, p)...)
}

// replaced remarks on the annotation at key, if it is there.
func replaced(m map[string]string, key, why string, p *field.Path) []string {
	if _, ok := m[key]; ok {
		return []string{fmt.Sprintf("%s: %s", p.Key(key), why)}
	}
	return nil
}

// repeatedWarnings remark on lists whose entries should differ.
func repeatedWarnings(s *corev1.PodSpec, p *field.Path) []string {
	var out []string
	ips, names := sets.New[string](), sets.New[string]()
	for i, a := range s.HostAliases {
		if ips.Has(a.IP) {
			out = append(out, fmt.Sprintf("%s: duplicate ip %q", p.Child("hostAliases").Index(i).Child("ip"), a.IP))
		}
		ips.Insert(a.IP)
	}
	p = p.Child("imagePullSecrets")
	for i, secret := range s.ImagePullSecrets {
		if names.Has(secret.Name) {
			out = append(out, fmt.Sprintf("%s: duplicate name %q", p.Index(i).Child("name"), secret.Name))
		}
		names.Insert(secret.Name)
	}
	for i, secret := range s.ImagePullSecrets {
		if secret.Name == "" {
			out = append(out, fmt.Sprintf("%s: invalid empty name %q", p.Index(i).Child("name"), ""))
		}
	}
	return out
}

// fractions remark on bytes that are not whole.
func fractions(list corev1.ResourceList, p *field.Path, names ...corev1.ResourceName) []string {
	var out []string
	for _, name := range names {
		if q, ok := list[name]; ok && q.MilliValue()%1000 != 0 {
			out = append(out, fmt.Sprintf("%s: fractional byte value %q is invalid, must be an integer", p.Key(string(name)), q.String()))
		}
	}
	return out
}

// noSelector remarks on a selector that is left out: it selects nothing, where
// an empty one selects everything.
func noSelector(s *metav1.LabelSelector, p *field.Path) []string {
	if s == nil {
		return []string{fmt.Sprintf("%s: a null labelSelector results in matching no pod", p.Child("labelSelector"))}
	}
	return nil
}

func spreadWarnings(constraints []corev1.TopologySpreadConstraint, p *field.Path) []string {
	var out []string
	for i, c := range constraints {
		out = append(out, meta.NodeLabelValueWarnings(p.Index(i).Child("topologyKey"), c.TopologyKey)...)
		out = append(out, noSelector(c.LabelSelector, p.Index(i))...)
	}
	return out
}

func affinityWarnings(a *corev1.Affinity, p *field.Path) []string {
	if a == nil {
		return nil
	}
	var out []string
	remark := func(required []corev1.PodAffinityTerm, preferred []corev1.WeightedPodAffinityTerm, p *field.Path) {
		for i, t := range required {
			out = append(out, noSelector(t.LabelSelector, p.Child("requiredDuringSchedulingIgnoredDuringExecution").Index(i))...)
		}
		for i, t := range preferred {
			out = append(out, noSelector(t.PodAffinityTerm.LabelSelector,
				p.Child("preferredDuringSchedulingIgnoredDuringExecution").Index(i).Child("podAffinityTerm"))...)
		}
	}
	if x := a.PodAffinity; x != nil {
		remark(x.RequiredDuringSchedulingIgnoredDuringExecution, x.PreferredDuringSchedulingIgnoredDuringExecution, p.Child("podAffinity"))
	}
	if x := a.PodAntiAffinity; x != nil {
		remark(x.RequiredDuringSchedulingIgnoredDuringExecution, x.PreferredDuringSchedulingIgnoredDuringExecution, p.Child("podAntiAffinity"))
	}
	return out
}

// addressWarnings remark on addresses that are spelled in an unusual way.
func addressWarnings(s *corev1.PodSpec, p *field.Path) []string {
	var out []string
	remark := func(ip string, p *field.Path) {
		if netutils.ParseIPSloppy(ip) != nil {
			out = append(out, validation.GetWarningsForIP(p, ip)...)
		}
	}
	if s.DNSConfig != nil {
		for i, ip := range s.DNSConfig.Nameservers {
			remark(ip, p.Child("dnsConfig", "nameservers").Index(i))
		}
	}
	for i, a := range s.HostAliases {
		remark(a.IP, p.Child("hostAliases").Index(i).Child("ip"))
	}
	return out
}
