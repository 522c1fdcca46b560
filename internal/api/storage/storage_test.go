package storage

import (
	"fmt"
	"strings"
	"testing"

	"skiff/internal/api/apitest"
)

func TestDefaults(t *testing.T) {
	apitest.Same(t, apitest.Created(t, StorageClass, `{metadata: {name: s}, provisioner: a/b}`),
		`{metadata: {name: s}, provisioner: a/b, reclaimPolicy: Delete, volumeBindingMode: Immediate}`)
	apitest.Same(t, apitest.Created(t, CSIDriver, `{metadata: {name: d, generation: 1}}`),
		`{metadata: {name: d}, spec: {attachRequired: true, podInfoOnMount: false, storageCapacity: false, fsGroupPolicy: ReadWriteOnceWithFSType,
		  requiresRepublish: false, seLinuxMount: false, volumeLifecycleModes: [Persistent]}}`)
	apitest.Same(t, apitest.Created(t, CSINode, `{metadata: {name: d}, spec: {drivers: []}, status: {storageHealth: [{name: d}]}}`), `{metadata: {name: d}, spec: {drivers: []}, status: {}}`)
	o := apitest.Parse(t, CSINode, `{spec: {drivers: []}, status: {storageHealth: [{name: d}]}}`)
	CSINode.PrepareUpdate(o, apitest.Parse(t, CSINode, `{}`))
	apitest.Same(t, o, `{metadata: {}, spec: {drivers: []}, status: {}}`)
}

func TestRows(t *testing.T) {
	apitest.Row(t, StorageClass, `{metadata: {name: s, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}, provisioner: a/b, allowVolumeExpansion: true}`,
		"s (default) | a/b | Delete | Immediate | true | <unknown>")
	apitest.Row(t, CSIDriver, `{metadata: {name: d}, spec: {tokenRequests: [{audience: a}]}}`, "d | true | false | false | a | false | <none> | <unknown>")
	apitest.Row(t, VolumeAttachment, `{metadata: {name: a}, spec: {attacher: d, nodeName: node1, source: {persistentVolumeName: v}}, status: {attached: true}}`,
		"a | d | v | node1 | true | <unknown>")
}

func TestStorageClassRules(t *testing.T) {
	many := "parameters: {"
	for i := range 513 {
		many += fmt.Sprintf("k%d: v, ", i)
	}
	const e = "allowedTopologies[%d].matchLabelExpressions"
	for spec, want := range map[string][]string{
		`provisioner: A/b, reclaimPolicy: "", volumeBindingMode: WaitForFirstConsumer`: nil,
		`provisioner: a b, reclaimPolicy: Recycle, volumeBindingMode: Soon, parameters: {"": x}`: {
			`provisioner: Invalid value: "a b": name part must consist of`, `parameters: Invalid value: "": field can not be empty.`,
			`reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"`,
			`volumeBindingMode: Unsupported value: "Soon": supported values: "Immediate", "WaitForFirstConsumer"`},
		`reclaimPolicy: Recycle`:        {`reclaimPolicy: Unsupported value: "Recycle"`, "provisioner: Required value"},
		`provisioner: a, ` + many + `}`: {"parameters: Too long: may not be more than 512 bytes"},
		`provisioner: a, parameters: {a: "` + strings.Repeat("x", 256<<10) + `"}`: {"parameters: Too long: may not be more than 262144 bytes"},
		`provisioner: a, allowedTopologies: [{matchLabelExpressions: [{key: zone, values: [a, a]}, {key: zone}]}, {matchLabelExpressions: [{key: "a b", values: [c]}]},
			{matchLabelExpressions: [{key: "a b", values: [c]}]}]`: {
			fmt.Sprintf(e, 0) + `[0].values[1]: Duplicate value: "a"`, fmt.Sprintf(e, 0) + "[1].values: Required value", fmt.Sprintf(e, 0) + `[1].key: Duplicate value: "zone"`,
			fmt.Sprintf(e, 1) + `[0].key: Invalid value: "a b": `, fmt.Sprintf(e, 2) + `[0].key: Invalid value: "a b": `, fmt.Sprintf(e, 2) + `: Duplicate value: ""`},
	} {
		apitest.Refused(t, StorageClass, `{metadata: {name: s}, `+spec+`}`, want...)
	}
	const null = ": Invalid value: null: field is immutable"
	const old = `{metadata: {name: s}, provisioner: a/b, parameters: {a: b}}`
	apitest.Updated(t, StorageClass, old, `{metadata: {name: s}, provisioner: a/b, parameters: {a: b}, allowVolumeExpansion: true, mountOptions: [a], allowedTopologies: [{}]}`)
	apitest.Updated(t, StorageClass, old, `{metadata: {name: s}, provisioner: a c, reclaimPolicy: Retain, volumeBindingMode: WaitForFirstConsumer}`,
		`provisioner: Invalid value: "a c": `, "provisioner"+null, "parameters"+null, "reclaimPolicy"+null, "volumeBindingMode"+null)
	apitest.Updated(t, StorageClass, old, `{metadata: {name: s}, parameters: {a: b}}`, "provisioner"+null)
}

