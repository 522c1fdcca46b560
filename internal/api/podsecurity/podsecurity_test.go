package podsecurity

import (
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
			`forbidden AppArmor profile (annotation container.apparmor.security.beta.kubernetes.io/a="unconfined"), ` +
				`probe or lifecycle host (container "a" uses probe or lifecycle host "h"), ` +
				`seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "t"; user may not be set), forbidden sysctls (kernel.msgmax)`,
			`forbidden AppArmor profile (annotation container.apparmor.security.beta.kubernetes.io/a="unconfined"), ` +
				`probe or lifecycle host (container "a" uses probe or lifecycle host "h"), ` +
				`seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "t"; user may not be set), forbidden sysctls (kernel.msgmax), ` +
				`runAsUser=0 (pod must not set runAsUser=0)`},
		`{spec: {hostUsers: false, securityContext: {runAsNonRoot: false, windowsOptions: {hostProcess: true}}, containers: [{name: a, securityContext: {procMount: Unmasked, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, seccompProfile: {type: Localhost}}}]}}`: {
			`hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)`,
			`procMount (container "a" must not set securityContext.procMount to "Unmasked"), hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)`},
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

func TestOldVersionsOfTheStandards(t *testing.T) {
	p := podOf(t, `{spec: {securityContext: {runAsNonRoot: true, runAsUser: 0, seccompProfile: {type: RuntimeDefault}, sysctls: [{name: net.ipv4.tcp_rmem, value: x}]},
		containers: [{name: a, livenessProbe: {tcpSocket: {host: h, port: 1}}, securityContext: {allowPrivilegeEscalation: false}}]}}`)
	for version, want := range map[Version]string{
		21: "forbidden sysctls", 22: "forbidden sysctls, unrestricted capabilities", 23: "forbidden sysctls, unrestricted capabilities, runAsUser=0",
		32: "unrestricted capabilities, runAsUser=0", 34: "probe or lifecycle host, unrestricted capabilities, runAsUser=0",
	} {
		if got := Evaluate(Standard{Restricted, version}, &p.ObjectMeta, &p.Spec).Reasons(); got != want {
			t.Errorf("%s: %s, want %s", version, got, want)
		}
	}
}

func TestPolicyOf(t *testing.T) {
	p, errs := PolicyOf(map[string]string{labelPrefix + "enforce": "baseline", labelPrefix + "enforce-version": "v1.30", labelPrefix + "audit": "restricted"})
	if len(errs) > 0 || p.Enforce.String() != "baseline:v1.30" || p.Audit.String() != "restricted:latest" || p.Warn != p.Enforce {
		t.Errorf("%v, %v", p, errs)
	}
	p, errs = PolicyOf(map[string]string{labelPrefix + "enforce": "none", labelPrefix + "warn": "x", labelPrefix + "warn-version": "v1.01"})
	if len(errs) != 3 || p.Enforce.Level != Restricted || p.Warn.Level != Privileged {
		t.Errorf("%v, %v", p, errs)
	}
	if want := `metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "none": must be one of privileged, baseline, restricted`; errs[0].Error() != want {
		t.Errorf("%v", errs[0])
	}
	if p, _ := PolicyOf(nil); !p.Trivial() {
		t.Error("a namespace without labels asks for something")
	}
}
