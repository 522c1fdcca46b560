package pod

import (
	"strings"
	"testing"
)

const (
	label     = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"
	subdomain = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
)

func TestContainers(t *testing.T) {
	judge(t,
		spec(one),
		spec(``, `spec.containers: Required value`),
		spec(`initContainers: [{name: a, image: i}]`, `spec.containers: Required value`),
		spec(`containers: [{name: a, image: i}, {name: b, image: i}]`),
		spec(`containers: [{name: a, image: i}, {name: a, image: i}]`, `spec.containers[1].name: Duplicate value: "a"`),
		spec(`containers: [{image: i}, {image: i}]`,
			`spec.containers[0].name: Required value`,
			`spec.containers[1].name: Required value`,
			`spec.containers[1].name: Duplicate value: ""`),
		spec(`containers: [{name: A, image: i}, {name: a.b, image: i}]`,
			`spec.containers[0].name: Invalid value: "A": `+label,
			`spec.containers[1].name: Invalid value: "a.b": must not contain dots`),
		spec(`containers: [{name: a}]`, `spec.containers[0].image: Required value`),
		spec(`containers: [{name: a, image: "i "}], initContainers: [{name: b, image: " i"}]`,
			`spec.containers[0].image: Invalid value: "i ": must not have leading or trailing whitespace`,
			`spec.initContainers[0].image: Invalid value: " i": must not have leading or trailing whitespace`),
		template(`containers: [{name: a, image: "i "}]`), // as it always was
		container(`imagePullPolicy: Never`),
		container(`imagePullPolicy: never`, `imagePullPolicy: Unsupported value: "never": supported values: "Always", "IfNotPresent", "Never"`),
		container(`terminationMessagePolicy: FallbackToLogsOnError`),
		container(`terminationMessagePolicy: Log`, `terminationMessagePolicy: Unsupported value: "Log": supported values: "File", "FallbackToLogsOnError"`),
		// What is wrong with one container, in order.
		container(`terminationMessagePolicy: Log, ports: [{}], env: [{}], envFrom: [{}], volumeMounts: [{name: v, mountPath: /}], volumeDevices: [{name: d, devicePath: /d}],
			imagePullPolicy: x, resources: {limits: {a: 1}}, resizePolicy: [{resourceName: a, restartPolicy: NotRequired}], securityContext: {runAsUser: -1},
			lifecycle: {preStop: {}}, livenessProbe: {}, restartPolicy: x`,
			`terminationMessagePolicy: Unsupported value`,
			`ports[0].containerPort: Required value`,
			`env[0].name: Required value`,
			`envFrom: Invalid value`,
			`volumeMounts[0].name: Not found: "v"`,
			`volumeDevices[0].name: Not found: "d"`,
			`imagePullPolicy: Unsupported value`,
			`resources.limits[a]: Invalid value`,
			`resources.limits[a]: Invalid value`,
			`resizePolicy: Unsupported value`,
			`securityContext.runAsUser: Invalid value`,
			`lifecycle.preStop: Required value`,
			`livenessProbe: Required value`,
			`restartPolicy: Unsupported value`),
	)
}

