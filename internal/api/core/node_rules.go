package core

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	netutils "k8s.io/utils/net"

	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
)

func validateNode(o *corev1.Node) field.ErrorList {
	errs := validateNodeAnnotations(o.Annotations, field.NewPath("metadata", "annotations"))
	// Taints are reported below metadata: what clients know is older than spec.taints.
	errs = append(errs, validateTaints(o.Spec.Taints, field.NewPath("metadata", "taints"))...)
	errs = append(errs, validateNodeAmounts(o)...)
	if s := o.Status.NodeInfo.Swap; s != nil && s.Capacity != nil {
		errs = append(errs, meta.Positive(field.NewPath("metadata", "nodeSwapStatus", "capacity"), *s.Capacity)...)
	}
	errs = append(errs, validateDeclaredFeatures(o.Status.DeclaredFeatures)...)
	return append(errs, validatePodCIDRs(o.Spec.PodCIDRs, field.NewPath("spec", "podCIDRs"))...)
}

// validateNodeUpdate judges what changed, beside the rules of every node.
func validateNodeUpdate(o, old *corev1.Node) field.ErrorList {
	errs := validateNodeAddresses(o)
	errs = append(errs, validateNodeKept(o, old)...)
	errs = append(errs, validateNodeConfigs(o)...)
	if o.Spec.DoNotUseExternalID != old.Spec.DoNotUseExternalID {
		errs = append(errs, field.Forbidden(field.NewPath("spec", "externalID"), "may not be updated"))
	}
	if o.Spec.PodPreemptionPolicy != nil && !equality.Semantic.DeepEqual(o.Spec.PodPreemptionPolicy, old.Spec.PodPreemptionPolicy) {
		errs = append(errs, validatePreemptionPolicy(o)...)
	}
	return errs
}

// validateNodeStatus judges what kubelets write of their node.
func validateNodeStatus(o, _ *corev1.Node) field.ErrorList {
	errs := validateNodeAnnotations(o.Annotations, field.NewPath("metadata", "annotations"))
	errs = append(errs, validateNodeAmounts(o)...)
	errs = append(errs, validateDeclaredFeatures(o.Status.DeclaredFeatures)...)
	errs = append(errs, validateNodeAddresses(o)...)
	errs = append(errs, validateNodeConfigs(o)...)
	return append(errs, validateTaints(o.Spec.Taints, field.NewPath("metadata", "taints"))...)
}

// validatePreemptionPolicy: the field is for those who try out a feature that
// is off here.
func validatePreemptionPolicy(o *corev1.Node) field.ErrorList {
	if o.Spec.PodPreemptionPolicy == nil {
		return nil
	}
	return field.ErrorList{field.Forbidden(field.NewPath("spec", "podPreemptionPolicy"), "")}
}

func validateNodeAmounts(o *corev1.Node) field.ErrorList {
	errs := validateAmountsOf("capacity", o.Status.Capacity)
	return append(errs, validateAmountsOf("allocatable", o.Status.Allocatable)...)
}

func validateAmountsOf(what string, list corev1.ResourceList) field.ErrorList {
	var errs field.ErrorList
	for _, name := range slices.Sorted(maps.Keys(list)) {
		errs = append(errs, pod.ValidateQuantity(field.NewPath("status", what, string(name)), name, list[name])...)
	}
	return errs
}

func validateTaints(taints []corev1.Taint, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	seen := map[string]bool{}
	for i, t := range taints {
		ip := p.Index(i)
		errs = append(errs, meta.Invalid(ip.Child("key"), t.Key, validation.IsQualifiedName(t.Key))...)
		if msgs := validation.IsValidLabelValue(t.Value); len(msgs) > 0 {
			errs = append(errs, field.Invalid(ip.Child("value"), t.Value, strings.Join(msgs, ";")))
		}
		errs = append(errs, meta.Enum(ip.Child("effect"), t.Effect,
			corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute)...)
		id := t.Key + ":" + string(t.Effect)
		if seen[id] {
			d := field.Duplicate(ip, t)
			d.Detail = "taints must be unique by key and effect pair"
			errs = append(errs, d)
		}
		seen[id] = true
	}
	return errs
}

// featureName has segments of letters and digits between slashes, the first
// of which begins with a capital.
var featureName = regexp.MustCompile(`^[A-Z][a-zA-Z0-9]*(/[a-zA-Z0-9]+)*$`)

