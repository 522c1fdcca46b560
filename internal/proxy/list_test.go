package proxy

import (
	"os"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// TestOperatorsView compares the kernel's table with what an operator should
// see; -update rewrites it.
func TestOperatorsView(t *testing.T) {
	r := newRig(t)
	r.service(newService("web", "10.96.1.1", corev1.ProtocolTCP, 80, 30080), pod1+":8080", remote+":8080")
	r.service(newService("idle", "10.96.1.2", corev1.ProtocolUDP, 53, 0))
	local := newService("edge", "10.96.1.3", corev1.ProtocolTCP, 443, 30443)
	local.Spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyLocal
	r.service(local, pod1+":8443")
	sticky := newService("sticky", "10.96.1.4", corev1.ProtocolTCP, 80, 0)
	sticky.Spec.SessionAffinity = corev1.ServiceAffinityClientIP
	r.service(sticky, pod1+":8443")
	got := strings.ReplaceAll(r.nft(), r.cfg.Names.Table("proxy"), "skiff-proxy-ID")
	const golden = "testdata/operators-view.nft"
	if *rewriteGolden {
		must(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	must(t, err)
	if got != string(want) {
		t.Errorf("nft list ruleset prints:\n%s\nwant, in %s:\n%s", got, golden, want)
	}
}