func TestPorts(t *testing.T) {
	const low = `must be between 1 and 65535, inclusive`
	judge(t,
		container(`ports: [{containerPort: 80}, {name: web, containerPort: 65535, hostPort: 80, protocol: UDP, hostIP: 1.1.1.1}, {containerPort: 1, protocol: SCTP}]`),
		container(`ports: [{containerPort: 0}]`, `ports[0].containerPort: Required value`),
		container(`ports: [{containerPort: -1}, {containerPort: 65536}, {containerPort: 1, hostPort: 65536}]`,
			`ports[0].containerPort: Invalid value: -1: `+low,
			`ports[1].containerPort: Invalid value: 65536: `+low,
			`ports[2].hostPort: Invalid value: 65536: `+low),
		container(`ports: [{containerPort: 1, protocol: ICMP}]`, `ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"`),
		container(`ports: [{containerPort: 1, protocol: tcp}]`, `ports[0].protocol: Unsupported value: "tcp"`),
		container(`ports: [{name: web, containerPort: 1}, {name: web, containerPort: 2}]`, `ports[1].name: Duplicate value: "web"`),
		container(`ports: [{name: "1", containerPort: 1}, {name: "1", containerPort: 2}]`, // a bad name is not remembered
			`ports[0].name: Invalid value: "1": must contain at least one letter (a-z)`,
			`ports[1].name: Invalid value: "1": must contain at least one letter (a-z)`),
		container(`ports: [{name: abcdefghijklmnop, containerPort: 1}]`, `ports[0].name: Invalid value: "abcdefghijklmnop": must be no more than 15 characters`),
		// Ports of the host: one of each protocol, address and number.
		spec(`containers: [{name: a, image: i, ports: [{containerPort: 1, hostPort: 9}, {containerPort: 2, hostPort: 9, protocol: UDP}, {containerPort: 2, hostPort: 9, hostIP: 1.1.1.1}]},
			{name: b, image: i, ports: [{containerPort: 1, hostPort: 9}, {containerPort: 2, hostPort: 9, hostIP: 1.1.1.1}]}]`,
			`spec.containers[1].ports[0].hostPort: Duplicate value: "TCP//9"`,
			`spec.containers[1].ports[1].hostPort: Duplicate value: "TCP/1.1.1.1/9"`),
		// They are compared when all containers have been judged.
		spec(`containers: [{name: a, image: i, ports: [{containerPort: 1, hostPort: 9}, {containerPort: 2, hostPort: 9}]}, {name: b}]`,
			`spec.containers[1].image: Required value`,
			`spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//9"`),
	)
}

func TestHostNetworkPorts(t *testing.T) {
	const differs = "hostPort: Invalid value: %: must match `containerPort` when `hostNetwork` is true"
	port := func(n string) string { return strings.Replace(differs, "%", n, 1) }
	judge(t,
		spec(`hostNetwork: true, containers: [{name: a, image: i, ports: [{containerPort: 1, hostPort: 1}]}]`),
		spec(`hostNetwork: true, containers: [{name: a, image: i, ports: [{containerPort: 1, hostPort: 2}, {containerPort: 3}]}]`,
			`spec.containers[0].ports[0].`+port("2"), `spec.containers[0].ports[1].`+port("0")),
		template(`hostNetwork: true, containers: [{name: a, image: i, ports: [{containerPort: 1, hostPort: 2}, {containerPort: 3}]}]`,
			`containers[0].ports[0].`+port("2")),
		spec(`containers: [{name: a, image: i, ports: [{containerPort: 1, hostPort: 2}]}]`),
	)
}

