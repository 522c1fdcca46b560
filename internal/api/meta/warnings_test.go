package meta

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func TestPodNameWarnings(t *testing.T) {
	const head = "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: ["
	for name, want := range map[string]string{
		"a-b": "", "a.b": head + "must not contain dots]", strings.Repeat("a", 64): head + "must be no more than 63 characters]",
	} {
		if got := strings.Join(PodNameWarnings(&metav1.ObjectMeta{Name: name}), "\n"); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestNodeLabelWarnings(t *testing.T) {
	for label, want := range map[string]string{
		"kubernetes.io/arch":                       "",
		"beta.kubernetes.io/arch":                  `p: deprecated since v1.14; use "kubernetes.io/arch" instead`,
		"beta.kubernetes.io/os":                    `p: deprecated since v1.14; use "kubernetes.io/os" instead`,
		"beta.kubernetes.io/instance-type":         `p: deprecated since v1.17; use "node.kubernetes.io/instance-type" instead`,
		"failure-domain.beta.kubernetes.io/zone":   `p: deprecated since v1.17; use "topology.kubernetes.io/zone" instead`,
		"failure-domain.beta.kubernetes.io/region": `p: deprecated since v1.17; use "topology.kubernetes.io/region" instead`,
		"node-role.kubernetes.io/master":           `p: use "node-role.kubernetes.io/control-plane" instead`,
	} {
		if got := strings.Join(NodeLabelWarnings(field.NewPath("p"), label), "\n"); got != want {
			t.Errorf("%s: %s, want %s", label, got, want)
		}
	}
}
