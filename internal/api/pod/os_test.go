package pod

import (
	"strings"
	"testing"
)

func TestOS(t *testing.T) {
	const linux = `windows options cannot be set for a linux pod`
	judge(t,
		with(`os: {name: linux}`),
		with(`os: {name: windows}`),
		with(`os: {name: beos}`, `spec.os: Unsupported value: "beos": supported values: "linux", "windows"`),
		judged{pods, `spec: {` + one + `, os: {}}`, []string{`spec.os.name: Required value`}},
		spec(`os: {name: linux}, securityContext: {windowsOptions: {}}, containers: [{name: a, image: i, securityContext: {windowsOptions: {}}}], initContainers: [{name: b, image: i, securityContext: {windowsOptions: {}}}]`,
			`spec.securityContext.windowsOptions: Forbidden: `+linux,
			`spec.initContainers[0].securityContext.windowsOptions: Forbidden: `+linux,
			`spec.containers[0].securityContext.windowsOptions: Forbidden: `+linux),
	)
}

func TestWindows(t *testing.T) {
	never := func(paths ...string) []string {
		var want []string
		for _, p := range paths {
			want = append(want, p+": Forbidden: cannot be set for a windows pod")
		}
		return want
	}
	judge(t,
		spec(`os: {name: windows}, hostUsers: true, hostPID: true, hostIPC: true, shareProcessNamespace: false,
			securityContext: {appArmorProfile: {type: Unconfined}, seLinuxOptions: {}, seccompProfile: {type: Unconfined}, fsGroup: 1, fsGroupChangePolicy: Always, sysctls: [{name: a}],
			  runAsUser: 1, runAsGroup: 1, supplementalGroups: [], supplementalGroupsPolicy: Merge, seLinuxChangePolicy: Recursive}, `+one,
			never("spec.securityContext.appArmorProfile", "spec.securityContext.seLinuxOptions", "spec.hostUsers", "spec.hostPID", "spec.hostIPC", "spec.securityContext.seccompProfile",
				"spec.securityContext.fsGroup", "spec.securityContext.fsGroupChangePolicy", "spec.securityContext.sysctls", "spec.shareProcessNamespace",
				"spec.securityContext.runAsUser", "spec.securityContext.runAsGroup", "spec.securityContext.supplementalGroups", "spec.securityContext.supplementalGroupsPolicy",
				"spec.securityContext.seLinuxChangePolicy")...),
		spec(`os: {name: windows}, containers: [{name: a, image: i, securityContext: {appArmorProfile: {type: Unconfined}, seLinuxOptions: {}, seccompProfile: {type: Unconfined}, capabilities: {},
			readOnlyRootFilesystem: false, privileged: false, allowPrivilegeEscalation: false, procMount: Default, runAsUser: 1, runAsGroup: 1}}]`,
			within("spec.containers[0].securityContext.", never("appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem", "privileged",
				"allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup"))...),
		spec(`os: {name: windows}, containers: [{name: a, image: i, securityContext: {runAsNonRoot: true, windowsOptions: {runAsUserName: u}}}], initContainers: [{name: b, image: i, securityContext: {runAsUser: 1}}]`,
			never("spec.initContainers[0].securityContext.runAsUser")...),
	)
}

func TestWindowsOptions(t *testing.T) {
	user := func(name string, want ...string) judged {
		return container(`securityContext: {windowsOptions: {runAsUserName: '`+name+`'}}`,
			within("securityContext.windowsOptions.runAsUserName: Invalid value: ", want)...)
	}
	gmsa := func(text string, want ...string) judged {
		return container(`securityContext: {windowsOptions: {`+text+`}}`, within("securityContext.windowsOptions.", want)...)
	}
	const bad = `runAsUserName's User cannot contain the following characters: "/\:;|=,+*?<>@[]`
	judge(t,
		user(`ContainerAdministrator`), user(`NT AUTHORITY\SYSTEM`), user(`test.example.com\u`),
		user(``, `"": runAsUserName cannot be an empty string`),
		user(`a\b\c`, `"a\\b\\c": runAsUserName cannot contain more than one backslash`),
		container(`securityContext: {windowsOptions: {runAsUserName: "a\tb"}}`, `securityContext.windowsOptions.runAsUserName: Invalid value: "a\tb": runAsUserName cannot contain control characters`),
		user(`a\`, `"a\\": runAsUserName's User cannot be empty`),
		user(`\a`, `"\\a": runAsUserName's Domain doesn't match the NetBios nor the DNS format`),
		user(`.a:\u`, `".a:\\u": runAsUserName's Domain doesn't match the NetBios nor the DNS format`),
		user(strings.Repeat("a.", 128)+`\u`, `"`+strings.Repeat("a.", 128)+`\\u": runAsUserName's Domain length must be under 256 characters`,
			`"`+strings.Repeat("a.", 128)+`\\u": runAsUserName's Domain doesn't match the NetBios nor the DNS format`),
		user(strings.Repeat("u", 105), `"`+strings.Repeat("u", 105)+`": runAsUserName's User length must not be longer than 104 characters`),
		user(`. .`, `". .": runAsUserName's User cannot contain only periods or spaces`),
		user(`a:b`, `"a:b": `+bad), user(`a@b`, `"a@b": `+bad),
		gmsa(`gmsaCredentialSpecName: a.b, gmsaCredentialSpec: x`),
		gmsa(`gmsaCredentialSpecName: A, gmsaCredentialSpec: ""`,
			`gmsaCredentialSpecName: Invalid value: "A": `+subdomain,
			`gmsaCredentialSpec: Invalid value: "": gmsaCredentialSpec cannot be an empty string`),
		gmsa(`gmsaCredentialSpec: `+strings.Repeat("a", 64*1024)),
		gmsa(`gmsaCredentialSpec: `+strings.Repeat("a", 64*1024+1),
			`gmsaCredentialSpec: Invalid value: "`+strings.Repeat("a", 64*1024+1)+`": gmsaCredentialSpec size must be under 64 KiB`),
	)
}

func TestHostProcess(t *testing.T) {
	const network = `spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers`
	const all = `spec: Invalid value: "": If pod contains any hostProcess containers then all containers must be HostProcess containers`
	host := func(value string) string { return `securityContext: {windowsOptions: {hostProcess: ` + value + `}}` }
	judge(t,
		spec(`hostNetwork: true, `+host("true")+`, `+one),
		spec(host("false")+`, `+one),
		spec(host("true")+`, `+one, network),
		spec(`containers: [{name: a, image: i, `+host("true")+`}]`, network),
		spec(`hostNetwork: true, containers: [{name: a, image: i, `+host("true")+`}, {name: b, image: i}]`, all),
		spec(`containers: [{name: a, image: i, `+host("true")+`}], initContainers: [{name: b, image: i}]`, all, network),
		spec(host("false")+`, containers: [{name: a, image: i, `+host("true")+`}]`,
			`spec.containers[0].securityContext.windowsOptions.hostProcess: Invalid value: true: pod hostProcess value must be identical if both are specified, was false`, network),
		spec(`hostNetwork: true, `+host("true")+`, containers: [{name: a, image: i, `+host("false")+`}, {name: b, image: i}]`,
			`spec.containers[0].securityContext.windowsOptions.hostProcess: Invalid value: false: pod hostProcess value must be identical if both are specified, was true`, all),
	)
}
