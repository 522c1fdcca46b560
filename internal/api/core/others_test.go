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

func TestLimitRange(t *testing.T) {
	apitest.Same(t, apitest.Created(t, LimitRange, `{metadata: {name: l}, spec: {limits: [{type: Container, max: {cpu: 2}, min: {memory: 1Mi}}]}}`),
		`{metadata: {name: l}, spec: {limits: [{type: Container, max: {cpu: "2"}, min: {memory: 1Mi}, default: {cpu: "2"}, defaultRequest: {cpu: "2", memory: 1Mi}}]}}`)
	apitest.Refused(t, LimitRange, `{metadata: {name: l, namespace: ns}, spec: {limits: [{type: Pod, max: {cpu: 1}, min: {cpu: 2}}, {type: Pod, default: {cpu: 1}}]}}`,
		`spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1`,
		`spec.limits[1].type: Duplicate value: "Pod"`,
		"spec.limits[1].default: Forbidden: may not be specified when `type` is 'Pod'")
}

func TestLimitRangeRules(t *testing.T) {
	apitest.Refused(t, LimitRange, `{metadata: {name: l, namespace: ns}, spec: {limits: [{type: Odd, max: {apples: 1}}, {type: Container, max: {pods: 1}}, {type: PersistentVolumeClaim}, {type: Pod, max: {cpu: 4}, min: {cpu: 2}, maxLimitRequestRatio: {cpu: 3, memory: 500m}}]}}`,
		`spec.limits[0].type: Invalid value: "Odd": must be a standard limit type or fully qualified`,
		`spec.limits[0].max[apples]: Invalid value: "apples": must be a standard resource type or fully qualified`,
		`spec.limits[1].max[pods]: Invalid value: "pods": must be a standard resource for containers`,
		`spec.limits[1].default[pods]: Invalid value: "pods": must be a standard resource for containers`,
		`spec.limits[1].defaultRequest[pods]: Invalid value: "pods": must be a standard resource for containers`,
		"spec.limits[2].limits: Required value: either minimum or maximum storage value is required, but neither was provided",
		`spec.limits[3].maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000`,
		`spec.limits[3].maxLimitRequestRatio[memory]: Invalid value: "500m": ratio 500m is less than 1`)
}

func TestReplicationControllerStatus(t *testing.T) {
	o := apitest.Parse(t, ReplicationController, `{metadata: {name: r, namespace: ns, resourceVersion: "1"}, status: {replicas: 1, readyReplicas: 2}}`)
	apitest.Errors(t, ReplicationController.Part("status").Validate(o, o), "status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas")
}

func TestResourceQuota(t *testing.T) {
	apitest.Refused(t, ResourceQuota, `{metadata: {name: q, namespace: ns}, spec: {hard: {pods: -1}}}`,
		`spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0`)
	apitest.Row(t, ResourceQuota, `{metadata: {name: q}, status: {hard: {pods: 4, limits.cpu: 2}, used: {pods: 1, limits.cpu: 1}}}`,
		"q | pods: 1/4 | limits.cpu: 1/2 | <unknown>")
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

func TestResourceQuotaRules(t *testing.T) {
	apitest.Refused(t, ResourceQuota, `{metadata: {name: q, namespace: ns}, spec: {hard: {pods: 1, cpu: 500m, count/deployments.apps: 1, requests.example.com/gpu: 2}}}`)
	apitest.Refused(t, ResourceQuota, `{metadata: {name: q, namespace: ns}, spec: {hard: {bananas: 1, pods: "-1"}}}`,
		`spec.hard[bananas]: Invalid value: "bananas": must be a standard resource type or fully qualified`,
		`spec.hard[bananas]: Invalid value: "bananas": must be a standard resource for quota`,
		`spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0`)
	apitest.Refused(t, ResourceQuota, `{metadata: {name: q, namespace: ns}, spec: {hard: {pods: 1}, scopes: [BestEffort, NotBestEffort]}}`,
		`spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes`)
	apitest.Refused(t, ResourceQuota, `{metadata: {name: q, namespace: ns}, spec: {hard: {memory: 1}, scopes: [BestEffort]}}`,
		`spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource`)
	apitest.Refused(t, ResourceQuota, `{metadata: {name: q, namespace: ns}, spec: {hard: {pods: 1}, scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: In}]}}}`,
		"spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector")
}
