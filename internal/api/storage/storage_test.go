package storage

import (
	"testing"

	"skiff/internal/api/apitest"
)

func TestStorageClass(t *testing.T) {
	apitest.Same(t, apitest.Created(t, StorageClass, `{metadata: {name: s}, provisioner: a/b}`),
		`{metadata: {name: s}, provisioner: a/b, reclaimPolicy: Delete, volumeBindingMode: Immediate}`)
	apitest.Refused(t, StorageClass, `{metadata: {name: s}, reclaimPolicy: Recycle}`,
		"provisioner: Required value", `reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"`)
	apitest.Updated(t, StorageClass, `{metadata: {name: s}, provisioner: a/b}`, `{metadata: {name: s}, provisioner: a/c, parameters: {a: b}}`,
		"parameters: Forbidden: updates to parameters are forbidden.", "provisioner: Forbidden: updates to provisioner are forbidden.")
	apitest.Row(t, StorageClass, `{metadata: {name: s, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}, provisioner: a/b, allowVolumeExpansion: true}`,
		"s (default) | a/b | Delete | Immediate | true | <unknown>")
}

func TestCSI(t *testing.T) {
	apitest.Same(t, apitest.Created(t, CSIDriver, `{metadata: {name: d}}`),
		`{metadata: {name: d}, spec: {attachRequired: true, podInfoOnMount: false, storageCapacity: false, fsGroupPolicy: ReadWriteOnceWithFSType,
		  requiresRepublish: false, seLinuxMount: false, volumeLifecycleModes: [Persistent]}}`)
	apitest.Row(t, CSIDriver, `{metadata: {name: d}, spec: {tokenRequests: [{audience: a}]}}`, "d | true | false | false | a | false | <none> | <unknown>")
	apitest.Refused(t, CSINode, `{metadata: {name: n}, spec: {drivers: [{name: d, nodeID: x}, {name: d}]}}`,
		`spec.drivers[1].name: Duplicate value: "d"`, "spec.drivers[1].nodeID: Required value")
	apitest.Refused(t, CSIStorageCapacity, `{metadata: {name: c, namespace: ns}}`, "storageClassName: Required value")
	apitest.Refused(t, VolumeAttachment, `{metadata: {name: a}, spec: {attacher: d, nodeName: node1, source: {}}}`,
		"spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName")
	apitest.Row(t, VolumeAttachment, `{metadata: {name: a}, spec: {attacher: d, nodeName: node1, source: {persistentVolumeName: v}}, status: {attached: true}}`,
		"a | d | v | node1 | true | <unknown>")
	apitest.Updated(t, VolumeAttributesClass, `{metadata: {name: c}, driverName: d, parameters: {a: b}}`, `{metadata: {name: c}, driverName: e, parameters: {a: b}}`,
		`driverName: Invalid value: "e": field is immutable`)
}
