// Package meta holds the rules of metadata that all kinds share: names,
// labels, owners, finalizers, and how a name is generated. It knows no kind
// and does no I/O.
package meta

import (
	"slices"
	"strings"

	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/api/validation/path"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// The forms a name may have. prefix says that name is a generateName, which a
// suffix will follow.
var (
	Subdomain   = apivalidation.NameIsDNSSubdomain
	Label       = apivalidation.NameIsDNSLabel
	Label1035   = apivalidation.NameIsDNS1035Label
	PathSegment = path.ValidatePathSegmentName
)

// Validate judges the metadata of a new or changed object.
func Validate(o metav1.Object, namespaced bool, validName func(name string, prefix bool) []string) field.ErrorList {
	return apivalidation.ValidateObjectMetaAccessor(o, namespaced, validName, field.NewPath("metadata"))
}

// ValidateUpdate judges what changed in metadata between old and obj.
func ValidateUpdate(obj, old metav1.Object) field.ErrorList {
	return apivalidation.ValidateObjectMetaAccessorUpdate(obj, old, field.NewPath("metadata"))
}

// Lengths of generated names: the base is cut so that base and suffix make a
// valid label.
const (
	suffixLength  = 5
	maxNameLength = 63
)

// GenerateName makes a name from metadata.generateName: base and five random
// letters or digits.
func GenerateName(base string) string {
	if len(base) > maxNameLength-suffixLength {
		base = base[:maxNameLength-suffixLength]
	}
	return base + rand.String(suffixLength)
}

var standardFinalizers = []string{"kubernetes", metav1.FinalizerOrphanDependents, metav1.FinalizerDeleteDependents}

// FinalizerName judges one finalizer of a Namespace's spec: a qualified name,
// and one that Kubernetes knows when it has no domain.
func FinalizerName(p *field.Path, name string) field.ErrorList {
	return append(apivalidation.ValidateFinalizerName(name, p), knownFinalizer(p, name)...)
}

// Finalizers judges the names in metadata of kinds that want them to have a
// domain. Validate has judged their form.
func Finalizers(o metav1.Object) (errs field.ErrorList) {
	for i, name := range o.GetFinalizers() {
		errs = append(errs, knownFinalizer(field.NewPath("metadata", "finalizers").Index(i), name)...)
	}
	return errs
}

func knownFinalizer(p *field.Path, name string) field.ErrorList {
	if strings.Contains(name, "/") || slices.Contains(standardFinalizers, name) {
		return nil
	}
	return field.ErrorList{field.Invalid(p, name, "name is neither a standard finalizer name nor is it fully qualified")}
}
