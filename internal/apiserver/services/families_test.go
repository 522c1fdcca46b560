package services

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

func spec(t *testing.T, text string) *corev1.Service {
	t.Helper()
	s := &corev1.Service{}
	s.Namespace, s.Name = "team", "s"
	if err := yaml.UnmarshalStrict([]byte(text), &s.Spec); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if s.Spec.ClusterIP == "" && len(s.Spec.ClusterIPs) > 0 {
		s.Spec.ClusterIP = s.Spec.ClusterIPs[0]
	}
	return s
}

var (
	v4only = []corev1.IPFamily{corev1.IPv4Protocol}
	dual   = []corev1.IPFamily{corev1.IPv4Protocol, corev1.IPv6Protocol}
	six    = []corev1.IPFamily{corev1.IPv6Protocol, corev1.IPv4Protocol}
)

func TestFamiliesOfNewServices(t *testing.T) {
	for _, tt := range []struct {
		spec     string
		families []corev1.IPFamily
		want     string // policy and families, or the refusals
	}{
		{`{selector: {a: b}}`, v4only, "SingleStack [IPv4]"},
		{`{selector: {a: b}}`, dual, "SingleStack [IPv4]"},
		{`{selector: {a: b}}`, six, "SingleStack [IPv6]"},
		{`{type: ExternalName}`, dual, " []"},
		{`{ipFamilyPolicy: PreferDualStack}`, v4only, "PreferDualStack [IPv4]"},
		{`{ipFamilyPolicy: PreferDualStack}`, dual, "PreferDualStack [IPv4 IPv6]"},
		{`{ipFamilyPolicy: PreferDualStack, ipFamilies: [IPv6]}`, dual, "PreferDualStack [IPv6 IPv4]"},
		{`{ipFamilyPolicy: RequireDualStack}`, six, "RequireDualStack [IPv6 IPv4]"},
		{`{ipFamilyPolicy: RequireDualStack}`, v4only, `spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services`},
		{`{ipFamilies: [IPv6]}`, v4only, `spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster`},
		{`{ipFamilies: [IPv4, IPv6]}`, dual, `spec.ipFamilyPolicy: Invalid value: "SingleStack": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified`},
		{`{clusterIPs: [10.96.0.9, "fd00::9"]}`, dual, `spec.ipFamilyPolicy: Invalid value: "SingleStack": must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified`},
		{`{clusterIPs: ["fd00::9"]}`, dual, "SingleStack [IPv6]"},
		{`{clusterIPs: ["fd00::9"], ipFamilyPolicy: PreferDualStack}`, dual, "PreferDualStack [IPv6 IPv4]"},
		{`{clusterIPs: ["fd00::9"]}`, v4only, `spec.clusterIPs[0]: Invalid value: ["fd00::9"]: IPv6 is not configured on this cluster`},
		{`{clusterIPs: [None]}`, v4only, "RequireDualStack [IPv4 IPv6]"},
		// What is wrong by itself is said before anything is decided.
		{`{clusterIPs: [10.96.0.300]}`, dual, `spec.clusterIPs[0]: Invalid value: "10.96.0.300": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)`},
		{`{clusterIPs: [10.96.0.9, 10.96.0.10]}`, dual, `spec.clusterIPs: Invalid value: ["10.96.0.9","10.96.0.10"]: may specify no more than one IP for each IP family`},
		{`{ipFamilies: [X]}`, dual, `spec.ipFamilies[0]: Unsupported value: "X": supported values: "IPv4", "IPv6"`},
		{`{clusterIPs: [None], ipFamilyPolicy: SingleStack, ipFamilies: [IPv6]}`, v4only, "SingleStack [IPv6]"},
		{`{clusterIPs: [None], selector: {a: b}}`, dual, "SingleStack [IPv4]"},
		{`{clusterIPs: [None], selector: {a: b}, ipFamilyPolicy: RequireDualStack}`, dual, "RequireDualStack [IPv4 IPv6]"},
	} {
		s := spec(t, tt.spec)
		if got := settled(s, nil, tt.families); got != tt.want {
			t.Errorf("%s in a cluster of %v: %s, want %s", tt.spec, tt.families, got, tt.want)
		}
	}
}

