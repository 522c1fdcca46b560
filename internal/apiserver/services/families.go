package services

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"skiff/internal/api/core"
)

// settleFamilies fills in ipFamilyPolicy and ipFamilies of a Service and
// judges them. families are those of the cluster, its own first. A Service
// becomes dual-stack, or ceases to be, only when somebody says so: a
// PreferDualStack Service of the days when the cluster had one family stays as
// it is.
func settleFamilies(s, before *corev1.Service, families []corev1.IPFamily) field.ErrorList {
	if !needsClusterIP(s) || staysPreferred(s, before) {
		return nil
	}
	settlePolicy(s, before)
	if errs := core.ClusterIPFaults(&s.Spec, specOf(before)); len(errs) > 0 {
		return errs
	}
	errs := changeOfStack(s, before)
	errs = append(errs, inferFamilies(s, families)...)
	if len(errs) > 0 {
		return errs
	}
	if headless(s) && len(s.Spec.Selector) == 0 {
		// Whoever writes its endpoints decides; it may have them of both.
		addFamilies(s, families[0], both(s))
		return nil
	}
	if errs := configured(s, families); len(errs) > 0 {
		return errs
	}
	addFamilies(s, families[0], both(s) && len(families) == 2)
	return nil
}

// both says whether a Service wants addresses of both families.
func both(s *corev1.Service) bool {
	return *s.Spec.IPFamilyPolicy != corev1.IPFamilyPolicySingleStack
}

// specOf is the spec of a Service that may not be there.
func specOf(s *corev1.Service) *corev1.ServiceSpec {
	if s == nil {
		return &corev1.ServiceSpec{}
	}
	return &s.Spec
}

// staysPreferred says whether an update leaves a PreferDualStack Service as it
// is.
func staysPreferred(s, before *corev1.Service) bool {
	if before == nil || before.Spec.Type != s.Spec.Type {
		return false
	}
	prefers := func(s *corev1.Service) bool {
		return ptr.Deref(s.Spec.IPFamilyPolicy, "") == corev1.IPFamilyPolicyPreferDualStack
	}
	return prefers(s) && prefers(before) &&
		slices.Equal(s.Spec.ClusterIPs, before.Spec.ClusterIPs) && slices.Equal(s.Spec.IPFamilies, before.Spec.IPFamilies)
}

func settlePolicy(s, before *corev1.Service) {
	switch {
	case s.Spec.IPFamilyPolicy != nil:
	case before != nil && before.Spec.IPFamilyPolicy != nil:
		s.Spec.IPFamilyPolicy = ptr.To(*before.Spec.IPFamilyPolicy)
	case headless(s) && len(s.Spec.Selector) == 0:
		s.Spec.IPFamilyPolicy = ptr.To(corev1.IPFamilyPolicyRequireDualStack)
	default:
		s.Spec.IPFamilyPolicy = ptr.To(corev1.IPFamilyPolicySingleStack)
	}
}

// changeOfStack drops the second family when the policy now says SingleStack,
// and refuses lists that the policy contradicts.
func changeOfStack(s, before *corev1.Service) (errs field.ErrorList) {
	refuse := func(why string) {
		errs = append(errs, field.Invalid(field.NewPath("spec", "ipFamilyPolicy"), s.Spec.IPFamilyPolicy, why))
	}
	if both(s) {
		if before != nil && reduced(s.Spec.ClusterIPs, before.Spec.ClusterIPs) {
			refuse("must be 'SingleStack' to release the secondary cluster IP")
		}
		if before != nil && reduced(s.Spec.IPFamilies, before.Spec.IPFamilies) {
			refuse("must be 'SingleStack' to release the secondary IP family")
		}
		return errs
	}
	if before != nil {
		s.Spec.ClusterIPs = firstOf(s.Spec.ClusterIPs, before.Spec.ClusterIPs)
		s.Spec.IPFamilies = firstOf(s.Spec.IPFamilies, before.Spec.IPFamilies)
	}
	if len(s.Spec.ClusterIPs) == 2 {
		refuse("must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified")
	}
	if len(s.Spec.IPFamilies) == 2 {
		refuse("must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified")
	}
	return errs
}

// reduced says whether the second of two was left out. A list that is left out
// as a whole says nothing.
func reduced[T comparable](now, before []T) bool {
	return len(now) > 0 && len(now) < len(before)
}

// firstOf leaves the first alone, unless the client has changed the list.
func firstOf[T comparable](now, before []T) []T {
	if len(now) > 1 && slices.Equal(now, before) {
		return now[:1:1]
	}
	return now
}

// inferFamilies adds the families of addresses that are asked for.
func inferFamilies(s *corev1.Service, families []corev1.IPFamily) (errs field.ErrorList) {
	for i, text := range s.Spec.ClusterIPs {
		addr, err := parseIP(text)
		if err != nil || i < len(s.Spec.IPFamilies) {
			continue // None; or judged by the kind
		}
		if f := familyOf(addr); slices.Contains(families, f) {
			s.Spec.IPFamilies = append(slices.Clip(s.Spec.IPFamilies), f)
		} else {
			errs = append(errs, field.Invalid(field.NewPath("spec", "clusterIPs").Index(i), s.Spec.ClusterIPs,
				fmt.Sprintf("%s is not configured on this cluster", f)))
		}
	}
	return errs
}

// configured refuses what the cluster does not have.
func configured(s *corev1.Service, families []corev1.IPFamily) (errs field.ErrorList) {
	spec := field.NewPath("spec")
	if *s.Spec.IPFamilyPolicy == corev1.IPFamilyPolicyRequireDualStack && len(families) < 2 {
		errs = append(errs, field.Invalid(spec.Child("ipFamilyPolicy"), s.Spec.IPFamilyPolicy, "this cluster is not configured for dual-stack services"))
	}
	for i, f := range s.Spec.IPFamilies {
		if !slices.Contains(families, f) {
			errs = append(errs, field.Invalid(spec.Child("ipFamilies").Index(i), f, "not configured on this cluster"))
		}
	}
	return errs
}

// addFamilies makes the list complete: own where it is empty, and then the
// other one if two are wanted.
func addFamilies(s *corev1.Service, own corev1.IPFamily, two bool) {
	if len(s.Spec.IPFamilies) == 0 {
		s.Spec.IPFamilies = []corev1.IPFamily{own}
	}
	if two && len(s.Spec.IPFamilies) == 1 {
		other := corev1.IPv4Protocol
		if s.Spec.IPFamilies[0] == other {
			other = corev1.IPv6Protocol
		}
		s.Spec.IPFamilies = append(slices.Clip(s.Spec.IPFamilies), other)
	}
}
