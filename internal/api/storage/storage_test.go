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
	apitest.Refused(t, StorageClass, `{metadata: {name: s}, provisioner: a/b, parameters: {"": x}, allowedTopologies: [
	  {matchLabelExpressions: [{key: zone, values: [a, a]}, {key: zone}]}, {matchLabelExpressions: [{key: "a b", values: [c]}]}, {matchLabelExpressions: [{key: "a b", values: [c]}]}]}`,
		`parameters: Invalid value: "": field can not be empty.`,
		`allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: "a"`,
		"allowedTopologies[0].matchLabelExpressions[1].values: Required value",
		`allowedTopologies[0].matchLabelExpressions[1].key: Duplicate value: "zone"`,
		`allowedTopologies[1].matchLabelExpressions[0].key: Invalid value: "a b": `,
		`allowedTopologies[2].matchLabelExpressions[0].key: Invalid value: "a b": `,
		`allowedTopologies[2].matchLabelExpressions: Duplicate value: ""`)
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
		"spec.drivers[1].nodeID: Required value", `spec.drivers[1].name: Duplicate value: "d"`)
	apitest.Refused(t, CSIStorageCapacity, `{metadata: {name: c, namespace: ns}}`, `storageClassName: Invalid value: "": `)
	apitest.Refused(t, VolumeAttachment, `{metadata: {name: a}, spec: {attacher: d, nodeName: node1, source: {}}}`,
		"spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName")
	apitest.Row(t, VolumeAttachment, `{metadata: {name: a}, spec: {attacher: d, nodeName: node1, source: {persistentVolumeName: v}}, status: {attached: true}}`,
		"a | d | v | node1 | true | <unknown>")
	apitest.Updated(t, VolumeAttributesClass, `{metadata: {name: c}, driverName: d, parameters: {a: b}}`, `{metadata: {name: c}, driverName: e, parameters: {a: b}}`,
		"driverName: Forbidden: updates to driverName are forbidden.")
	apitest.Refused(t, VolumeAttributesClass, `{metadata: {name: c}, driverName: "a b"}`,
		`driverName: Invalid value: "a b": `, "parameters: Required value: must contain at least one key/value pair")
	apitest.Refused(t, CSIDriver, `{metadata: {name: d}, spec: {fsGroupPolicy: Any, volumeLifecycleModes: [Forever], nodeAllocatableUpdatePeriodSeconds: 9,
	  tokenRequests: [{audience: a}, {audience: a}, {audience: b, expirationSeconds: 1}, {audience: c, expirationSeconds: 9999999999}]}}`,
		`spec.fsGroupPolicy: Unsupported value: "Any": supported values: "File", "None", "ReadWriteOnceWithFSType"`,
		`spec.tokenRequests[1].audience: Duplicate value: "a"`,
		"spec.tokenRequests[2].expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes",
		"spec.tokenRequests[3].expirationSeconds: Invalid value: 9999999999: may not specify a duration larger than 2^32 seconds",
		`spec.volumeLifecycleModes: Unsupported value: "Forever": supported values: "Persistent", "Ephemeral"`,
		"spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds")
	apitest.Updated(t, CSIDriver, `{metadata: {name: d}}`, `{metadata: {name: d}, spec: {attachRequired: false}}`,
		"spec.attachedRequired: Invalid value: false: field is immutable")
	apitest.Updated(t, CSINode, `{metadata: {name: n}, spec: {drivers: [{name: d, nodeID: x, allocatable: {count: 1}}]}}`,
		`{metadata: {name: n}, spec: {drivers: [{name: d, nodeID: x, allocatable: {count: 2}}]}}`)
	apitest.Updated(t, CSINode, `{metadata: {name: n}, spec: {drivers: [{name: d, nodeID: x}]}}`, `{metadata: {name: n}, spec: {drivers: [{name: d, nodeID: y}]}}`,
		"spec.drivers: Invalid value: {")
	apitest.PartUpdated(t, VolumeAttachment, "status", `{metadata: {name: a}}`, `{metadata: {name: a}, status: {attachError: {errorCode: -1}}}`,
		"status.attachError.errorCode: Invalid value: -1: must be between 0 and 2147483647, inclusive")
}

func TestStorageColumns(t *testing.T) {
	apitest.Described(t, StorageClass, "Name string, Provisioner string, ReclaimPolicy string, VolumeBindingMode string, AllowVolumeExpansion string, Age string")
	apitest.Described(t, CSIDriver, "Name string, AttachRequired boolean, PodInfoOnMount boolean, StorageCapacity boolean, TokenRequests string, RequiresRepublish boolean, Modes string, Age string")
	apitest.Described(t, CSINode, "Name string, Drivers integer, Age string")
	apitest.Described(t, CSIStorageCapacity, "Name string, StorageClassName string, Capacity string")
	apitest.Described(t, VolumeAttachment, "Name string, Attacher string, PV string, Node string, Attached boolean, Age string")
	apitest.Described(t, VolumeAttributesClass, "Name string, DriverName string, Age string")
	if VolumeAttachment.Columns[1].Format != "name" {
		t.Error("the attacher is not printed as a name")
	}
}
