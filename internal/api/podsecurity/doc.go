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

// Version is the minor release of Kubernetes whose standards are meant; the zero
// Version is the latest.
type Version struct {
	minor  int
	pinned bool
}

// String is the version as labels have it.
func (v Version) String() string {
	if !v.pinned {
		return "latest"
	}
	return fmt.Sprintf("v1.%d", v.minor)
}

// since says whether the standards of the version have what came with a minor
// release.
func (v Version) since(minor int) bool { return !v.pinned || v.minor >= minor }

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

// PolicyOf reads the labels of a namespace. Labels that cannot be read are
// errors: such a level means restricted where it is enforced, and privileged
// elsewhere, and such a version the latest. Where warn has no level it is as
// strict as enforce, if that could be read.
func PolicyOf(labels map[string]string) (Policy, field.ErrorList) {
	r := labelReader{labels: labels}
	enforced, ok := r.level("enforce", Restricted)
	p := Policy{Enforce: Standard{enforced, r.version("enforce")}}
	p.Audit.Level, _ = r.level("audit", Privileged)
	p.Audit.Version = r.version("audit")
	p.Warn.Level, _ = r.level("warn", Privileged)
	p.Warn.Version = r.version("warn")
	if _, given := labels[labelPrefix+"warn"]; ok && !given && rank[enforced] > rank[p.Warn.Level] {
		p.Warn.Level = enforced
		if _, given := labels[labelPrefix+"warn-version"]; !given {
			p.Warn.Version = p.Enforce.Version
		}
	}
	return p, r.errs
}

// labelReader reads the labels of a namespace, and collects what is wrong with
// them.
type labelReader struct {
	labels map[string]string
	errs   field.ErrorList
}

// level is that of a mode; without a label it is privileged, and with a bad one
// it is fallback, and not ok.
func (r *labelReader) level(mode string, fallback Level) (l Level, ok bool) {
	text, given := r.labels[labelPrefix+mode]
	if _, known := rank[Level(text)]; known || !given {
		return cmp.Or(Level(text), Privileged), true
	}
	r.bad(mode, text, "must be one of privileged, baseline, restricted")
	return fallback, false
}

func (r *labelReader) version(mode string) Version {
	text, given := r.labels[labelPrefix+mode+"-version"]
	v, ok := parseVersion(text)
	if given && !ok {
		r.bad(mode+"-version", text, `must be "latest" or "v1.x"`)
	}
	return v
}

func (r *labelReader) bad(label, value, why string) {
	r.errs = append(r.errs, field.Invalid(field.NewPath("metadata", "labels").Key(labelPrefix+label), value, why))
}

// parseVersion returns the latest for what is no version.
func parseVersion(text string) (Version, bool) {
	digits, ok := strings.CutPrefix(text, "v1.")
	if n, err := strconv.Atoi(digits); ok && err == nil && n >= 0 && strconv.Itoa(n) == digits {
		return Version{minor: n, pinned: true}, true
	}
	return Version{}, text == "latest"
}
