package podsecurity

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

func podOf(t *testing.T, text string) *corev1.Pod {
	t.Helper()
	p := &corev1.Pod{}
	if err := yaml.UnmarshalStrict([]byte(text), p); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return p
}

// strict is a container that breaks no rule.
const strict = `securityContext: {allowPrivilegeEscalation: false, runAsNonRoot: true, capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}`

func TestEvaluate(t *testing.T) {
	for text, want := range map[string][2]string{
		`{spec: {containers: [{name: a, ` + strict + `}]}}`: {"", ""},
		`{spec: {containers: [{name: a}, {name: b}], initContainers: [{name: i, ` + strict + `}]}}`: {"",
			`allowPrivilegeEscalation != false (containers "a", "b" must set securityContext.allowPrivilegeEscalation=false), ` +
				`unrestricted capabilities (containers "a", "b" must set securityContext.capabilities.drop=["ALL"]), ` +
				`runAsNonRoot != true (pod or containers "a", "b" must set securityContext.runAsNonRoot=true), ` +
				`seccompProfile (pod or containers "a", "b" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")`},
		`{spec: {hostNetwork: true, hostPID: true, containers: [{name: a, ports: [{containerPort: 80, hostPort: 80}], ` + strict + `}]}}`: {
			`host namespaces (hostNetwork=true, hostPID=true), hostPort (container "a" uses hostPort 80)`,
			`host namespaces (hostNetwork=true, hostPID=true), hostPort (container "a" uses hostPort 80)`},
		`{spec: {volumes: [{name: v, hostPath: {path: /}}, {name: share, nfs: {}}, {name: c, configMap: {}}], containers: [{name: a, ` + strict + `}]}}`: {
			`hostPath volumes (volume "v")`, `restricted volume types (volumes "v", "share" use restricted volume types "hostPath", "nfs")`},
		`{spec: {containers: [{name: a, securityContext: {privileged: true, allowPrivilegeEscalation: false, runAsNonRoot: true, capabilities: {add: [SYS_ADMIN, CHOWN], drop: [ALL]}, seccompProfile: {type: Unconfined}}}]}}`: {
			`non-default capabilities (container "a" must not include "SYS_ADMIN" in securityContext.capabilities.add), ` +
				`privileged (container "a" must not set securityContext.privileged=true), ` +
				`seccompProfile (container "a" must not set securityContext.seccompProfile.type to "Unconfined")`,
			`privileged (container "a" must not set securityContext.privileged=true), ` +
				`unrestricted capabilities (container "a" must not include "CHOWN", "SYS_ADMIN" in securityContext.capabilities.add), ` +
				`seccompProfile (container "a" must not set securityContext.seccompProfile.type to "Unconfined")`},
		`{metadata: {annotations: {container.apparmor.security.beta.kubernetes.io/a: unconfined}}, spec: {securityContext: {runAsUser: 0, sysctls: [{name: kernel.msgmax, value: x}], seLinuxOptions: {type: t, user: u}}, containers: [{name: a, livenessProbe: {httpGet: {host: h, port: 1}}, ` + strict + `}]}}`: {
			`forbidden AppArmor profile (annotation must not set AppArmor profile type to "container.apparmor.security.beta.kubernetes.io/a="unconfined""), ` +
				`probe or lifecycle host (container "a" uses probe or lifecycle host "h"), ` +
				`seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "t"; user may not be set), forbidden sysctls (kernel.msgmax)`,
			`forbidden AppArmor profile (annotation must not set AppArmor profile type to "container.apparmor.security.beta.kubernetes.io/a="unconfined""), ` +
				`probe or lifecycle host (container "a" uses probe or lifecycle host "h"), ` +
				`seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "t"; user may not be set), forbidden sysctls (kernel.msgmax), ` +
				`runAsUser=0 (pod must not set runAsUser=0)`},
		`{spec: {hostUsers: false, securityContext: {runAsNonRoot: false, windowsOptions: {hostProcess: true}}, containers: [{name: a, securityContext: {procMount: Unmasked, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, seccompProfile: {type: Localhost}}}]}}`: {
			`hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)`,
			`hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true), procMount (container "a" must not set securityContext.procMount to "Unmasked")`},
		`{spec: {securityContext: {sysctls: [{name: "", value: x}], seLinuxOptions: {role: r}}, containers: [{name: a, ` + strict + `}]}}`: {
			"seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: role may not be set), forbidden sysctls",
			"seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: role may not be set), forbidden sysctls"},
		`{spec: {securityContext: {runAsNonRoot: false}, volumes: [{name: v}, {name: w, image: {}}], containers: [{name: a, ` + strict + `}, {name: b, ` + strings.Replace(strict, "runAsNonRoot: true", "runAsNonRoot: false", 1) + `}]}}`: {
			"", `restricted volume types (volume "v" uses restricted volume type "unknown"), ` +
				`runAsNonRoot != true (pod and container "b" must not set securityContext.runAsNonRoot=false)`},
		`{spec: {securityContext: {runAsNonRoot: true}, containers: [{name: a, ` + strings.Replace(strict, "runAsNonRoot: true, ", "", 1) + `}]}}`: {"", ""},
	} {
		p := podOf(t, text)
		for i, level := range []Level{Baseline, Restricted} {
			if got := Evaluate(Standard{Level: level}, &p.ObjectMeta, &p.Spec).Details(); got != want[i] {
				t.Errorf("%s at %s\n got %s\nwant %s", text, level, got, want[i])
			}
		}
		if v := Evaluate(Standard{Level: Privileged}, &p.ObjectMeta, &p.Spec); len(v) > 0 {
			t.Errorf("privileged pods violate %v", v)
		}
	}
}

