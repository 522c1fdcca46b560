package meta

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// PodNameWarnings remarks on the name of an object whose pods are named after
// it, when the pods' hostnames cannot take it over as it is.
func PodNameWarnings(o metav1.Object) []string {
	why := validation.IsDNS1123Label(o.GetName())
	if len(why) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("metadata.name: this is used in Pod names and hostnames, "+
		"which can result in surprising behavior; a DNS label is recommended: %v", why)}
}

// What to say of labels of nodes that have been replaced.
var oldNodeLabels = map[string]string{
	"beta.kubernetes.io/arch":                  `deprecated since v1.14; use "kubernetes.io/arch" instead`,
	"beta.kubernetes.io/os":                    `deprecated since v1.14; use "kubernetes.io/os" instead`,
	"failure-domain.beta.kubernetes.io/region": `deprecated since v1.17; use "topology.kubernetes.io/region" instead`,
	"failure-domain.beta.kubernetes.io/zone":   `deprecated since v1.17; use "topology.kubernetes.io/zone" instead`,
	"beta.kubernetes.io/instance-type":         `deprecated since v1.17; use "node.kubernetes.io/instance-type" instead`,
	"node-role.kubernetes.io/master":           `use "node-role.kubernetes.io/control-plane" instead`,
}

// NodeLabelWarnings remarks on a label of nodes that has been replaced. subject,
// if there is one, comes before the remark.
func NodeLabelWarnings(p *field.Path, label string, subject ...string) []string {
	if why, old := oldNodeLabels[label]; old {
		return []string{fmt.Sprintf("%s: %s%s", p, strings.Join(subject, ""), why)}
	}
	return nil
}