func TestCSIDriverRules(t *testing.T) {
	for text, want := range map[string][]string{
		`{metadata: {name: D.e}, spec: {fsGroupPolicy: None, volumeLifecycleModes: [Persistent, Ephemeral], nodeAllocatableUpdatePeriodSeconds: 10,
			tokenRequests: [{audience: ""}, {audience: a, expirationSeconds: 600}, {audience: b, expirationSeconds: 4294967296}], serviceAccountTokenInSecrets: true}}`: nil,
		`{metadata: {name: a_b}}`:                             {`name: Invalid value: "a_b": a lowercase RFC 1123 subdomain`},
		`{metadata: {name: ` + strings.Repeat("a", 64) + `}}`: {"name: Too long: may not be more than 63 bytes"},
		`{metadata: {name: a%b}}`:                             {`metadata.name: Invalid value: "a%b": may not contain '%'`, `name: Invalid value: "a%b": `},
		`{metadata: {name: d}, spec: {fsGroupPolicy: Any, volumeLifecycleModes: [Forever], nodeAllocatableUpdatePeriodSeconds: 9,
			tokenRequests: [{audience: a}, {audience: a, expirationSeconds: 1}, {audience: b, expirationSeconds: 599}, {audience: c, expirationSeconds: 4294967297}]}}`: {
			`spec.fsGroupPolicy: Unsupported value: "Any": supported values: "File", "None", "ReadWriteOnceWithFSType"`,
			`spec.tokenRequests[1].audience: Duplicate value: "a"`,
			"spec.tokenRequests[2].expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes",
			"spec.tokenRequests[3].expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds",
			`spec.volumeLifecycleModes: Unsupported value: "Forever": supported values: "Persistent", "Ephemeral"`,
			"spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds"},
		`{metadata: {name: d}, spec: {serviceAccountTokenInSecrets: false, nodeAllocatableUpdatePeriodSeconds: 0}}`: {
			"spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 0: must be",
			"spec.serviceAccountTokenInSecrets: Invalid value: false: serviceAccountTokenInSecrets is set but no tokenRequests are specified"},
	} {
		apitest.Refused(t, CSIDriver, text, want...)
	}
	apitest.Updated(t, CSIDriver, `{metadata: {name: d}}`, `{metadata: {name: d}, spec: {attachRequired: false, volumeLifecycleModes: [Ephemeral]}}`,
		"spec.attachedRequired: Invalid value: false: field is immutable", `spec.volumeLifecycleModes: Invalid value: ["Ephemeral"]: field is immutable`)
	apitest.Updated(t, CSIDriver, `{metadata: {name: d}}`, `{metadata: {name: d}, spec: {podInfoOnMount: true, storageCapacity: true, fsGroupPolicy: File, requiresRepublish: true, seLinuxMount: true}}`)
}

