// Package podsecurity judges pods by the Pod Security Standards: the levels
// privileged, baseline and restricted, as the labels pod-security.kubernetes.io/
// of a namespace ask for them. The messages are those that users know.
//
// It is pure: values in, violations out.
package podsecurity

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Level is one of the standards; each includes the one before it.
type Level string

// The levels.
const (
	Privileged Level = "privileged"
	Baseline   Level = "baseline"
	Restricted Level = "restricted"
)

var rank = map[Level]int{Privileged: 0, Baseline: 1, Restricted: 2}

// Version is the minor release of Kubernetes whose standards are meant; 0 is
// the latest.
type Version int

// String is the version as labels have it.
func (v Version) String() string {
	if v == 0 {
		return "latest"
	}
	return fmt.Sprintf("v1.%d", int(v))
}

// since says whether the standards of the version have what came with a minor
// release.
func (v Version) since(minor int) bool { return v == 0 || int(v) >= minor }

// Standard is a level at a version: "restricted:latest".
type Standard struct {
	Level   Level
	Version Version
}

func (s Standard) String() string { return string(s.Level) + ":" + s.Version.String() }

// Laxer says whether s asks for no more than other, at the same version.
func (s Standard) Laxer(other Standard) bool {
	return s.Version == other.Version && cmp.Compare(rank[s.Level], rank[other.Level]) <= 0
}

// Policy is what a namespace asks for.
type Policy struct{ Enforce, Audit, Warn Standard }

// Trivial says that nothing can violate the policy.
func (p Policy) Trivial() bool {
	return p.Enforce.Level == Privileged && p.Audit.Level == Privileged && p.Warn.Level == Privileged
}

const labelPrefix = "pod-security.kubernetes.io/"

// PolicyOf reads the labels of a namespace. A label that cannot be read is an
// error, and the strictest is assumed in its place; an unknown version means
// the latest. Where warn has no label it follows enforce.
func PolicyOf(labels map[string]string) (Policy, field.ErrorList) {
	var errs field.ErrorList
	read := func(mode string, standard Standard) Standard {
		at := field.NewPath("metadata", "labels")
		if text, ok := labels[labelPrefix+mode]; ok {
			standard.Level = Level(text)
			if _, known := rank[standard.Level]; !known {
				standard.Level = Restricted
				if mode != "enforce" {
					standard.Level = Privileged
				}
				errs = append(errs, field.Invalid(at.Key(labelPrefix+mode), text, "must be one of privileged, baseline, restricted"))
			}
		}
		if text, ok := labels[labelPrefix+mode+"-version"]; ok {
			v, good := parseVersion(text)
			if !good {
				errs = append(errs, field.Invalid(at.Key(labelPrefix+mode+"-version"), text, `must be "latest" or "v1.x"`))
			}
			standard.Version = v
		}
		return standard
	}
	none := Standard{Level: Privileged}
	p := Policy{Enforce: read("enforce", none), Audit: read("audit", none), Warn: read("warn", none)}
	if _, ok := labels[labelPrefix+"warn"]; !ok && rank[p.Enforce.Level] > rank[p.Warn.Level] {
		p.Warn = p.Enforce
	}
	return p, errs
}

func parseVersion(text string) (Version, bool) {
	if text == "latest" {
		return 0, true
	}
	digits, ok := strings.CutPrefix(text, "v1.")
	n, err := strconv.ParseUint(digits, 10, 16)
	if !ok || err != nil || strconv.FormatUint(n, 10) != digits || n == 0 && digits != "0" {
		return 0, false
	}
	return Version(n), true
}
