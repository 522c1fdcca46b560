package core

import (
	"testing"
	"testing/synctest"

	"skiff/internal/api/apitest"
)

func TestPersistentVolumeDefaults(t *testing.T) {
	for in, want := range map[string]string{
		`hostPath: {path: /x}`:                                    `hostPath: {path: /x, type: ""}`,
		`capacity: {storage: 1u}`:                                 `capacity: {storage: 1m}`,
		`iscsi: {targetPortal: p, iqn: q, lun: 0}`:                `iscsi: {targetPortal: p, iqn: q, lun: 0, iscsiInterface: default}`,
		`rbd: {monitors: [m], image: i}`:                          `rbd: {monitors: [m], image: i, pool: rbd, user: admin, keyring: /etc/ceph/keyring}`,
		`scaleIO: {gateway: g, system: s, secretRef: {name: n1}}`: `scaleIO: {gateway: g, system: s, secretRef: {name: n1}, storageMode: ThinProvisioned, fsType: xfs}`,
		`azureDisk: {diskName: d, diskURI: u}`:                    `azureDisk: {diskName: d, diskURI: u, cachingMode: ReadWrite, kind: Shared, fsType: ext4, readOnly: false}`,
	} {
		apitest.Same(t, apitest.Defaulted(t, PersistentVolume, `{metadata: {name: v}, spec: {`+in+`}}`),
			`{metadata: {name: v}, spec: {persistentVolumeReclaimPolicy: Retain, volumeMode: Filesystem, `+want+`}, status: {phase: Pending}}`)
	}
}

// The system notes when a volume came into its phase.
func TestPhaseOfAVolume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // where it is midnight of 2000-01-01
		const now, before = `"2000-01-01T00:00:00Z"`, `"1999-01-01T00:00:00Z"`
		apitest.Same(t, apitest.Created(t, PersistentVolume, `{metadata: {name: v}, spec: {volumeMode: Block, persistentVolumeReclaimPolicy: Delete}, status: {phase: Bound, reason: r}}`),
			`{metadata: {name: v}, spec: {volumeMode: Block, persistentVolumeReclaimPolicy: Delete}, status: {phase: Pending, lastPhaseTransitionTime: `+now+`}}`)
		for told, want := range map[string]string{
			`phase: Pending, reason: r`:                       `phase: Pending, reason: r, lastPhaseTransitionTime: ` + before,
			`phase: Pending, lastPhaseTransitionTime: ` + now: `phase: Pending, lastPhaseTransitionTime: ` + now,
			`phase: Bound`: `phase: Bound, lastPhaseTransitionTime: ` + now,
			`phase: Bound, lastPhaseTransitionTime: ` + before:              `phase: Bound, lastPhaseTransitionTime: ` + now,
			`phase: Bound, lastPhaseTransitionTime: "1999-06-01T00:00:00Z"`: `phase: Bound, lastPhaseTransitionTime: "1999-06-01T00:00:00Z"`,
		} {
			o := apitest.PartUpdated(t, PersistentVolume, "status", `{metadata: {name: v}, spec: {}, status: {phase: Pending, lastPhaseTransitionTime: `+before+`}}`, `{metadata: {name: v}, status: {`+told+`}}`)
			apitest.Same(t, o, `{metadata: {name: v, uid: u, resourceVersion: "1"}, spec: {}, status: {`+want+`}}`)
		}
	})
}

