package pod

import (
	"strings"
	"testing"
)

const (
	ids   = `must be between 0 and 2147483647, inclusive`
	local = `can only be set when seccomp type is Localhost`
)

func TestPodSecurity(t *testing.T) {
	pod := func(text string, want ...string) judged {
		return with(`securityContext: {`+text+`}`, within("spec.securityContext.", want)...)
	}
	judge(t,
		pod(`fsGroup: 0, runAsUser: 2147483647, runAsGroup: 1, supplementalGroups: [1, 2], fsGroupChangePolicy: OnRootMismatch, supplementalGroupsPolicy: Strict, seLinuxChangePolicy: Recursive,
			seccompProfile: {type: RuntimeDefault}, appArmorProfile: {type: Unconfined}, sysctls: [{name: net.core/somaxconn, value: "1"}]`),
		pod(`fsGroup: -1, runAsUser: 2147483648, runAsGroup: -1, supplementalGroups: [1, -1]`,
			`fsGroup: Invalid value: -1: `+ids,
			`runAsUser: Invalid value: 2147483648: `+ids,
			`runAsGroup: Invalid value: -1: `+ids,
			`supplementalGroups[1]: Invalid value: -1: `+ids),
		pod(`fsGroupChangePolicy: Never, seccompProfile: {type: X}, windowsOptions: {runAsUserName: ""}, appArmorProfile: {type: X}, supplementalGroupsPolicy: X, seLinuxChangePolicy: X`,
			`fsGroupChangePolicy: Unsupported value: "Never": supported values: "Always", "OnRootMismatch"`,
			`seccompProfile.type: Unsupported value: "X": supported values: "Localhost", "RuntimeDefault", "Unconfined"`,
			`windowsOptions.runAsUserName: Invalid value: "": runAsUserName cannot be an empty string`,
			`appArmorProfile.type: Unsupported value: "X": supported values: "Localhost", "RuntimeDefault", "Unconfined"`,
			`supplementalGroupsPolicy: Unsupported value: "X": supported values: "Merge", "Strict"`,
			`seLinuxChangePolicy: Unsupported value: "X": supported values: "MountOption", "Recursive"`),
		with(`hostPID: true, shareProcessNamespace: true`,
			`spec.securityContext.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled`),
		with(`hostPID: true, shareProcessNamespace: false`),
	)
}

func TestSysctls(t *testing.T) {
	sysctls := func(text string, want ...string) judged {
		return with(text, within("spec.securityContext.sysctls", want)...)
	}
	const form = `must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$`
	long := strings.Repeat("a", 254)
	judge(t,
		sysctls(`hostIPC: true, securityContext: {sysctls: [{name: net.core.somaxconn}, {name: kernel.domainname}]}`),
		sysctls(`hostNetwork: true, securityContext: {sysctls: [{name: kernel.shmmax}, {name: network.x}]}`),
		sysctls(`securityContext: {sysctls: [{name: `+long[:253]+`}]}`),
		sysctls(`securityContext: {sysctls: [{}, {name: A}, {name: `+long+`}, {name: a.b}, {name: a.b}, {name: a/b}]}`,
			`[0].name: Required value`,
			`[1].name: Invalid value: "A": `+form,
			`[2].name: Invalid value: "`+long+`": `+form,
			`[4].name: Duplicate value: "a.b"`),
		sysctls(`hostNetwork: true, securityContext: {sysctls: [{name: net.core.somaxconn}, {name: net/ipv4/ip.forward}]}`,
			`[0].name: Invalid value: "net.core.somaxconn": may not be specified when 'hostNetwork' is true`,
			`[1].name: Invalid value: "net/ipv4/ip.forward": may not be specified when 'hostNetwork' is true`),
		sysctls(`hostIPC: true, securityContext: {sysctls: [{name: kernel.sem}, {name: kernel.shmall}, {name: kernel.msgmax}, {name: fs.mqueue.x}]}`,
			`[0].name: Invalid value: "kernel.sem": may not be specified when 'hostIPC' is true`,
			`[1].name: Invalid value: "kernel.shmall": may not be specified when 'hostIPC' is true`,
			`[2].name: Invalid value: "kernel.msgmax": may not be specified when 'hostIPC' is true`,
			`[3].name: Invalid value: "fs.mqueue.x": may not be specified when 'hostIPC' is true`),
	)
}