func TestFamiliesOfChangedServices(t *testing.T) {
	const two = `{ipFamilyPolicy: PreferDualStack, clusterIPs: [10.96.0.9, "fd00::9"], ipFamilies: [IPv4, IPv6]}`
	for _, tt := range []struct{ before, now, want string }{
		// Upgrade and downgrade, as somebody says it.
		{`{ipFamilyPolicy: SingleStack, clusterIPs: [10.96.0.9], ipFamilies: [IPv4]}`, `{ipFamilyPolicy: RequireDualStack, clusterIPs: [10.96.0.9], ipFamilies: [IPv4]}`, "RequireDualStack [IPv4 IPv6]"},
		{two, `{ipFamilyPolicy: SingleStack, clusterIPs: [10.96.0.9, "fd00::9"], ipFamilies: [IPv4, IPv6]}`, "SingleStack [IPv4]"},
		{two, `{ipFamilyPolicy: SingleStack, clusterIPs: [10.96.0.9], ipFamilies: [IPv4]}`, "SingleStack [IPv4]"},
		// Not by the way.
		{two, `{ipFamilyPolicy: PreferDualStack, clusterIPs: [10.96.0.9], ipFamilies: [IPv4]}`,
			`[spec.ipFamilyPolicy: Invalid value: "PreferDualStack": must be 'SingleStack' to release the secondary cluster IP, spec.ipFamilyPolicy: Invalid value: "PreferDualStack": must be 'SingleStack' to release the secondary IP family]`},
		{`{ipFamilyPolicy: PreferDualStack, clusterIPs: [10.96.0.9], ipFamilies: [IPv4]}`, `{ipFamilyPolicy: PreferDualStack, clusterIPs: [10.96.0.9], ipFamilies: [IPv4]}`, "PreferDualStack [IPv4]"},
		{two, `{clusterIPs: [10.96.0.9, "fd00::9"], ipFamilies: [IPv4, IPv6]}`, "PreferDualStack [IPv4 IPv6]"},
		{two, `{ipFamilyPolicy: PreferDualStack, clusterIPs: [10.96.0.8]}`, `spec.ipFamilyPolicy: Invalid value: "PreferDualStack": must be 'SingleStack' to release the secondary cluster IP`},
		{two, `{ipFamilyPolicy: PreferDualStack}`, "PreferDualStack [IPv4 IPv6]"},
		{`{type: ExternalName}`, `{ipFamilyPolicy: PreferDualStack}`, "PreferDualStack [IPv4 IPv6]"},
		{`{type: ClusterIP, ipFamilyPolicy: PreferDualStack, clusterIPs: [10.96.0.9], ipFamilies: [IPv4]}`, `{type: NodePort, ipFamilyPolicy: PreferDualStack, clusterIPs: [10.96.0.9], ipFamilies: [IPv4]}`, "PreferDualStack [IPv4 IPv6]"},
	} {
		if got := settled(spec(t, tt.now), spec(t, tt.before), dual); got != tt.want {
			t.Errorf("%s to %s: %s, want %s", tt.before, tt.now, got, tt.want)
		}
	}
}

func settled(s, before *corev1.Service, families []corev1.IPFamily) string {
	if errs := settleFamilies(s, before, families); len(errs) > 0 {
		return fmt.Sprint(errs.ToAggregate())
	}
	policy := ""
	if s.Spec.IPFamilyPolicy != nil {
		policy = string(*s.Spec.IPFamilyPolicy)
	}
	return fmt.Sprint(policy, " ", s.Spec.IPFamilies)
}

func TestUpgradeAndDowngrade(t *testing.T) {
	a := allocator(t, "10.96.0.0/16,fd00:96::/112")
	s := write(t, a, service(corev1.ServiceTypeClusterIP, ""), nil)
	more := s.DeepCopy()
	more.Spec.IPFamilyPolicy = new(corev1.IPFamilyPolicy)
	*more.Spec.IPFamilyPolicy = corev1.IPFamilyPolicyRequireDualStack
	write(t, a, more, s)
	if len(more.Spec.ClusterIPs) != 2 || more.Spec.ClusterIPs[0] != s.Spec.ClusterIP || len(taken(t, a)) != 2 {
		t.Fatalf("%+v, with %v taken", more.Spec, taken(t, a))
	}
	less := more.DeepCopy()
	*less.Spec.IPFamilyPolicy = corev1.IPFamilyPolicySingleStack
	write(t, a, less, more)
	if len(less.Spec.ClusterIPs) != 1 || len(less.Spec.IPFamilies) != 1 || len(taken(t, a)) != 1 {
		t.Errorf("%+v, with %v taken", less.Spec, taken(t, a))
	}
}