func TestInitContainers(t *testing.T) {
	init := func(text string, want ...string) judged {
		return with(`initContainers: [`+text+`]`, within("spec.initContainers", want)...)
	}
	const always = `may not be set for init containers without restartPolicy=Always`
	judge(t,
		init(`{name: b, image: i}, {name: c, image: i, restartPolicy: Always, lifecycle: {preStop: {exec: {command: [x]}}}, livenessProbe: {exec: {command: [x]}},
			readinessProbe: {exec: {command: [x]}}, startupProbe: {exec: {command: [x]}}, resizePolicy: [{resourceName: cpu, restartPolicy: RestartContainer}]}`),
		init(`{name: a, image: i}`, `[0].name: Duplicate value: "a"`),
		init(`{name: b, image: i}, {name: b}`, `[1].image: Required value`, `[1].name: Duplicate value: "b"`),
		init(`{image: i}, {image: i}`, `[0].name: Required value`, `[1].name: Required value`), // names that are missing are not remembered here
		spec(`containers: [{image: i}], initContainers: [{image: i}]`,
			`spec.containers[0].name: Required value`,
			`spec.initContainers[0].name: Required value`,
			`spec.initContainers[0].name: Duplicate value: ""`), // but those of others are
		init(`{name: b, image: i, lifecycle: {}, livenessProbe: {}, readinessProbe: {}, startupProbe: {}}`,
			`[0].lifecycle: Forbidden: `+always,
			`[0].livenessProbe: Forbidden: `+always,
			`[0].readinessProbe: Forbidden: `+always,
			`[0].startupProbe: Forbidden: `+always),
		init(`{name: b, image: i, restartPolicy: OnFailure, livenessProbe: {exec: {command: [x]}}}`, `[0].livenessProbe: Forbidden: `+always),
		init(`{name: b, image: i, restartPolicy: Always, readinessProbe: {}}`, `[0].readinessProbe: Required value: must specify a handler type`),
		init(`{name: b, image: i, resizePolicy: [{resourceName: cpu, restartPolicy: NotRequired}, {resourceName: memory, restartPolicy: RestartContainer}]}`,
			`[0].resizePolicy[1].restartPolicy: Invalid value: "RestartContainer": must not be set to 'RestartContainer' for non-sidecar initContainers`),
		// One after the other, they may have the same port, but not twice; all
		// are reported as the first.
		init(`{name: b, image: i, ports: [{containerPort: 1, hostPort: 1}]}, {name: c, image: i, ports: [{containerPort: 1, hostPort: 1}, {containerPort: 2, hostPort: 1}]}`,
			`[0].ports[1].hostPort: Duplicate value: "TCP//1"`),
		spec(`containers: [{name: a, image: i, ports: [{containerPort: 1, hostPort: 1}]}], initContainers: [{name: b, image: i, ports: [{containerPort: 1, hostPort: 1}]}]`),
	)
}

func TestEphemeralContainers(t *testing.T) {
	const never = `cannot be set for an Ephemeral Container`
	// A pod may have none when it is made, which is said after all the rest.
	ephemeral := func(text string, want ...string) judged {
		return spec(`volumes: [{name: v}], initContainers: [{name: b, image: i}], containers: [{name: a, image: i}], ephemeralContainers: [`+text+`]`,
			append(within("spec.ephemeralContainers", want), "spec.ephemeralContainers: Forbidden: cannot be set on create")...)
	}
	judge(t,
		ephemeral(`{name: e, image: i, targetContainerName: a, command: [x], args: [x], workingDir: /, env: [{name: A}], envFrom: [{secretRef: {name: s}}], stdin: true, stdinOnce: true, tty: true,
			volumeMounts: [{name: v, mountPath: /v}], imagePullPolicy: Always, terminationMessagePath: /x, terminationMessagePolicy: File, securityContext: {runAsUser: 1}}, {name: f, image: i, targetContainerName: b}`),
		ephemeral(`{}`, `[0].name: Required value`, `[0].image: Required value`),
		ephemeral(`{name: e, image: " i"}`, `[0].image: Invalid value: " i": must not have leading or trailing whitespace`),
		ephemeral(`{name: a, image: i}, {name: b, image: i}, {name: e, image: i}, {name: e, image: i}`,
			`[0].name: Duplicate value: "a"`, `[1].name: Duplicate value: "b"`, `[3].name: Duplicate value: "e"`),
		ephemeral(`{name: e, image: i, targetContainerName: e}`, `[0].targetContainerName: Not found: "e"`),
		ephemeral(`{name: e, image: i, ports: [{containerPort: 1}], resources: {limits: {cpu: 1}}, resizePolicy: [{resourceName: cpu, restartPolicy: NotRequired}], restartPolicy: Always,
			restartPolicyRules: [{}], livenessProbe: {}, readinessProbe: {}, startupProbe: {}, lifecycle: {}}`,
			`[0].ports: Forbidden: `+never,
			`[0].resources: Forbidden: `+never,
			`[0].resizePolicy: Forbidden: `+never,
			`[0].restartPolicy: Forbidden: `+never,
			`[0].restartPolicyRules: Forbidden: `+never,
			`[0].livenessProbe: Forbidden: `+never,
			`[0].readinessProbe: Forbidden: `+never,
			`[0].startupProbe: Forbidden: `+never,
			`[0].lifecycle: Forbidden: `+never),
		ephemeral(`{name: e, image: i, volumeMounts: [{name: v, mountPath: /a, subPath: x}, {name: v, mountPath: /b, subPathExpr: x}]}`,
			`[0].volumeMounts[0].subPath: Forbidden: `+never,
			`[0].volumeMounts[1].subPathExpr: Forbidden: `+never),
		// In order.
		ephemeral(`{name: a, image: "i ", targetContainerName: z, ports: [{}], volumeMounts: [{name: v, mountPath: /a, subPath: x}]}`,
			`[0].ports[0].containerPort: Required value`,
			`[0].image: Invalid value`,
			`[0].name: Duplicate value`,
			`[0].targetContainerName: Not found`,
			`[0].ports: Forbidden`,
			`[0].volumeMounts[0].subPath: Forbidden`),
		judged{templates, `template: {spec: {` + one + `, ephemeralContainers: [{name: e, image: " i"}]}}`, []string{
			`template.spec.ephemeralContainers[0].image: Invalid value: " i": must not have leading or trailing whitespace`,
			`template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod template`,
		}},
	)
}

