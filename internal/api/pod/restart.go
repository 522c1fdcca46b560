package pod

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// Limits of the rules that say when a container is started again.
const (
	maxRestartRules     = 20
	maxRestartExitCodes = 255
)

// validateRestart judges a restart policy of a container's own, and the rules
// that go before it.
func validateRestart(c *corev1.Container, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if c.RestartPolicy == nil && len(c.RestartPolicyRules) > 0 {
		errs = append(errs, field.Required(p.Child("restartPolicy"), "must specify restartPolicy when restart rules are used"))
	}
	errs = append(errs, meta.EnumOr(p.Child("restartPolicy"), c.RestartPolicy, corev1.ContainerRestartPolicyAlways,
		corev1.ContainerRestartPolicyNever, corev1.ContainerRestartPolicyOnFailure)...)
	rp := p.Child("restartPolicyRules")
	if n := len(c.RestartPolicyRules); n > maxRestartRules {
		errs = append(errs, field.TooMany(rp, n, maxRestartRules))
	}
	for i := range c.RestartPolicyRules {
		errs = append(errs, validateRestartRule(&c.RestartPolicyRules[i], rp.Index(i))...)
	}
	return errs
}

// validateInitRestart says no more of rules that have no policy than that.
func validateInitRestart(c *corev1.Container, p *field.Path) field.ErrorList {
	errs := validateRestart(c, p)
	if c.RestartPolicy == nil && len(errs) > 1 {
		return errs[:1]
	}
	return errs
}

func validateRestartRule(r *corev1.ContainerRestartRule, p *field.Path) field.ErrorList {
	errs := meta.OneOf(p.Child("action"), r.Action, corev1.ContainerRestartRuleActionRestart, corev1.ContainerRestartRuleActionRestartAllContainers)
	if r.ExitCodes == nil {
		return append(errs, field.Required(p.Child("exitCodes"), "must be specified"))
	}
	ep := p.Child("exitCodes")
	errs = append(errs, meta.OneOf(ep.Child("operator"), r.ExitCodes.Operator,
		corev1.ContainerRestartRuleOnExitCodesOpIn, corev1.ContainerRestartRuleOnExitCodesOpNotIn)...)
	if n := len(r.ExitCodes.Values); n > maxRestartExitCodes {
		errs = append(errs, field.TooMany(ep.Child("values"), n, maxRestartExitCodes))
	}
	return errs
}
