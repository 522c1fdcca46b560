package podsecurity

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/api/pod"
)

// Violation is one rule that a pod breaks.
type Violation struct {
	Reason string // "allowPrivilegeEscalation != false"
	Detail string // which containers, and what they would have to set; "" says the reason all
}

// Violations are all that a pod breaks, in the order of the standards.
type Violations []Violation

// Reasons lists the rules.
func (v Violations) Reasons() string {
	var all []string
	for _, one := range v {
		all = append(all, one.Reason)
	}
	return strings.Join(all, ", ")
}

// Details lists the rules and what breaks them.
func (v Violations) Details() string {
	var all []string
	for _, one := range v {
		if one.Detail == "" {
			all = append(all, one.Reason)
		} else {
			all = append(all, fmt.Sprintf("%s (%s)", one.Reason, one.Detail))
		}
	}
	return strings.Join(all, ", ")
}

// subject is a pod under examination.
type subject struct {
	meta       *metav1.ObjectMeta
	spec       *corev1.PodSpec
	containers []*corev1.Container // of all sorts
	version    Version
}

// rule finds a violation, or nil.
type rule func(*subject) *Violation

// The rules of the levels, by name, in the order of messages.
var (
	baselineRules = []rule{
		appArmor, addedCapabilities, hostNamespaces, hostPaths, hostPorts, hostProbes, privileged, procMountsBaseline, seLinux, seccompBaseline,
		sysctls, hostProcess,
	}
	restrictedRules = []rule{
		escalation, droppedCapabilities, procMountsRestricted, volumeTypes, nonRoot, nonRootUser, seccompRestricted,
	}
)

// overridden are the rules that stricter ones take the place of, and since
// which minor release.
var overridden = map[string]int{addedReason: 22, pathReason: 0, procReason: 35, seccompReason: 19}

// Evaluate judges a pod, or what a controller makes pods of. Of rules of both
// levels about one thing, only the stricter speaks.
func Evaluate(s Standard, meta *metav1.ObjectMeta, spec *corev1.PodSpec) Violations {
	if s.Level == Privileged {
		return nil
	}
	on := &subject{meta: meta, spec: spec, version: s.Version}
	pod.EachContainer(spec, func(c *corev1.Container, _ pod.ContainerType) { on.containers = append(on.containers, c) })
	var found Violations
	apply := func(r rule) {
		if v := r(on); v != nil {
			found = append(found, *v)
		}
	}
	for _, r := range baselineRules {
		apply(r)
	}
	if s.Level == Baseline {
		return found
	}
	found = slices.DeleteFunc(found, func(v Violation) bool {
		since, stricter := overridden[v.Reason]
		return stricter && s.Version.since(since)
	})
	for _, r := range restrictedRules {
		apply(r)
	}
	return found
}

// where are the names of the containers that bad says something of.
func (s *subject) where(bad func(*corev1.Container) bool) []string {
	var names []string
	for _, c := range s.containers {
		if bad(c) {
			names = append(names, c.Name)
		}
	}
	return names
}

// container is "container \"a\"" or "containers \"a\", \"b\"".
func container(names []string) string { return plural("container", names) }

func plural(noun string, names []string) string { return pluralOf(noun, names) + " " + quoted(names) }

// pluralOf is the noun for as many names.
func pluralOf(noun string, names []string) string {
	if len(names) == 1 {
		return noun
	}
	return noun + "s"
}

// quoted puts quotes around names, whatever is in them.
func quoted(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = `"` + n + `"`
	}
	return strings.Join(out, ", ")
}

// sortedSet sorts, and leaves out what is there twice.
func sortedSet(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// security is the container's context, or an empty one.
func security(c *corev1.Container) *corev1.SecurityContext {
	if c.SecurityContext == nil {
		return &corev1.SecurityContext{}
	}
	return c.SecurityContext
}

func (s *subject) security() *corev1.PodSecurityContext {
	if s.spec.SecurityContext == nil {
		return &corev1.PodSecurityContext{}
	}
	return s.spec.SecurityContext
}

// windows pods, since 1.25, need not set what only Linux has.
func (s *subject) windows() bool {
	return s.version.since(25) && s.spec.OS != nil && s.spec.OS.Name == corev1.Windows
}
