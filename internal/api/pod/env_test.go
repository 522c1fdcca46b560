package pod

import "testing"

func TestEnv(t *testing.T) {
	env := func(text string, want ...string) judged {
		return container(`env: [`+text+`]`, within("env", want)...)
	}
	judge(t,
		env(`{name: A}, {name: "a b:c", value: x}, {name: A, value: twice}`),
		env(`{value: x}`, `[0].name: Required value`),
		env(`{name: "a=b"}`, `[0].name: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII characters other than '='`),
		env(`{name: A, valueFrom: {}}`,
			"[0].valueFrom: Invalid value: \"\": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"),
		env(`{name: A, value: x, valueFrom: {secretKeyRef: {name: s, key: k}}}`,
			"[0].valueFrom: Invalid value: \"\": may not be specified when `value` is not empty"),
		env(`{name: A, valueFrom: {secretKeyRef: {name: s, key: k}, configMapKeyRef: {name: m, key: k}}}`,
			`[0].valueFrom: Invalid value: "": may not have more than one field specified at a time`),
		// Everything that is set is judged, in order.
		env(`{name: A, value: x, valueFrom: {fileKeyRef: {}, secretKeyRef: {}, configMapKeyRef: {}, resourceFieldRef: {}, fieldRef: {fieldPath: ""}}}`,
			`[0].valueFrom.fieldRef.fieldPath: Required value`,
			`[0].valueFrom.resourceFieldRef.resource: Required value`,
			`[0].valueFrom.configMapKeyRef.name: Invalid value: "": `+subdomain,
			`[0].valueFrom.configMapKeyRef.key: Required value`,
			`[0].valueFrom.secretKeyRef.name: Invalid value: "": `+subdomain,
			`[0].valueFrom.secretKeyRef.key: Required value`,
			`[0].valueFrom.fileKeyRef.key: Required value`,
			`[0].valueFrom.fileKeyRef.volumeName: Required value`,
			`[0].valueFrom.fileKeyRef.path: Required value`,
			"[0].valueFrom: Invalid value: \"\": may not be specified when `value` is not empty"),
		env(`{name: A, valueFrom: {secretKeyRef: {name: S, key: "a b"}}}`,
			`[0].valueFrom.secretKeyRef.name: Invalid value: "S": `+subdomain,
			`[0].valueFrom.secretKeyRef.key: Invalid value: "a b": a valid config key must consist of alphanumeric characters, '-', '_' or '.'`),
	)
}

func TestFieldRefs(t *testing.T) {
	field := func(text string, want ...string) judged {
		return container(`env: [{name: A, valueFrom: {fieldRef: {`+text+`}}}]`, within("env[0].valueFrom.fieldRef", want)...)
	}
	const names = `"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"`
	for _, f := range []string{
		"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
		"status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
		"spec.host", // as it was called before v1
		"metadata.labels['a/b']", "metadata.annotations['A/B']",
	} {
		judge(t, field(`fieldPath: "`+f+`"`))
	}
	for _, f := range []string{"metadata.labels", "metadata.annotations", "spec.restartPolicy", "spec.schedulerName", "status.phase"} {
		judge(t, field(`fieldPath: `+f, `.fieldPath: Unsupported value: "`+f+`": supported values: `+names))
	}
	const unknown = `.fieldPath: Invalid value: "%": error converting fieldPath: `
	judge(t,
		field(`apiVersion: v1, fieldPath: metadata.name`),
		field(`apiVersion: v2, fieldPath: metadata.name`, `.fieldPath: Invalid value: "metadata.name": error converting fieldPath: unsupported pod version: v2`),
		field(`fieldPath: spec.x`, `.fieldPath: Invalid value: "spec.x": error converting fieldPath: field label not supported: spec.x`),
		field(`fieldPath: "spec.x['a']"`, `.fieldPath: Invalid value: "spec.x['a']": error converting fieldPath: field label does not support subscript: spec.x['a']`),
		field(`fieldPath: "['a']"`, `.fieldPath: Invalid value: "['a']": error converting fieldPath: field label not supported: ['a']`),
		field(`fieldPath: "metadata.labels['a'"`, `.fieldPath: Invalid value: "metadata.labels['a'": error converting fieldPath: field label not supported: metadata.labels['a'`),
		field(`fieldPath: "metadata.labels['a b']"`, `: Invalid value: "a b": name part must consist of alphanumeric characters`),
		field(`fieldPath: "metadata.annotations['A B']"`, `: Invalid value: "a b": name part must consist of alphanumeric characters`),
	)
}