// Rules that came, or changed, with a release, before it and since.
func TestVersionsOfTheStandards(t *testing.T) {
	const (
		apparmor  = "container.apparmor.security.beta.kubernetes.io/"
		secOfPod  = "seccomp.security.alpha.kubernetes.io/pod"
		secOf     = "container.seccomp.security.alpha.kubernetes.io/"
		unmasked  = `procMount (container "a" must not set securityContext.procMount to "Unmasked")`
		strictPod = "containers: [{name: a, " + strict + "}]"
	)
	sysctl := func(name string) string {
		return "{spec: {securityContext: {sysctls: [{name: " + name + ", value: x}]}, " + strictPod + "}}"
	}
	container := func(context string) string {
		return "{spec: {containers: [{name: a, securityContext: {" + strings.TrimPrefix(strict[:len(strict)-1], "securityContext: {") + ", " + context + "}}]}}"
	}
	type says struct {
		minor int // -1 is the latest
		what  string
	}
	at := func(first int, what string) []says { return []says{{first - 1, what}, {first, ""}, {-1, ""}} }
	forbidden := func(name string) string { return "forbidden sysctls (" + name + ")" }
	for _, c := range []struct {
		level Level
		pod   string
		want  []says
	}{
		{Baseline, sysctl("net.ipv4.tcp_syncookies"), []says{{0, ""}}},
		{Baseline, sysctl("net.ipv4.ip_local_reserved_ports"), at(27, forbidden("net.ipv4.ip_local_reserved_ports"))},
		{Baseline, sysctl("net.ipv4.tcp_keepalive_time"), at(29, forbidden("net.ipv4.tcp_keepalive_time"))},
		{Baseline, sysctl("net.ipv4.tcp_fin_timeout"), at(29, forbidden("net.ipv4.tcp_fin_timeout"))},
		{Baseline, sysctl("net.ipv4.tcp_keepalive_intvl"), at(29, forbidden("net.ipv4.tcp_keepalive_intvl"))},
		{Baseline, sysctl("net.ipv4.tcp_keepalive_probes"), at(29, forbidden("net.ipv4.tcp_keepalive_probes"))},
		{Baseline, sysctl("net.ipv4.tcp_rmem"), at(32, forbidden("net.ipv4.tcp_rmem"))},
		{Baseline, sysctl("net.ipv4.tcp_wmem"), at(32, forbidden("net.ipv4.tcp_wmem"))},
		{Baseline, sysctl("net.ipv4.tcp_slow_start_after_idle"), at(37, forbidden("net.ipv4.tcp_slow_start_after_idle"))},
		{Baseline, sysctl("net.ipv4.tcp_notsent_lowat"), at(37, forbidden("net.ipv4.tcp_notsent_lowat"))},
		{Baseline, container("seLinuxOptions: {type: container_engine_t}"), at(31, `seLinuxOptions (container "a" set forbidden securityContext.seLinuxOptions: type "container_engine_t")`)},

		{Restricted, "{spec: {containers: [{name: a, securityContext: {runAsNonRoot: true, capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}}]}}", []says{
			{7, ""}, {8, `allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false)`}}},
		{Restricted, "{spec: {containers: [{name: a, securityContext: {allowPrivilegeEscalation: false, runAsNonRoot: true, capabilities: {add: [SYS_TIME]}, seccompProfile: {type: RuntimeDefault}}}]}}", []says{
			{21, `non-default capabilities (container "a" must not include "SYS_TIME" in securityContext.capabilities.add)`},
			{22, `unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]; container "a" must not include "SYS_TIME" in securityContext.capabilities.add)`}}},
		{Restricted, container("runAsUser: 0"), []says{{22, ""}, {23, `runAsUser=0 (container "a" must not set runAsUser=0)`}}},
		{Restricted, "{spec: {os: {name: windows}, containers: [{name: a, securityContext: {runAsNonRoot: true}}]}}", at(25,
			`allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false), `+
				`unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]), `+
				`seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")`)},
		{Restricted, "{spec: {os: {name: linux}, containers: [{name: a, securityContext: {runAsNonRoot: true, allowPrivilegeEscalation: false, seccompProfile: {type: Localhost}}}]}}", []says{
			{-1, `unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"])`}}},
		{Baseline, "{spec: {containers: [{name: b, livenessProbe: {tcpSocket: {host: h, port: 1}}}], initContainers: [{name: a, lifecycle: {preStop: {httpGet: {host: g, port: 1}}, postStart: {tcpSocket: {host: h, port: 1}}}}, {name: c, readinessProbe: {httpGet: {port: 1}}}]}}", []says{
			{33, ""}, {34, `probe or lifecycle host (containers "a", "b" use probe or lifecycle hosts "g", "h")`}}},

		{Baseline, container("procMount: Unmasked"), []says{{0, unmasked}, {-1, unmasked}}},
		{Baseline, container("procMount: Default"), []says{{-1, ""}}},
		{Baseline, "{spec: {hostUsers: false, containers: [{name: a, securityContext: {procMount: Unmasked}}]}}", at(35, unmasked)},
		{Baseline, "{spec: {hostUsers: true, containers: [{name: a, securityContext: {procMount: Unmasked}}]}}", []says{{-1, unmasked}}},
		{Restricted, "{spec: {hostUsers: false, containers: [{name: a, securityContext: {procMount: Unmasked, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}}], securityContext: {runAsUser: 0}}}", []says{
			{34, unmasked + `, runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true), runAsUser=0 (pod must not set runAsUser=0)`},
			{35, unmasked}}},

		{Baseline, `{metadata: {annotations: {` + secOfPod + `: unconfined, ` + secOf + `a: "", ` + secOf + `other: unconfined}}, spec: {securityContext: {seccompProfile: {type: Unconfined}}, containers: [{name: a}]}}`, []says{
			{18, `seccompProfile (forbidden annotations ` + secOf + `a="", ` + secOfPod + `="unconfined")`},
			{19, `seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")`}}},
		{Restricted, `{metadata: {annotations: {` + secOfPod + `: x}}, spec: {securityContext: {runAsNonRoot: true}, containers: [{name: a, securityContext: {allowPrivilegeEscalation: false}}]}}`, []says{
			{18, `seccompProfile (forbidden annotation ` + secOfPod + `="x")`},
			{19, `seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")`}}},
		{Baseline, `{metadata: {annotations: {` + secOfPod + `: runtime/default, ` + secOf + `a: docker/default, ` + secOf + `b: localhost/x}}, spec: {containers: [{name: a}, {name: b}]}}`, []says{{0, ""}}},

		{Baseline, `{metadata: {annotations: {` + apparmor + `a: runtime/default, ` + apparmor + `b: localhost/x, ` + apparmor + `c: ""}}, spec: {containers: [{name: a}]}}`, []says{{-1, ""}}},
		{Baseline, `{metadata: {annotations: {` + apparmor + `b: unconfined, ` + apparmor + `a: x}}, spec: {securityContext: {appArmorProfile: {type: Unconfined}}, containers: [{name: a, securityContext: {appArmorProfile: {type: Other}}}, {name: b, securityContext: {appArmorProfile: {type: Localhost}}}]}}`, []says{
			{0, `forbidden AppArmor profiles (pod and container "a" and annotations must not set AppArmor profile type to "Other", "Unconfined", "` + apparmor + `a="x"", "` + apparmor + `b="unconfined"")`}}},
		{Baseline, `{spec: {securityContext: {appArmorProfile: {type: Unconfined}}, containers: [{name: a, securityContext: {appArmorProfile: {type: RuntimeDefault}}}]}}`, []says{
			{-1, `forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined")`}}},
	} {
		p := podOf(t, c.pod)
		for _, want := range c.want {
			v := Version{want.minor, true}
			if want.minor < 0 {
				v = Version{}
			}
			if got := Evaluate(Standard{c.level, v}, &p.ObjectMeta, &p.Spec).Details(); got != want.what {
				t.Errorf("%s at %s %s\n got %s\nwant %s", c.pod, c.level, v, got, want.what)
			}
		}
	}
}

