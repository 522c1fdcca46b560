package core

import (
	"testing"

	"skiff/internal/api/apitest"
)

func TestBinding(t *testing.T) {
	apitest.Errors(t, Binding.Validate(apitest.Parse(t, Binding, `{target: {kind: Pod}}`)),
		`target.kind: Unsupported value: "Pod": supported values: "Node"`, "target.name: Required value")
}

func TestReplicationController(t *testing.T) {
	apitest.Same(t, apitest.Created(t, ReplicationController, `{metadata: {name: r}, spec: {template: {metadata: {labels: {a: b}}, spec: {containers: []}}}}`),
		`{metadata: {name: r, labels: {a: b}}, spec: {replicas: 1, selector: {a: b}, template: {metadata: {labels: {a: b}},
		  spec: {containers: [], dnsPolicy: ClusterFirst, restartPolicy: Always, schedulerName: default-scheduler, securityContext: {}, terminationGracePeriodSeconds: 30}}}, status: {replicas: 0}}`)
	apitest.Refused(t, ReplicationController, `{metadata: {name: r, namespace: ns}}`, "spec.selector: Required value", "spec.template: Required value")
	apitest.Row(t, ReplicationController, `{metadata: {name: r}, spec: {replicas: 2, selector: {a: b}}, status: {replicas: 1}}`, "r | 2 | 1 | 0 | <unknown> |  |  | a=b")
}

func TestReplicationControllerStatus(t *testing.T) {
	o := apitest.Parse(t, ReplicationController, `{metadata: {name: r, namespace: ns, resourceVersion: "1"}, status: {replicas: 1, readyReplicas: 2}}`)
	apitest.Errors(t, ReplicationController.Part("status").Validate(o, o), "status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas")
}

func TestPodTemplate(t *testing.T) {
	apitest.Refused(t, PodTemplate, `{metadata: {name: t, namespace: ns}}`, "template.spec.containers: Required value")
}

func TestPersistentVolume(t *testing.T) {
	apitest.Same(t, apitest.Created(t, PersistentVolume, `{metadata: {name: v}, spec: {hostPath: {path: /x}}, status: {phase: Bound}}`),
		`{metadata: {name: v}, spec: {hostPath: {path: /x, type: ""}, persistentVolumeReclaimPolicy: Retain, volumeMode: Filesystem}, status: {phase: Pending}}`)
	apitest.Refused(t, PersistentVolume, `{metadata: {name: v}, spec: {accessModes: [ReadWriteOncePod, ReadWriteOnce]}}`,
		"spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes",
		"spec.capacity: Required value", `spec.capacity: Unsupported value: null: supported values: "storage"`, "spec: Required value: must specify a volume type")
	apitest.Refused(t, PersistentVolume, `{metadata: {name: v}, spec: {capacity: {storage: 0}, accessModes: [ReadWriteOnce], persistentVolumeReclaimPolicy: Keep, local: {path: ""}, csi: {driver: d}, volumeAttributesClassName: ""}}`,
		`spec.capacity[storage]: Invalid value: "0": must be greater than zero`,
		`spec.persistentVolumeReclaimPolicy: Unsupported value: "Keep": supported values: "Delete", "Recycle", "Retain"`,
		"spec.local.path: Required value", "spec.csi: Forbidden: may not specify more than 1 volume type",
		"spec.nodeAffinity: Required value: Local volume requires node affinity",
		"spec.volumeAttributesClassName: Required value: an empty string is disallowed")
	apitest.Refused(t, PersistentVolume, `{metadata: {name: v}, spec: {capacity: {storage: 1}, accessModes: [ReadWriteOnce], persistentVolumeReclaimPolicy: Recycle, hostPath: {path: //}, storageClassName: A, nodeAffinity: {}}}`,
		"spec.nodeAffinity.required: Required value: must specify required node constraints",
		"spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'",
		`spec.storageClassName: Invalid value: "A": a lowercase RFC 1123 subdomain`)
	apitest.Refused(t, PersistentVolume, `{metadata: {name: v}, spec: {capacity: {storage: 1}, accessModes: [ReadWriteOnce], csi: {driver: d, nodePublishSecretRef: {name: s}}}}`,
		"spec.csi.volumeHandle: Required value", "spec.csi.nodePublishSecretRef.namespace: Required value")
	zone := func(key string) string {
		return `{metadata: {name: v}, spec: {capacity: {storage: 1}, accessModes: [ReadWriteOnce], hostPath: {path: /x}, nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: ` + key + `, operator: In, values: [a]}]}]}}}}`
	}
	apitest.Updated(t, PersistentVolume, zone("failure-domain.beta.kubernetes.io/zone"), zone("topology.kubernetes.io/zone"))
	apitest.Updated(t, PersistentVolume, zone("topology.kubernetes.io/zone"), zone("other"), `nodeAffinity: Invalid value: {"required":`)
	apitest.Updated(t, PersistentVolume,
		`{metadata: {name: v}, spec: {accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}, hostPath: {path: /x}}}`,
		`{metadata: {name: v}, spec: {accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}, hostPath: {path: /y}}}`,
		"spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation")
	apitest.Row(t, PersistentVolume, `{metadata: {name: v}, spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteMany, ReadWriteOnce], persistentVolumeReclaimPolicy: Delete, claimRef: {namespace: a, name: b}, storageClassName: fast}, status: {phase: Bound}}`,
		"v | 1Gi | RWO,RWX | Delete | Bound | a/b | fast | <unset> |  | <unknown> | <unset>")
}

func TestPersistentVolumeClaim(t *testing.T) {
	const ok = `accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}`
	apitest.Refused(t, PersistentVolumeClaim, `{metadata: {name: c, namespace: ns}, spec: {}}`,
		"spec.accessModes: Required value: at least 1 access mode is required", "spec.resources[storage]: Required value")
	apitest.Refused(t, PersistentVolumeClaim, `{metadata: {name: c, namespace: ns}, spec: {dataSource: {kind: Pod, name: ""}, dataSourceRef: {kind: PersistentVolumeClaim, name: x}, volumeMode: Tape, `+ok+`}}`,
		`spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"`,
		"spec.dataSource.name: Required value",
		`spec.dataSource: Invalid value: "Pod": must be 'PersistentVolumeClaim' when referencing the default apiGroup`,
		`spec: Invalid value: {}: must match dataSourceRef`)
	apitest.Updated(t, PersistentVolumeClaim, `{metadata: {name: c, namespace: ns}, spec: {`+ok+`}}`,
		`{metadata: {name: c, namespace: ns}, spec: {volumeName: v, storageClassName: fast, `+ok+`}}`)
	apitest.Updated(t, PersistentVolumeClaim, `{metadata: {name: c, namespace: ns}, spec: {`+ok+`}}`,
		`{metadata: {name: c, namespace: ns}, spec: {accessModes: [ReadOnlyMany], resources: {requests: {storage: 1Gi}}}}`,
		"spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims")
	apitest.Row(t, PersistentVolumeClaim, `{metadata: {name: c}, spec: {volumeName: v, volumeMode: Block}, status: {phase: Bound, capacity: {storage: 2Gi}, accessModes: [ReadWriteOnce]}}`,
		"c | Bound | v | 2Gi | RWO |  | <unset> | <unknown> | Block")
}
