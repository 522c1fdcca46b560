package admissionregistration

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// reserved ends the names of webhooks and policies that an API server reads
// from files.
const reserved = ".static.k8s.io"

// validateReserved judges the name of a new object.
func validateReserved(name string) field.ErrorList {
	if !strings.HasSuffix(name, reserved) {
		return nil
	}
	return field.ErrorList{field.Invalid(field.NewPath("metadata", "name"), name,
		fmt.Sprintf("names ending with %q are reserved for static manifest-based configurations and cannot be managed via the API", reserved))}
}

// reservedWarnings remarks on one that was stored before names were reserved.
func reservedWarnings(name string) []string {
	if !strings.HasSuffix(name, reserved) {
		return nil
	}
	return []string{fmt.Sprintf("metadata.name: names ending with %q will be reserved for static manifest-based configurations "+
		"when the ManifestBasedAdmissionControlConfig feature gate is enabled", reserved)}
}