func TestPersistentVolumeRules(t *testing.T) {
	const good = `capacity: {storage: 1}, accessModes: [ReadWriteOnce]`
	const local = `nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: Exists}]}]}}`
	for name, tt := range map[string]struct {
		spec string
		want []string
	}{
		"good":       {good + `, hostPath: {path: /x}`, nil},
		"local":      {good + `, local: {path: /x}, ` + local, nil},
		"attributes": {good + `, volumeAttributesClassName: a, csi: {driver: d, volumeHandle: h}`, nil},
		"nothing": {``, []string{"spec.accessModes: Required value", "spec.capacity: Required value",
			`spec.capacity: Unsupported value: null: supported values: "storage"`, "spec: Required value: must specify a volume type"}},
		"access": {`capacity: {storage: 1}, accessModes: [ReadWriteOncePod, ReadWriteOnce, Odd], hostPath: {path: /x}`, []string{
			`spec.accessModes: Unsupported value: "Odd": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"`,
			"spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes"}},
		"capacity": {`capacity: {storage: 0, cpu: -1}, accessModes: [ReadWriteOnce], hostPath: {path: /x}`, []string{
			`spec.capacity: Unsupported value: {"cpu":"-1","storage":"0"}: supported values: "storage"`,
			"spec.capacity[cpu]: Invalid value: -1: must be a valid resource quantity", `spec.capacity[cpu]: Invalid value: "-1": must be greater than zero`,
			`spec.capacity[storage]: Invalid value: "0": must be greater than zero`}},
		"policy": {good + `, persistentVolumeReclaimPolicy: Keep, hostPath: {path: /x}`, []string{
			`spec.persistentVolumeReclaimPolicy: Unsupported value: "Keep": supported values: "Delete", "Recycle", "Retain"`}},
		"affinity":         {good + `, nodeAffinity: {}, hostPath: {path: /x}`, []string{"spec.nodeAffinity.required: Required value: must specify required node constraints"}},
		"affinity to none": {good + `, nodeAffinity: {required: {nodeSelectorTerms: []}}, hostPath: {path: /x}`, []string{"spec.nodeAffinity.required.nodeSelectorTerms: Required value: must have at least one node selector term"}},
		"local to any, and more": {good + `, local: {path: ""}, csi: {driver: d}`, []string{"spec.local.path: Required value",
			"spec.nodeAffinity: Required value: Local volume requires node affinity", "spec.csi: Forbidden: may not specify more than 1 volume type"}},
		"beside another": {good + `, hostPath: {path: /x}, flexVolume: {driver: ""}, nfs: {server: s, path: /}`, []string{
			"spec.nfs: Forbidden: may not specify more than 1 volume type", "spec.flexVolume.driver: Required value"}},
		"root":    {good + `, persistentVolumeReclaimPolicy: Recycle, hostPath: {path: //}`, []string{"spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'"}},
		"class":   {good + `, storageClassName: A, volumeMode: Tape, hostPath: {path: /x}`, []string{`spec.storageClassName: Invalid value: "A": a lowercase RFC 1123 subdomain`, `spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"`}},
		"secrets": {good + `, csi: {driver: d, nodePublishSecretRef: {name: s}}`, []string{"spec.csi.volumeHandle: Required value", "spec.csi.nodePublishSecretRef.namespace: Required value"}},
		"no attributes": {good + `, volumeAttributesClassName: "", hostPath: {path: /x}`, []string{"spec.volumeAttributesClassName: Required value: an empty string is disallowed",
			"spec.csi: Required value: has to be specified when using volumeAttributesClassName"}},
		"odd attributes": {good + `, volumeAttributesClassName: A, csi: {driver: d, volumeHandle: h}`, []string{`spec.volumeAttributesClassName: Invalid value: "A": a lowercase RFC 1123 subdomain`}},
	} {
		t.Run(name, func(t *testing.T) {
			apitest.Refused(t, PersistentVolume, `{metadata: {name: v}, spec: {`+tt.spec+`}}`, tt.want...)
		})
	}
}