func TestCSINodeRules(t *testing.T) {
	node := func(drivers string) string { return `{metadata: {name: n}, spec: {drivers: [` + drivers + `]}}` }
	for drivers, want := range map[string][]string{
		`{name: d, nodeID: x, topologyKeys: [a, b/c], allocatable: {count: 0}}`: nil,
		`{name: d, nodeID: ` + strings.Repeat("x", 256) + `}`:                   nil,
		`{name: d, nodeID: ` + strings.Repeat("x", 257) + `}`:                   {`spec.drivers[0].nodeID: Invalid value: "` + strings.Repeat("x", 257) + `": must be 256 characters or less`},
		`{nodeID: x}, {name: d_e, nodeID: x}, {name: ` + strings.Repeat("d", 64) + `, nodeID: x}`: {
			"spec.drivers[0].name: Required value", `spec.drivers[1].name: Invalid value: "d_e": `, "spec.drivers[2].name: Too long: may not be more than 63 bytes"},
		`{name: d, nodeID: x}, {name: d, allocatable: {count: -1}, topologyKeys: [a, a, ""]}`: {
			"spec.drivers[1].nodeID: Required value", "spec.drivers[1].allocatable.count: Invalid value: -1: must be greater than or equal to 0",
			`spec.drivers[1].name: Duplicate value: "d"`, `spec.drivers[1]: Duplicate value: "a"`, "spec.drivers[1]: Required value",
			`spec.drivers[1]: Invalid value: ["a","a",""]: name part must be non-empty`, `spec.drivers[1]: Invalid value: ["a","a",""]: name part must consist of`},
	} {
		apitest.Refused(t, CSINode, node(drivers), want...)
	}
	const old = `{name: d, nodeID: x, allocatable: {count: 1}}`
	apitest.Updated(t, CSINode, node(old), node(`{name: d, nodeID: x, allocatable: {count: 2}}, {name: e, nodeID: y}`))
	apitest.Updated(t, CSINode, node(old), node(``))
	apitest.Updated(t, CSINode, node(old), node(`{name: d, nodeID: z}`), `spec.drivers: Invalid value: {"name":"d","nodeID":"z","topologyKeys":null}: field is immutable`)
}

func TestCSIStorageCapacityRules(t *testing.T) {
	capacity := func(rest string) string { return `{metadata: {name: c, namespace: ns}, ` + rest + `}` }
	apitest.Refused(t, CSIStorageCapacity, capacity(`storageClassName: s, nodeTopology: {}, capacity: 0, maximumVolumeSize: 1Gi`))
	apitest.Refused(t, CSIStorageCapacity, capacity(`nodeTopology: {matchExpressions: [{key: a, operator: Has}]}, capacity: -1, maximumVolumeSize: -2`),
		`nodeTopology.matchExpressions[0].operator: Invalid value: "Has": not a valid selector operator`, `storageClassName: Invalid value: "": `,
		`capacity: Invalid value: "-1": must be greater than or equal to 0`, `maximumVolumeSize: Invalid value: "-2": must be greater than or equal to 0`)
	apitest.Updated(t, CSIStorageCapacity, capacity(`storageClassName: s`), capacity(`storageClassName: s, capacity: 3`))
	apitest.Updated(t, CSIStorageCapacity, capacity(`storageClassName: s`), capacity(`storageClassName: t, nodeTopology: {}`),
		"nodeTopology: Invalid value: {}: field is immutable", `storageClassName: Invalid value: "t": field is immutable`)
}

