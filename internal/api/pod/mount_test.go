package pod

import "testing"

func TestMounts(t *testing.T) {
	mounts := func(text string, want ...string) judged {
		return spec(`volumes: [{name: v}, {name: w}, {name: c, persistentVolumeClaim: {claimName: c}}], containers: [{name: a, image: i, `+text+`}]`,
			within("spec.containers[0].", want)...)
	}
	judge(t,
		mounts(`volumeMounts: [{name: v, mountPath: /v}, {name: v, mountPath: relative, subPath: x/y, readOnly: true}, {name: w, mountPath: "c:/d", subPathExpr: $(A)/x}]`),
		mounts(`volumeMounts: [{}]`, `volumeMounts[0].name: Required value`, `volumeMounts[0].name: Not found: ""`, `volumeMounts[0].mountPath: Required value`),
		mounts(`volumeMounts: [{name: z, mountPath: /z}]`, `volumeMounts[0].name: Not found: "z"`),
		mounts(`volumeMounts: [{name: v, mountPath: /v}, {name: w, mountPath: /v}]`, `volumeMounts[1].mountPath: Invalid value: "/v": must be unique`),
		mounts(`volumeMounts: [{name: v, mountPath: /v, subPath: /x}, {name: v, mountPath: /w, subPathExpr: ../x}]`,
			`volumeMounts.subPath: Invalid value: "/x": must be a relative path`,
			`volumeMounts.subPathExpr: Invalid value: "../x": must not contain '..'`),
		mounts(`volumeMounts: [{name: v, mountPath: /v, subPath: a, subPathExpr: b}]`, `volumeMounts[0].subPathExpr: Invalid value: "b": subPathExpr and subPath are mutually exclusive`),
		// A volume that is bad itself is as if it were not there.
		spec(`volumes: [{name: V}], containers: [{name: a, image: i, volumeMounts: [{name: V, mountPath: /v}]}]`,
			`spec.volumes[0].name: Invalid value: "V": `+label,
			`spec.containers[0].volumeMounts[0].name: Not found: "V"`),
		// A volume is mounted or given as a device. Of one that is there twice
		// the last place counts.
		mounts(`volumeMounts: [{name: c, mountPath: /c}, {name: v, mountPath: /d}], volumeDevices: [{name: c, devicePath: /d}]`,
			`volumeMounts[0].name: Invalid value: "c": must not already exist in volumeDevices`,
			`volumeMounts[1].mountPath: Invalid value: "/d": must not already exist as a path in volumeDevices`,
			`volumeDevices[0].name: Invalid value: "c": must not already exist in volumeMounts`,
			`volumeDevices[0].devicePath: Invalid value: "/d": must not already exist as a path in volumeMounts`),
		mounts(`volumeMounts: [{name: v, mountPath: /d}, {name: v, mountPath: /e}], volumeDevices: [{name: c, devicePath: /d}, {name: c, devicePath: /f}]`,
			`volumeDevices[1].name: Invalid value: "c": must be unique`),
	)
}

func TestMountPropagation(t *testing.T) {
	mount := func(text string, want ...string) judged {
		return spec(`volumes: [{name: v}], containers: [{name: a, image: i, volumeMounts: [{name: v, mountPath: /v, `+text+`}]}]`,
			within("spec.containers[0].volumeMounts.", want)...)
	}
	const values = `supported values: "Bidirectional", "HostToContainer", "None"`
	const privileged = `mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers`
	judge(t,
		mount(`mountPropagation: HostToContainer`),
		mount(`mountPropagation: None, readOnly: true, recursiveReadOnly: Enabled`),
		mount(`mountPropagation: ""`, `mountPropagation: Unsupported value: "": `+values),
		mount(`mountPropagation: Up`, `mountPropagation: Unsupported value: "Up": `+values),
		mount(`mountPropagation: Bidirectional`, privileged),
		spec(`volumes: [{name: v}], containers: [{name: a, image: i, securityContext: {privileged: false}, volumeMounts: [{name: v, mountPath: /v, mountPropagation: Bidirectional}]}]`,
			`spec.containers[0].volumeMounts.`+privileged),
		spec(`volumes: [{name: v}], containers: [{name: a, image: i, securityContext: {privileged: true}, volumeMounts: [{name: v, mountPath: /v, mountPropagation: Bidirectional}]}]`),
		mount(`recursiveReadOnly: Disabled`),
		mount(`recursiveReadOnly: "Yes"`, `recursiveReadOnly: Unsupported value: "Yes": supported values: "Disabled", "Enabled", "IfPossible"`),
		mount(`recursiveReadOnly: IfPossible, readOnly: true`),
		mount(`recursiveReadOnly: IfPossible`, `recursiveReadOnly: Forbidden: may only be specified when readOnly is true`),
		mount(`recursiveReadOnly: Enabled, readOnly: true, mountPropagation: HostToContainer`,
			`recursiveReadOnly: Forbidden: may only be specified when mountPropagation is None or not specified`),
	)
}

func TestDevices(t *testing.T) {
	devices := func(text string, want ...string) judged {
		return spec(`volumes: [{name: v}, {name: c, persistentVolumeClaim: {claimName: c}}, {name: e, ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1}}}}}}],
			containers: [{name: a, image: i, volumeDevices: [`+text+`]}]`, within("spec.containers[0].volumeDevices", want)...)
	}
	judge(t,
		devices(`{name: c, devicePath: /dev/a}, {name: e, devicePath: /dev/b}`),
		devices(`{}`, `[0].name: Required value`, `[0].name: Not found: ""`, `[0].devicePath: Required value`),
		devices(`{name: c, devicePath: /a}, {name: c, devicePath: /b}`, `[1].name: Invalid value: "c": must be unique`),
		devices(`{name: c, devicePath: /a}, {name: e, devicePath: /a}`, `[1].devicePath: Invalid value: "/a": must be unique`),
		devices(`{name: v, devicePath: /a}`, `[0].name: Invalid value: "v": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode`),
		devices(`{name: c, devicePath: /a/../b}, {name: e, devicePath: /a/../b}`, // what is bad is not remembered
			`[0].devicePath: Invalid value: "/a/../b": can not contain backsteps ('..')`,
			`[1].devicePath: Invalid value: "/a/../b": can not contain backsteps ('..')`),
	)
}