func validateDeclaredFeatures(names []string) field.ErrorList {
	p := field.NewPath("status", "declaredFeatures")
	var errs field.ErrorList
	for i, name := range names {
		if err := badFeature(name); err != nil {
			errs = append(errs, field.Invalid(p.Index(i), name, err.Error()))
		}
		if i+1 == len(names) {
			break
		}
		switch next := names[i+1]; {
		case next == name:
			errs = append(errs, field.Duplicate(p.Index(i+1), next))
		case next < name:
			errs = append(errs, field.Invalid(p.Index(i+1), next, "list must be sorted alphabetically"))
		}
	}
	return errs
}

func badFeature(name string) error {
	if len(name) > validation.DNS1123SubdomainMaxLength {
		return fmt.Errorf("invalid feature name %q: must be no more than %d characters", name, validation.DNS1123SubdomainMaxLength)
	}
	if !featureName.MatchString(name) {
		return fmt.Errorf("invalid feature name %q: must start with an UpperCamelCase segment, with subsequent segments separated by '/' "+
			"(e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes", name)
	}
	return nil
}

func validatePodCIDRs(cidrs []string, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, c := range cidrs {
		errs = append(errs, validation.IsValidCIDRForLegacyField(p.Index(i), c, false, nil)...)
	}
	if len(cidrs) < 2 {
		return errs
	}
	dual, err := netutils.IsDualStackCIDRStrings(cidrs)
	if err != nil {
		errs = append(errs, field.InternalError(p, fmt.Errorf("invalid PodCIDRs. failed to check with dual stack with error:%v", err)))
	}
	if !dual || len(cidrs) > 2 {
		errs = append(errs, field.Invalid(p, cidrs, "may specify no more than one CIDR for each IP family"))
	}
	return errs
}

func validateNodeAddresses(o *corev1.Node) field.ErrorList {
	var errs field.ErrorList
	seen := meta.Unique[corev1.NodeAddress]{}
	for i, a := range o.Status.Addresses {
		errs = append(errs, seen.Check(field.NewPath("status", "addresses").Index(i), a)...)
	}
	return errs
}

// validateNodeKept: what a node once got, it keeps.
func validateNodeKept(o, old *corev1.Node) field.ErrorList {
	p, is, was := field.NewPath("spec"), o.Spec.PodCIDRs, old.Spec.PodCIDRs
	const cidrs, provider = "node updates may not change podCIDR except from \"\" to valid", "node updates may not change providerID except from \"\" to valid"
	var errs field.ErrorList
	if len(was) > 0 && len(is) != len(was) {
		errs = append(errs, field.Forbidden(p.Child("podCIDRs"), cidrs))
	} else {
		for i := range was {
			if is[i] != was[i] {
				errs = append(errs, field.Forbidden(p.Child("podCIDRs"), cidrs))
			}
		}
	}
	if old.Spec.ProviderID != "" && o.Spec.ProviderID != old.Spec.ProviderID {
		errs = append(errs, field.Forbidden(p.Child("providerID"), provider))
	}
	return errs
}

// validateNodeAnnotations judges annotations that were fields to be: taints,
// and pods that the node would rather not have.
func validateNodeAnnotations(m map[string]string, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if text := m[corev1.TaintsAnnotationKey]; text != "" {
		var taints []corev1.Taint
		if err := json.Unmarshal([]byte(text), &taints); err != nil {
			errs = append(errs, field.Invalid(p, corev1.TaintsAnnotationKey, err.Error()))
		} else {
			errs = append(errs, validateTaints(taints, p.Child(corev1.TaintsAnnotationKey))...)
		}
	}
	if text := m[corev1.PreferAvoidPodsAnnotationKey]; text != "" {
		errs = append(errs, validateAvoided(text, p)...)
	}
	return errs
}

func validateAvoided(text string, p *field.Path) field.ErrorList {
	var avoid corev1.AvoidPods
	if err := json.Unmarshal([]byte(text), &avoid); err != nil {
		return field.ErrorList{field.Invalid(p.Child("AvoidPods"), corev1.PreferAvoidPodsAnnotationKey, err.Error())}
	}
	var errs field.ErrorList
	for i, entry := range avoid.PreferAvoidPods {
		sp := p.Child(corev1.PreferAvoidPodsAnnotationKey).Index(i).Child("PodSignature")
		switch c := entry.PodSignature.PodController; {
		case c == nil:
			errs = append(errs, field.Required(sp, ""))
		case c.Controller == nil || !*c.Controller:
			errs = append(errs, field.Invalid(sp.Child("PodController", "Controller"), false, "must point to a controller"))
		}
	}
	return errs
}