func TestVolumeAttachmentRules(t *testing.T) {
	attachment := func(spec, status string) string {
		return `{metadata: {name: a}, spec: {` + spec + `}, status: {` + status + `}}`
	}
	const good = `attacher: d, nodeName: node1, source: {persistentVolumeName: v}`
	const one = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
	for spec, want := range map[string][]string{
		good: nil,
		`attacher: D.E, nodeName: node1, source: {inlineVolumeSpec: {}}`: nil,
		`source: {}`: {"spec.source: Required value: " + one, `spec.nodeName: Invalid value: "": `, "spec.attacher: Required value"},
		`attacher: ` + strings.Repeat("a_", 32) + `, nodeName: n, source: {persistentVolumeName: v, inlineVolumeSpec: {}}`: {
			"spec.source: Forbidden: " + one, `spec.attacher: Invalid value: "` + strings.Repeat("a_", 32) + `": `, "spec.attacher: Too long: may not be more than 63 characters"},
		`attacher: a, nodeName: x, source: {persistentVolumeName: ""}`:  {"spec.source.persistentVolumeName: Required value: must specify non empty persistentVolumeName", `spec.source.persistentVolumeName: Invalid value: "": `},
		`attacher: a, nodeName: x, source: {persistentVolumeName: a_b}`: {`spec.source.persistentVolumeName: Invalid value: "a_b": `},
	} {
		apitest.Refused(t, VolumeAttachment, attachment(spec, ""), want...)
	}
	apitest.Updated(t, VolumeAttachment, attachment(`attacher: a_b, nodeName: x, source: {persistentVolumeName: a_b}`, ""), attachment(`attacher: a_b, nodeName: x, source: {persistentVolumeName: a_b}`, ""))
	apitest.Updated(t, VolumeAttachment, attachment(good, ""), attachment(`attacher: "", nodeName: "", source: {persistentVolumeName: w}`, ""),
		`spec.nodeName: Invalid value: "": `, "spec: Invalid value: null: field is immutable")
	long := strings.Repeat("x", 1025)
	for status, want := range map[string][]string{
		`attached: true, attachError: {message: x, errorCode: 0}`: nil,
		`attachmentMetadata: {a: "` + strings.Repeat("x", 256<<10) + `"}, attachError: {message: ` + long + `, errorCode: -1}, detachError: {message: ` + long + `}`: {
			"status.attachmentMetadata: Too long: may not be more than 262144 bytes", "status.attachError.message: Too long: may not be more than 262144 bytes",
			"status.attachError.errorCode: Invalid value: -1: must be between 0 and 2147483647, inclusive", "status.detachError.message: Too long: may not be more than 262144 bytes"},
	} {
		apitest.PartUpdated(t, VolumeAttachment, "status", attachment(good, ""), attachment(good, status), want...)
	}
	o := apitest.PartUpdated(t, VolumeAttachment, "status", attachment(good, ""), `{metadata: {name: a, labels: {a: b}, annotations: {a: b}}, status: {attached: true}}`)
	apitest.Same(t, o, `{metadata: {name: a, uid: u, resourceVersion: "1"}, spec: {`+good+`}, status: {attached: true}}`)
}

func TestVolumeAttributesClassRules(t *testing.T) {
	const old = `{metadata: {name: c}, driverName: d, parameters: {a: b}}`
	apitest.Refused(t, VolumeAttributesClass, old)
	apitest.Refused(t, VolumeAttributesClass, `{metadata: {name: c}}`, "driverName: Required value", "parameters: Required value: must contain at least one key/value pair")
	apitest.Refused(t, VolumeAttributesClass, `{metadata: {name: c}, driverName: "a b", parameters: {"": x}}`, `driverName: Invalid value: "a b": `, `parameters: Invalid value: "": field can not be empty.`)
	apitest.Updated(t, VolumeAttributesClass, old, `{metadata: {name: c}, driverName: e, parameters: {a: c}}`,
		"driverName: Forbidden: updates to driverName are forbidden.", "parameters: Forbidden: updates to parameters are forbidden.")
}

func TestStorageWarnings(t *testing.T) {
	const zone, os = `deprecated since v1.17; use "topology.kubernetes.io/zone" instead`, `deprecated since v1.14; use "kubernetes.io/os" instead`
	class := `{metadata: {name: s}, allowedTopologies: [{}, {matchLabelExpressions: [{key: a}, {key: failure-domain.beta.kubernetes.io/zone}]}]}`
	apitest.Warned(t, StorageClass, class, "allowedTopologies[1].matchLabelExpressions[1].key: "+zone)
	apitest.UpdateWarned(t, StorageClass, class, class, "allowedTopologies[1].matchLabelExpressions[1].key: "+zone)
	apitest.Warned(t, CSIStorageCapacity, `{metadata: {name: c}}`)
	apitest.Warned(t, CSIStorageCapacity, `{metadata: {name: c}, nodeTopology: {matchLabels: {beta.kubernetes.io/os: linux}, matchExpressions: [{key: a}, {key: failure-domain.beta.kubernetes.io/zone}]}}`,
		"nodeTopology.matchExpressions[1].key: failure-domain.beta.kubernetes.io/zone is "+zone, "nodeTopology.matchLabels.beta.kubernetes.io/os: "+os)
	const (
		without, with = `{metadata: {name: d}}`, `{metadata: {name: d}, spec: {tokenRequests: [{audience: a}]}}`
		text          = "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes"
	)
	apitest.Warned(t, CSIDriver, without)
	apitest.Warned(t, CSIDriver, `{metadata: {name: d}, spec: {tokenRequests: [{audience: a}], serviceAccountTokenInSecrets: false}}`)
	apitest.Warned(t, CSIDriver, with, text)
	apitest.UpdateWarned(t, CSIDriver, with, with)
	apitest.UpdateWarned(t, CSIDriver, without, with, text)
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