func TestHostUsers(t *testing.T) {
	const why = "when `hostUsers` is false"
	const devices = `{name: %, image: i, volumeDevices: [{name: c, devicePath: /c}]}`
	judge(t,
		with(`hostUsers: true, hostPID: true, hostIPC: true, hostNetwork: true`),
		with(`hostUsers: false`),
		with(`hostUsers: false, hostPID: true, hostIPC: true, hostNetwork: true`,
			`spec.hostNetwork: Forbidden: `+why,
			`spec.HostPID: Forbidden: `+why,
			`spec.HostIPC: Forbidden: `+why),
		spec(`hostUsers: false, volumes: [{name: c, persistentVolumeClaim: {claimName: c}}],
			containers: [`+strings.Replace(devices, "%", "a", 1)+`], initContainers: [`+strings.Replace(devices, "%", "b", 1)+`]`,
			`spec.initContainers[0].volumeDevices: Forbidden: `+why,
			`spec.containers[0].volumeDevices: Forbidden: `+why),
		container(`securityContext: {procMount: Unmasked}`, "securityContext.procMount: Invalid value: \"Unmasked\": `hostUsers` must be false to use `Unmasked`"),
		spec(`hostUsers: false, containers: [{name: a, image: i, securityContext: {procMount: Unmasked}}]`),
	)
}

func TestContainerSecurity(t *testing.T) {
	c := func(text string, want ...string) judged {
		return container(`securityContext: {`+text+`}`, within("securityContext", want)...)
	}
	judge(t,
		c(`runAsUser: 0, runAsGroup: 0, procMount: Default, privileged: true, allowPrivilegeEscalation: true, capabilities: {add: [CAP_SYS_ADMIN]}`),
		c(`runAsUser: -1, runAsGroup: -1, procMount: X, seccompProfile: {}, windowsOptions: {runAsUserName: ""}, appArmorProfile: {}`,
			`.runAsUser: Invalid value: -1: `+ids,
			`.runAsGroup: Invalid value: -1: `+ids,
			`.procMount: Unsupported value: "X": supported values: "Default", "Unmasked"`,
			`.seccompProfile.type: Required value: type is required when seccompProfile is set`,
			`.windowsOptions.runAsUserName: Invalid value: ""`,
			`.appArmorProfile.type: Required value: type is required when appArmorProfile is set`),
		c(`allowPrivilegeEscalation: false, privileged: true`,
			": Invalid value: {\"privileged\":true,\"allowPrivilegeEscalation\":false}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true"),
		c(`allowPrivilegeEscalation: false, capabilities: {add: [CAP_SYS_ADMIN, SYS_ADMIN]}`,
			": Invalid value: {\"capabilities\":{\"add\":[\"CAP_SYS_ADMIN\",\"SYS_ADMIN\"]},\"allowPrivilegeEscalation\":false}: cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"),
		c(`allowPrivilegeEscalation: false, capabilities: {drop: [CAP_SYS_ADMIN]}, privileged: false`),
	)
}

func TestProfiles(t *testing.T) {
	seccomp := func(text string, want ...string) judged {
		return container(`securityContext: {seccompProfile: {`+text+`}}`, within("securityContext.seccompProfile.", want)...)
	}
	appArmor := func(text string, want ...string) judged {
		return container(`securityContext: {appArmorProfile: {`+text+`}}`, within("securityContext.appArmorProfile.", want)...)
	}
	long := strings.Repeat("a", 4096)
	judge(t,
		seccomp(`type: Localhost, localhostProfile: a/b`),
		seccomp(`type: Localhost`, `localhostProfile: Required value: must be set when seccomp type is Localhost`),
		seccomp(`type: Localhost, localhostProfile: ../a`, `localhostProfile: Invalid value: "../a": must not contain '..'`),
		seccomp(`type: Localhost, localhostProfile: /a`, `localhostProfile: Invalid value: "/a": must be a relative path`),
		seccomp(`type: Unconfined, localhostProfile: a`, `localhostProfile: Invalid value: {"type":"Unconfined","localhostProfile":"a"}: `+local),
		seccomp(`type: X, localhostProfile: a`, `type: Unsupported value: "X"`, `localhostProfile: Invalid value: {"type":"X","localhostProfile":"a"}: `+local),
		appArmor(`type: Localhost, localhostProfile: a`),
		appArmor(`type: Localhost`, `localhostProfile: Required value: must be set when AppArmor type is Localhost`),
		appArmor(`type: Localhost, localhostProfile: ""`, `localhostProfile: Required value: must be set when AppArmor type is Localhost`),
		appArmor(`type: Localhost, localhostProfile: " a"`, `localhostProfile: Invalid value: " a": must not be padded with whitespace`),
		appArmor(`type: Localhost, localhostProfile: " "`, `localhostProfile: Invalid value: " ": must not be padded with whitespace`),
		appArmor(`type: Localhost, localhostProfile: `+long, `localhostProfile: Too long: may not be more than 4095 bytes`),
		appArmor(`type: RuntimeDefault, localhostProfile: a`, `localhostProfile: Invalid value: "a": can only be set when AppArmor type is Localhost`),
		appArmor(`type: Unconfined, localhostProfile: a`, `localhostProfile: Invalid value: "a": can only be set when AppArmor type is Localhost`),
		appArmor(`type: X, localhostProfile: a`, `type: Unsupported value: "X": supported values: "Localhost", "RuntimeDefault", "Unconfined"`),
	)
}