func TestRestartRules(t *testing.T) {
	codes := strings.Repeat("1,", 256)
	rules := strings.Repeat("{action: Restart, exitCodes: {operator: In, values: [1]}},", 21)
	init := func(text string, want ...string) judged {
		return with(`initContainers: [{name: b, image: i, `+text+`}]`, within("spec.initContainers[0].", want)...)
	}
	judge(t,
		container(`restartPolicy: Never, restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [42]}}, {action: RestartAllContainers, exitCodes: {operator: NotIn, values: [0]}}]`),
		container(`restartPolicy: OnFailure`),
		container(`restartPolicy: Maybe`, `restartPolicy: Unsupported value: "Maybe": supported values: "Always", "Never", "OnFailure"`),
		container(`restartPolicy: ""`, `restartPolicy: Unsupported value: "": supported values`),
		container(`restartPolicyRules: [{action: Stop, exitCodes: {operator: In, values: [1]}}]`,
			`restartPolicy: Required value: must specify restartPolicy when restart rules are used`,
			`restartPolicyRules[0].action: Unsupported value: "Stop": supported values: "Restart", "RestartAllContainers"`),
		container(`restartPolicy: Never, restartPolicyRules: [{}]`,
			`restartPolicyRules[0].action: Unsupported value: "": supported values`,
			`restartPolicyRules[0].exitCodes: Required value: must be specified`),
		container(`restartPolicy: Never, restartPolicyRules: [{action: Restart, exitCodes: {operator: Near, values: [`+codes+`]}}]`,
			`restartPolicyRules[0].exitCodes.operator: Unsupported value: "Near": supported values: "In", "NotIn"`,
			`restartPolicyRules[0].exitCodes.values: Too many: 256: must have at most 255 items`),
		container(`restartPolicy: Never, restartPolicyRules: [`+rules+`]`, `restartPolicyRules: Too many: 21: must have at most 20 items`),
		init(`restartPolicy: Never, restartPolicyRules: [{}]`, `restartPolicyRules[0].action: Unsupported value`, `restartPolicyRules[0].exitCodes: Required value`),
		init(`restartPolicyRules: [{}]`, `restartPolicy: Required value: must specify restartPolicy when restart rules are used`),
		init(`restartPolicy: Maybe`, `restartPolicy: Unsupported value: "Maybe"`),
	)
}