func TestPersistentVolumeUpdate(t *testing.T) {
	const good = `capacity: {storage: 1}, accessModes: [ReadWriteOnce], `
	zone := func(key string) string {
		return good + `hostPath: {path: /x}, nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: ` + key + `, operator: In, values: [a]}]}]}}`
	}
	csi := func(rest string) string { return good + `csi: {driver: d, volumeHandle: h` + rest + `}` }
	for name, tt := range map[string]struct {
		was, is string
		want    []string
	}{
		"larger":        {good + `hostPath: {path: /x}`, `capacity: {storage: 2}, accessModes: [ReadWriteMany], hostPath: {path: /x}, storageClassName: a`, nil},
		"elsewhere":     {good + `hostPath: {path: /x}`, good + `hostPath: {path: /y}`, []string{"spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n"}},
		"mode":          {good + `hostPath: {path: /x}`, good + `hostPath: {path: /x}, volumeMode: Block`, []string{`volumeMode: Invalid value: "Block": field is immutable`}},
		"a secret":      {csi(""), csi(`, controllerExpandSecretRef: {name: s, namespace: ns}`), nil},
		"another":       {csi(`, controllerExpandSecretRef: {name: s, namespace: ns}`), csi(`, controllerExpandSecretRef: {name: t, namespace: ns}`), []string{"spec.persistentvolumesource: Forbidden: "}},
		"affinity":      {good + `hostPath: {path: /x}`, zone("a"), nil},
		"renamed":       {zone("failure-domain.beta.kubernetes.io/zone"), zone("topology.kubernetes.io/zone"), nil},
		"elsewhere too": {zone("topology.kubernetes.io/zone"), zone("other"), []string{`nodeAffinity: Invalid value: {"required":`}},
		"anywhere":      {zone("a"), good + `hostPath: {path: /x}`, []string{"nodeAffinity: Invalid value: null: field is immutable, except for updating from beta label to GA"}},
		"attributes":    {csi(`}, volumeAttributesClassName: a, claimRef: {`), csi(`}, volumeAttributesClassName: b, claimRef: {`), nil},
		"no attributes": {csi(`}, volumeAttributesClassName: a, claimRef: {`), csi(``), []string{"spec.volumeAttributesClassName: Forbidden: update from non-nil value to nil is forbidden"}},
	} {
		t.Run(name, func(t *testing.T) {
			apitest.Updated(t, PersistentVolume, `{metadata: {name: v}, spec: {`+tt.was+`}}`, `{metadata: {name: v}, spec: {`+tt.is+`}}`, tt.want...)
		})
	}
}

func TestPersistentVolumeWarnings(t *testing.T) {
	for text, want := range map[string][]string{
		`spec: {hostPath: {path: /x}}`: nil,
		`metadata: {annotations: {volume.beta.kubernetes.io/storage-class: ""}}, spec: {persistentVolumeReclaimPolicy: Recycle}`: {
			`metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead`,
			"spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning."},
		`spec: {nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: a}, {key: beta.kubernetes.io/os}]}, {matchExpressions: [{key: failure-domain.beta.kubernetes.io/zone}]}]}}}`: {
			`spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[1].key: beta.kubernetes.io/os is deprecated since v1.14; use "kubernetes.io/os" instead`,
			`spec.nodeAffinity.required.nodeSelectorTerms[1].matchExpressions[0].key: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use "topology.kubernetes.io/zone" instead`},
		`spec: {cephfs: {monitors: []}, photonPersistentDisk: {pdID: p}, scaleIO: {gateway: g, system: s, secretRef: {}}, storageos: {}, glusterfs: {endpoints: e, path: p}, rbd: {monitors: [], image: i}}`: {
			"spec.cephfs: deprecated in v1.28, non-functional in v1.31+", "spec.photonPersistentDisk: deprecated in v1.11, non-functional in v1.16+",
			"spec.scaleIO: deprecated in v1.16, non-functional in v1.22+", "spec.storageOS: deprecated in v1.22, non-functional in v1.25+",
			"spec.glusterfs: deprecated in v1.25, non-functional in v1.26+", "spec.rbd: deprecated in v1.28, non-functional in v1.31+"},
	} {
		warned(t, PersistentVolume.Warnings(apitest.Parse(t, PersistentVolume, `{`+text+`}`)), want...)
	}
}

func TestPersistentVolumeRow(t *testing.T) {
	apitest.Row(t, PersistentVolume, `{metadata: {name: v}, spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteMany, ReadWriteOnce], persistentVolumeReclaimPolicy: Delete, claimRef: {namespace: a, name: b}, storageClassName: fast}, status: {phase: Bound}}`,
		"v | 1Gi | RWO,RWX | Delete | Bound | a/b | fast | <unset> |  | <unknown> | <unset>")
	apitest.Row(t, PersistentVolume, `{metadata: {name: v, deletionTimestamp: "2000-01-01T00:00:00Z", annotations: {volume.beta.kubernetes.io/storage-class: slow}}, spec: {storageClassName: fast, volumeAttributesClassName: gold, volumeMode: Block}, status: {phase: Bound, reason: r}}`,
		"v | 0 |  |  | Terminating |  | slow | gold | r | <unknown> | Block")
}
