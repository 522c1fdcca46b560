package hostfile

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func text(c *runtimeapi.DNSConfig) string {
	return strings.Join(c.Servers, " ") + " | " + strings.Join(c.Searches, " ") + " | " + strings.Join(c.Options, " ")
}

func TestDNS(t *testing.T) {
	d := DNS{Servers: []string{"10.96.0.10"}, Domain: "cluster.local",
		Host: ParseResolv(strings.NewReader("# c\nnameserver 1.1.1.1\nnameserver 8.8.8.8\nsearch old\nsearch corp.example. lan\noptions edns0 trust-ad\n"))}
	two := "2"
	for _, c := range []struct {
		name string
		spec corev1.PodSpec
		want string
	}{
		{"cluster first", corev1.PodSpec{DNSPolicy: corev1.DNSClusterFirst},
			"10.96.0.10 | ns.svc.cluster.local svc.cluster.local cluster.local corp.example lan | ndots:5"},
		{"default", corev1.PodSpec{DNSPolicy: corev1.DNSDefault}, "1.1.1.1 8.8.8.8 | corp.example lan | edns0 trust-ad"},
		{"host network", corev1.PodSpec{DNSPolicy: corev1.DNSClusterFirst, HostNetwork: true}, "1.1.1.1 8.8.8.8 | corp.example lan | edns0 trust-ad"},
		{"host network, cluster first all the same", corev1.PodSpec{DNSPolicy: corev1.DNSClusterFirstWithHostNet, HostNetwork: true},
			"10.96.0.10 | ns.svc.cluster.local svc.cluster.local cluster.local corp.example lan | ndots:5"},
		{"none", corev1.PodSpec{DNSPolicy: corev1.DNSNone, DNSConfig: &corev1.PodDNSConfig{Nameservers: []string{"9.9.9.9"}, Searches: []string{"x"}}}, "9.9.9.9 | x | "},
		{"additions", corev1.PodSpec{DNSPolicy: corev1.DNSClusterFirst, DNSConfig: &corev1.PodDNSConfig{
			Nameservers: []string{"10.96.0.10", "9.9.9.9"}, Searches: []string{"lan", "x"},
			Options: []corev1.PodDNSConfigOption{{Name: "ndots", Value: &two}, {Name: "rotate"}}}},
			"10.96.0.10 9.9.9.9 | ns.svc.cluster.local svc.cluster.local cluster.local corp.example lan x | ndots:2 rotate"},
	} {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns"}, Spec: c.spec}
		if got := text(d.For(pod)); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
	if got := text(d.For(&corev1.Pod{Spec: corev1.PodSpec{DNSPolicy: corev1.DNSDefault}})); !strings.Contains(got, "1.1.1.1 8.8.8.8 |") {
		t.Errorf("the host's settings were changed: %s", got)
	}
}

func TestHosts(t *testing.T) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web-0", Namespace: "ns"}, Spec: corev1.PodSpec{
		Subdomain: "web", HostAliases: []corev1.HostAlias{{IP: "1.2.3.4", Hostnames: []string{"a", "b"}}}}}
	got := Hosts(pod, []string{"10.0.0.5"}, "cluster.local", "")
	for _, want := range []string{"# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n", "10.0.0.5\tweb-0.web.ns.svc.cluster.local\tweb-0\n",
		"# Entries added by HostAliases.\n1.2.3.4\ta\tb\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	pod.Spec.HostNetwork = true
	if got := Hosts(pod, nil, "cluster.local", "127.0.1.1 host\n"); !strings.Contains(got, "127.0.1.1 host") || strings.Contains(got, "web-0") {
		t.Errorf("host network:\n%s", got)
	}
}

func TestKernelHostname(t *testing.T) {
	yes := true
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: strings.Repeat("a", 62) + "-b", Namespace: "ns"}}
	if got, _ := KernelHostname(pod, "cluster.local"); got != strings.Repeat("a", 62) {
		t.Errorf("long name = %q", got)
	}
	pod = &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "ns"}, Spec: corev1.PodSpec{Hostname: "h", Subdomain: "s", SetHostnameAsFQDN: &yes}}
	if got, _ := KernelHostname(pod, "cluster.local"); got != "h.s.ns.svc.cluster.local" {
		t.Errorf("fqdn = %q", got)
	}
	pod.Spec.Subdomain = strings.Repeat("s", 60)
	if _, err := KernelHostname(pod, "cluster.local"); err == nil {
		t.Error("a name of more than 64 characters was accepted")
	}
}
