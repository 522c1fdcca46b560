package meta

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// NodeLabelValueWarnings is NodeLabelWarnings for a label that is the value of
// the field at p, and not part of its path: the remark names it.
func NodeLabelValueWarnings(p *field.Path, label string) []string {
	if why, old := oldNodeLabels[label]; old {
		return []string{fmt.Sprintf("%s: %s is %s", p, label, why)}
	}
	return nil
}