func TestResourceFieldRefs(t *testing.T) {
	field := func(text string, want ...string) judged {
		return container(`env: [{name: A, valueFrom: {resourceFieldRef: {`+text+`}}}]`, within("env[0].valueFrom.resourceFieldRef.", want)...)
	}
	const names = `"limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"`
	const bytes = `1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei`
	judge(t,
		field(`resource: limits.cpu`),
		field(`resource: limits.cpu, containerName: b, divisor: 1m`),
		field(`resource: requests.cpu, divisor: 1`),
		field(`resource: requests.cpu, divisor: 2`, `divisor: Invalid value: "requests.cpu": only divisor's values 1m and 1 are supported with the cpu resource`),
		field(`resource: limits.memory, divisor: 1Mi`),
		field(`resource: limits.memory, divisor: 1m`, `divisor: Invalid value: "limits.memory": only divisor's values `+bytes+` are supported with the memory resource`),
		field(`resource: limits.ephemeral-storage, divisor: 5`, `divisor: Invalid value: "limits.ephemeral-storage": only divisor's values `+bytes+` are supported with the local ephemeral storage resource`),
		field(`resource: requests.hugepages-2Mi, divisor: 1Ki`),
		field(`resource: limits.hugepages-2Mi, divisor: 5`, `divisor: Invalid value: "limits.hugepages-2Mi": only divisor's values `+bytes+` are supported with the hugepages resource`),
		field(`divisor: 5`, `resource: Required value`),
		field(`resource: limits.x, divisor: 5`, `resource: Unsupported value: "limits.x": supported values: `+names),
		field(`resource: x.cpu, divisor: 5`, `resource: Unsupported value: "x.cpu": supported values: `+names),
	)
}

func TestFileKeyRefs(t *testing.T) {
	file := func(text string, want ...string) judged {
		return container(`env: [{name: A, valueFrom: {fileKeyRef: {`+text+`}}}]`, within("env[0].valueFrom.fileKeyRef.", want)...)
	}
	const ref = `env: [{name: A, valueFrom: {fileKeyRef: {key: k, path: /x, volumeName: v}}}]`
	judge(t,
		file(`key: "a=b", path: a/../b, volumeName: V`,
			`key: Invalid value: "a=b": a valid environment variable name`,
			`volumeName: Invalid value: "V": `+label,
			`path: Invalid value: "a/../b": must not contain '..'`,
			`volumeName: Not found: "V"`),
		spec(`volumes: [{name: v, emptyDir: {}}], containers: [{name: a, image: i, `+ref+`}]`),
		spec(`volumes: [{name: v, secret: {secretName: s}}], containers: [{name: a, image: i, `+ref+`}], initContainers: [{name: b, image: i, `+ref+`}]`,
			`spec.initContainers[0].env[0].valueFrom.fileKeyRef.volumeName: Invalid value: "v": referenced volume must be of type emptyDir`,
			`spec.containers[0].env[0].valueFrom.fileKeyRef.volumeName: Invalid value: "v": referenced volume must be of type emptyDir`),
		// It is looked for at the very end, and among bad volumes too.
		spec(`volumes: [{name: v, emptyDir: {sizeLimit: -1}}], overhead: {cpu: -1}, containers: [{name: a, image: i, `+ref+`}]`,
			`spec.volumes[0].emptyDir.sizeLimit: Forbidden`,
			`spec.overhead.limits[cpu]: Invalid value`),
		spec(`overhead: {cpu: -1}, containers: [{name: a, image: i, `+ref+`}]`,
			`spec.overhead.limits[cpu]: Invalid value`,
			`spec.containers[0].env[0].valueFrom.fileKeyRef.volumeName: Not found: "v"`),
	)
}

func TestEnvFrom(t *testing.T) {
	from := func(text string, want ...string) judged {
		return container(`envFrom: [`+text+`]`, within("envFrom", want)...)
	}
	judge(t,
		from(`{configMapRef: {name: m}}, {secretRef: {name: s}, prefix: "a b"}, {secretRef: {name: s-}}`),
		from(`{}`, ": Invalid value: \"\": must specify one of: `configMapRef` or `secretRef`"),
		from(`{configMapRef: {name: m}, secretRef: {name: s}}`, `: Invalid value: "": may not have more than one field specified at a time`),
		from(`{configMapRef: {}}, {secretRef: {}}`, `[0].configMapRef.name: Required value`, `[1].secretRef.name: Required value`),
		from(`{configMapRef: {name: M}}, {secretRef: {name: S}, prefix: "="}`,
			`[0].configMapRef.name: Invalid value: "M": `+subdomain,
			`[1].prefix: Invalid value: "=": a valid environment variable name`,
			`[1].secretRef.name: Invalid value: "S": `+subdomain),
	)
}