func TestPolicyOf(t *testing.T) {
	const restricted, latest = "must be one of privileged, baseline, restricted", `must be "latest" or "v1.x"`
	bad := func(label, value, why string) string {
		return fmt.Sprintf("metadata.labels[%s%s]: Invalid value: %q: %s", labelPrefix, label, value, why)
	}
	for _, c := range []struct {
		labels string // without their prefix
		want   string // enforce, audit and warn
		errs   []string
	}{
		{"{}", "privileged:latest privileged:latest privileged:latest", nil},
		{"{enforce: baseline, enforce-version: v1.30, audit: restricted}", "baseline:v1.30 restricted:latest baseline:v1.30", nil},
		{"{enforce: baseline, enforce-version: v1.30, warn-version: v1.31}", "baseline:v1.30 privileged:latest baseline:v1.31", nil},
		{"{enforce: restricted, warn: baseline}", "restricted:latest privileged:latest baseline:latest", nil},
		{"{enforce: privileged, enforce-version: v1.30}", "privileged:v1.30 privileged:latest privileged:latest", nil},
		{"{enforce: baseline, enforce-version: latest, audit-version: v1.0, warn: privileged}", "baseline:latest privileged:v1.0 privileged:latest", nil},
		{"{enforce: baseline, enforce-version: v1.99999999}", "baseline:v1.99999999 privileged:latest baseline:v1.99999999", nil},
		{"{enforce: none, audit: none, warn: none}", "restricted:latest privileged:latest privileged:latest", []string{
			bad("enforce", "none", restricted), bad("audit", "none", restricted), bad("warn", "none", restricted)}},
		{"{enforce: none}", "restricted:latest privileged:latest privileged:latest", []string{bad("enforce", "none", restricted)}},
		{`{enforce: ""}`, "restricted:latest privileged:latest privileged:latest", []string{bad("enforce", "", restricted)}},
		{"{enforce-version: v1.01, audit-version: v2.1, warn-version: v1.}", "privileged:latest privileged:latest privileged:latest", []string{
			bad("enforce-version", "v1.01", latest), bad("audit-version", "v2.1", latest), bad("warn-version", "v1.", latest)}},
		{"{enforce: baseline, enforce-version: v1.-1}", "baseline:latest privileged:latest baseline:latest", []string{bad("enforce-version", "v1.-1", latest)}},
	} {
		short, labels := map[string]string{}, map[string]string{}
		if err := yaml.UnmarshalStrict([]byte(c.labels), &short); err != nil {
			t.Fatal(err)
		}
		for k, v := range short {
			labels[labelPrefix+k] = v
		}
		p, errs := PolicyOf(labels)
		var got []string
		for _, e := range errs {
			got = append(got, e.Error())
		}
		if text := fmt.Sprint(p.Enforce, p.Audit, p.Warn); text != c.want || !slices.Equal(got, c.errs) {
			t.Errorf("%s: %s, %q; want %s, %q", c.labels, text, got, c.want, c.errs)
		}
	}
}

func TestTrivialAndLaxer(t *testing.T) {
	if p, _ := PolicyOf(nil); !p.Trivial() {
		t.Error("a namespace without labels asks for something")
	}
	for _, mode := range []string{"enforce", "audit", "warn"} {
		if p, _ := PolicyOf(map[string]string{labelPrefix + mode: "baseline"}); p.Trivial() {
			t.Errorf("a namespace with %s asks for nothing", mode)
		}
	}
	pinned := Version{30, true}
	for _, c := range []struct {
		a, b Standard
		want bool
	}{
		{Standard{Level: Baseline}, Standard{Level: Baseline}, true},
		{Standard{Level: Baseline}, Standard{Level: Restricted}, true},
		{Standard{Level: Restricted}, Standard{Level: Baseline}, false},
		{Standard{Level: Baseline}, Standard{Restricted, pinned}, false},
	} {
		if got := c.a.Laxer(c.b); got != c.want {
			t.Errorf("%s laxer than %s: %t", c.a, c.b, got)
		}
	}
}
