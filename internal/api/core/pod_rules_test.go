package core

import (
	"testing"

	"skiff/internal/api/apitest"
)

// What Kubernetes says of pods that are wrong, field by field.
func TestPodRules(t *testing.T) {
	const good = `containers: [{name: a, image: i}]`
	for name, tt := range map[string]struct {
		spec string
		want []string
	}{
		"restart policy of a container": {
			`containers: [{name: a, image: i, restartPolicy: Maybe, restartPolicyRules: [{action: Stop, exitCodes: {operator: Near, values: [1]}}, {action: Restart}]}, {name: b, image: i, restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [42]}}]}]`,
			[]string{
				`spec.containers[0].restartPolicy: Unsupported value: "Maybe": supported values: "Always", "Never", "OnFailure"`,
				`spec.containers[0].restartPolicyRules[0].action: Unsupported value: "Stop": supported values: "Restart"`,
				`spec.containers[0].restartPolicyRules[0].exitCodes.operator: Unsupported value: "Near": supported values: "In", "NotIn"`,
				`spec.containers[0].restartPolicyRules[1].exitCodes: Required value: must be specified`,
				`spec.containers[1].restartPolicy: Required value: must specify restartPolicy when restart rules are used`,
			},
		},
		"ephemeral containers on create": {
			good + `, ephemeralContainers: [{name: e, image: i}]`,
			[]string{"spec.ephemeralContainers: Forbidden: cannot be set on create"},
		},
		"a node behind a gate": {
			good + `, nodeName: n, schedulingGates: [{name: x/y}]`,
			[]string{"spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"},
		},
		"devices": {
			`volumes: [{name: e}, {name: c, persistentVolumeClaim: {claimName: c}}], containers: [{name: a, image: i, volumeMounts: [{name: c, mountPath: /d}], volumeDevices: [{name: c, devicePath: /d}, {name: e, devicePath: /../x}, {name: z}]}]`,
			[]string{
				`spec.containers[0].volumeMounts[0].name: Invalid value: "c": must not already exist in volumeDevices`,
				`spec.containers[0].volumeMounts[0].mountPath: Invalid value: "/d": must not already exist as a path in volumeDevices`,
				`spec.containers[0].volumeDevices[0].name: Invalid value: "c": must not already exist in volumeMounts`,
				`spec.containers[0].volumeDevices[0].devicePath: Invalid value: "/d": must not already exist as a path in volumeMounts`,
				`spec.containers[0].volumeDevices[1].name: Invalid value: "e": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode`,
				`spec.containers[0].volumeDevices[1].devicePath: Invalid value: "/../x": can not contain backsteps ('..')`,
				`spec.containers[0].volumeDevices[2].name: Not found: "z"`,
				`spec.containers[0].volumeDevices[2].devicePath: Required value`,
			},
		},
		"how a volume is mounted": {
			`volumes: [{name: v}], containers: [{name: a, image: i, volumeMounts: [{name: v, mountPath: /v, mountPropagation: Bidirectional, recursiveReadOnly: Enabled}, {name: v, mountPath: /w, mountPropagation: Up, recursiveReadOnly: "Yes"}]}]`,
			[]string{
				`spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers`,
				`spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when readOnly is true`,
				`spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when mountPropagation is None or not specified`,
				`spec.containers[0].volumeMounts.mountPropagation: Unsupported value: "Up": supported values: "Bidirectional", "HostToContainer", "None"`,
				`spec.containers[0].volumeMounts.recursiveReadOnly: Unsupported value: "Yes": supported values: "Disabled", "Enabled", "IfPossible"`,
			},
		},
		"references in the environment": {
			`containers: [{name: a, image: i, env: [{name: A, valueFrom: {secretKeyRef: {name: S, key: ""}}}, {name: B, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 2}}}, {name: C, valueFrom: {fieldRef: {fieldPath: "metadata.name['x']"}}}, {name: D, valueFrom: {fileKeyRef: {volumeName: v, path: ../x, key: "a=b"}}}, {name: E, valueFrom: {fieldRef: {fieldPath: metadata.labels}}}]}]`,
			[]string{
				`spec.containers[0].env[0].valueFrom.secretKeyRef.name: Invalid value: "S": a lowercase RFC 1123 subdomain must consist of`,
				`spec.containers[0].env[0].valueFrom.secretKeyRef.key: Required value`,
				`spec.containers[0].env[1].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor's values 1m and 1 are supported with the cpu resource`,
				`spec.containers[0].env[2].valueFrom.fieldRef.fieldPath: Invalid value: "metadata.name['x']": error converting fieldPath: field label does not support subscript: metadata.name['x']`,
				`spec.containers[0].env[3].valueFrom.fileKeyRef.key: Invalid value: "a=b"`,
				`spec.containers[0].env[3].valueFrom.fileKeyRef.path: Invalid value: "../x": must not contain '..'`,
				`spec.containers[0].env[4].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: "metadata.name", "metadata.namespace", "metadata.uid"`,
				`spec.containers[0].env[3].valueFrom.fileKeyRef.volumeName: Not found: "v"`,
			},
		},
		"huge pages": {
			`containers: [{name: a, image: i, resources: {limits: {hugepages-2Mi: 3Mi}, requests: {hugepages-2Mi: 3Mi}}}]`,
			[]string{
				`spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi`,
				`spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi`,
				`spec.containers[0].resources: Forbidden: HugePages require cpu or memory`,
			},
		},
		"devices asked for": {
			`containers: [{name: a, image: i, resources: {requests: {x.io/gpu: 1}}}, {name: b, image: i, resources: {limits: {x.io/gpu: 2}, requests: {x.io/gpu: 1}}}]`,
			[]string{
				`spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources`,
				`spec.containers[1].resources.requests: Invalid value: "1": must be equal to x.io/gpu limit of 2`,
			},
		},
		"claims of devices": {
			`resourceClaims: [{name: c, resourceClaimName: x}, {name: c, resourceClaimTemplateName: y}, {name: d}], containers: [{name: a, image: i, resources: {claims: [{name: c}, {name: c}, {name: z}]}}]`,
			[]string{
				`spec.resourceClaims[1].name: Duplicate value: "c"`,
				"spec.resourceClaims[2]: Invalid value: {\"name\":\"d\"}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`",
				`spec.containers[0].resources.claims[1]: Duplicate value: "c"`,
				`spec.containers[0].resources.claims[2]: Not found: "z": must be one of the names in pod.spec.resourceClaims: c, d`,
			},
		},
		"resources of the pod": {
			`resources: {requests: {cpu: 1}, limits: {cpu: 2, example.com/x: 1}}, containers: [{name: a, image: i, resources: {requests: {cpu: 2}, limits: {cpu: 3}}}]`,
			[]string{
				`spec.resources.limits[example.com/x]: Unsupported value: "example.com/x": supported values: "cpu"`,
				`spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 2`,
				`spec.resources.containers[0][cpu].limits: Invalid value: "3": must be less than or equal to pod limits of 2`,
			},
		},
		"resize policy": {
			`restartPolicy: Never, containers: [{name: a, image: i, resizePolicy: [{resourceName: cpu, restartPolicy: RestartContainer}, {resourceName: cpu, restartPolicy: NotRequired}]}]`,
			[]string{
				"spec.containers[0].resizePolicy: Invalid value: \"RestartContainer\": must be 'NotRequired' when pod `restartPolicy` is 'Never'",
				`spec.containers[0].resizePolicy[1]: Duplicate value: "cpu"`,
			},
		},
		"hooks": {
			`terminationGracePeriodSeconds: 5, containers: [{name: a, image: i, lifecycle: {postStart: {}, preStop: {sleep: {seconds: 9}}}, livenessProbe: {httpGet: {port: 80, scheme: FTP, httpHeaders: [{name: "a b"}]}}, readinessProbe: {grpc: {port: 1}, terminationGracePeriodSeconds: 1}}]`,
			[]string{
				"spec.containers[0].lifecycle.postStart: Required value: must specify a handler type",
				"spec.containers[0].lifecycle.preStop.sleep: Invalid value: 9: must be non-negative and less than terminationGracePeriodSeconds (5)",
				`spec.containers[0].livenessProbe.httpGet.scheme: Unsupported value: "FTP": supported values: "HTTP", "HTTPS"`,
				`spec.containers[0].livenessProbe.httpGet.httpHeaders: Invalid value: "a b": a valid HTTP header must consist of`,
				"spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 1: must not be set for readinessProbes",
			},
		},
		"security": {
			`hostNetwork: true, hostUsers: false, securityContext: {sysctls: [{name: net.core.somaxconn, value: "1"}, {name: A}, {name: kernel.sem}, {name: kernel.sem}], fsGroupChangePolicy: "", appArmorProfile: {type: Localhost, localhostProfile: " x"}, seccompProfile: {}}, containers: [{name: a, image: i, securityContext: {procMount: Half, appArmorProfile: {type: Unconfined, localhostProfile: x}}}]`,
			[]string{
				`spec.containers[0].securityContext.procMount: Unsupported value: "Half": supported values: "Default", "Unmasked"`,
				`spec.containers[0].securityContext.appArmorProfile.localhostProfile: Invalid value: "x": can only be set when AppArmor type is Localhost`,
				`spec.securityContext.sysctls[0].name: Invalid value: "net.core.somaxconn": may not be specified when 'hostNetwork' is true`,
				`spec.securityContext.sysctls[1].name: Invalid value: "A": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$`,
				`spec.securityContext.sysctls[3].name: Duplicate value: "kernel.sem"`,
				`spec.securityContext.fsGroupChangePolicy: Unsupported value: "": supported values: "Always", "OnRootMismatch"`,
				`spec.securityContext.seccompProfile.type: Required value: type is required when seccompProfile is set`,
				`spec.securityContext.appArmorProfile.localhostProfile: Invalid value: " x": must not be padded with whitespace`,
				"spec.hostNetwork: Forbidden: when `hostUsers` is false",
			},
		},
		"unmasked proc": {
			`containers: [{name: a, image: i, securityContext: {procMount: Unmasked}}]`,
			[]string{"spec.containers[0].securityContext.procMount: Invalid value: \"Unmasked\": `hostUsers` must be false to use `Unmasked`"},
		},
		"linux": {
			`os: {name: linux}, containers: [{name: a, image: i, securityContext: {windowsOptions: {runAsUserName: ""}}}]`,
			[]string{
				`spec.containers[0].securityContext.windowsOptions.runAsUserName: Invalid value: "": runAsUserName cannot be an empty string`,
				`spec.containers[0].securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod`,
			},
		},
		"windows": {
			`os: {name: windows}, hostPID: true, securityContext: {runAsUser: 1, windowsOptions: {hostProcess: true}}, containers: [{name: a, image: i, securityContext: {privileged: false}}]`,
			[]string{
				"spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers",
				"spec.hostPID: Forbidden: cannot be set for a windows pod",
				"spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod",
				"spec.containers[0].securityContext.privileged: Forbidden: cannot be set for a windows pod",
			},
		},
		"another system": {
			good + `, os: {name: beos}`,
			[]string{`spec.os: Unsupported value: "beos": supported values: "linux", "windows"`},
		},
		"host names": {
			good + `, hostNetwork: true, hostname: A, subdomain: a.b, setHostnameAsFQDN: true, hostnameOverride: x, hostAliases: [{ip: x, hostnames: [A]}]`,
			[]string{
				`spec.hostnameOverride: Forbidden: may not be specified when setHostnameAsFQDN is true`,
				`spec.hostnameOverride: Forbidden: may not be specified when hostNetwork is true`,
				`spec.hostname: Invalid value: "A": a lowercase RFC 1123 label must consist of`,
				`spec.subdomain: Invalid value: "a.b": must not contain dots`,
				`spec.hostAliases[0].ip: Invalid value: "x": must be a valid IP address`,
				`spec.hostAliases[0].hostnames[0]: Invalid value: "A": a lowercase RFC 1123 subdomain must consist of`,
			},
		},
		"names of DNS": {
			good + `, dnsConfig: {nameservers: [1.1.1.1, 1.1.1.2, 1.1.1.3, x], searches: [".", "a_b.c.", "a b"], options: [{value: x}]}`,
			[]string{
				`spec.dnsConfig.nameservers: Invalid value: ["1.1.1.1","1.1.1.2","1.1.1.3","x"]: must not have more than 3 nameservers`,
				`spec.dnsConfig.nameservers[3]: Invalid value: "x": must be a valid IP address`,
				`spec.dnsConfig.searches[2]: Invalid value: "a b": `,
				`spec.dnsConfig.options[0]: Required value: must not be empty`,
			},
		},
		"affinity": {
			good + `, affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: k, operator: In}, {key: k, operator: Gt, values: ["1", "2"]}, {key: k, operator: In, values: ["a b"]}], matchFields: [{key: metadata.uid, operator: Exists}]}]}, preferredDuringSchedulingIgnoredDuringExecution: [{weight: 101, preference: {matchExpressions: [{key: k, operator: In, values: ["a b"]}]}}]},
			  podAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 0, podAffinityTerm: {topologyKey: z, matchLabelKeys: [a], namespaces: [A]}}]}}`,
			[]string{
				"spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
				"spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[1].values: Required value: must be specified single value when `operator` is 'Lt' or 'Gt'",
				`spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[2].values[0]: Invalid value: "a b": a valid label must be an empty string`,
				`spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0].operator: Invalid value: "Exists": not a valid selector operator`,
				`spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0].key: Invalid value: "metadata.uid": not a valid field selector key`,
				`spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 101: must be in the range 1-100`,
				`spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100`,
				`spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.namespace: Invalid value: "A": a lowercase RFC 1123 label must consist of`,
				`spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.matchLabelKeys: Forbidden: must not be specified when labelSelector is not set`,
			},
		},
		"spread": {
			good + `, topologySpreadConstraints: [{maxSkew: 1, topologyKey: z, whenUnsatisfiable: ScheduleAnyway, minDomains: 2, nodeTaintsPolicy: Maybe}, {maxSkew: 1, topologyKey: z, whenUnsatisfiable: ScheduleAnyway, matchLabelKeys: [app], labelSelector: {matchLabels: {app: x}}}]`,
			[]string{
				`spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{z, ScheduleAnyway}"`,
				`spec.topologySpreadConstraints[0].minDomains: Invalid value: 2: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway`,
				`spec.topologySpreadConstraints[0].nodeTaintsPolicy: Unsupported value: "Maybe": supported values: "Honor", "Ignore"`,
				`spec.topologySpreadConstraints[1][0]: Invalid value: "app": exists in both matchLabelKeys and labelSelector`,
			},
		},
		"tolerations": {
			good + `, tolerations: [{key: k, operator: Near}, {key: k, value: "a b"}, {key: k, tolerationSeconds: 1, effect: NoSchedule}, {key: k, effect: Never}]`,
			[]string{
				`spec.tolerations[0].operator: Unsupported value: "Near": supported values: "Equal", "Exists"`,
				`spec.tolerations[1].operator: Invalid value: "a b": a valid label must be an empty string`,
				"spec.tolerations[2].effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when `tolerationSeconds` is set",
				`spec.tolerations[3].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			apitest.Refused(t, Pod, "{metadata: {name: p, namespace: ns, labels: {app: x}}, spec: {"+tt.spec+"}}", tt.want...)
		})
	}
}

func TestPodVolumes(t *testing.T) {
	for name, tt := range map[string]struct {
		volume string
		want   []string
	}{
		"host path":   {`hostPath: {path: /a/../b, type: Odd}`, []string{`.hostPath.path: Invalid value: "/a/../b": must not contain '..'`, `.hostPath.type: Unsupported value: "Odd": supported values: "", "BlockDevice"`}},
		"secret":      {`secret: {items: [{key: "", path: /x, mode: 1000}]}`, []string{`.secret.secretName: Required value`, `.secret.items[0].key: Required value`, `.secret.items[0].path: Invalid value: "/x": must be a relative path`, `.secret.items[0].mode: Invalid value: 1000: must be a number between 0 and 0777 (octal), both inclusive`}},
		"downward":    {`downwardAPI: {items: [{path: ..x}, {path: a, resourceFieldRef: {resource: limits.cpu}}]}`, []string{`.downwardAPI.path: Invalid value: "..x": must not start with '..'`, `.downwardAPI: Required value: one of fieldRef and resourceFieldRef is required`, `.downwardAPI.resourceFieldRef.containerName: Required value`}},
		"NFS":         {`nfs: {path: x}`, []string{`.nfs.server: Required value`, `.nfs.path: Invalid value: "x": must be an absolute path`}},
		"iSCSI":       {`iscsi: {iqn: iqn.x, lun: 300, chapAuthSession: true}`, []string{`.iscsi.targetPortal: Required value`, `.iscsi.iqn: Invalid value: "iqn.x": must be valid format`, `.iscsi.lun: Invalid value: 300: must be between 0 and 255, inclusive`, `.iscsi.secretRef: Required value`}},
		"GCE":         {`gcePersistentDisk: {partition: 256}`, []string{`.persistentDisk.pdName: Required value`, `.persistentDisk.partition: Invalid value: 256: must be between 1 and 255, inclusive`}},
		"FC":          {`fc: {}`, []string{`.fc.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both`}},
		"CSI":         {`csi: {driver: "a b"}`, []string{`.csi.driver: Invalid value: "a b": a lowercase RFC 1123 subdomain must consist of`}},
		"image":       {`image: {pullPolicy: Often}`, []string{`.image.reference: Required value`, `.image.pullPolicy: Unsupported value: "Often": supported values: "Always", "IfNotPresent", "Never"`}},
		"ephemeral":   {`ephemeral: {volumeClaimTemplate: {metadata: {finalizers: [a/b]}, spec: {accessModes: [Once], resources: {requests: {storage: 0}}}}}`, []string{`.ephemeral.volumeClaimTemplate.metadata.finalizers: Forbidden: cannot be set`, `.ephemeral.volumeClaimTemplate.spec.accessModes: Unsupported value: "Once": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"`, `.ephemeral.volumeClaimTemplate.spec.resources[storage]: Invalid value: "0": must be greater than zero`}},
		"azure disk":  {`azureDisk: {diskName: d, diskURI: x, kind: Managed}`, []string{`.azureDisk.diskURI: Unsupported value: "x": supported values: "/subscriptions/{sub-id}/resourcegroups/`}},
		"flex":        {`flexVolume: {driver: d, options: {kubernetes.io/x: "1"}}`, []string{`.flexVolume.options[kubernetes.io/x]: Invalid value: "kubernetes.io/x": kubernetes.io and k8s.io namespaces are reserved`}},
		"quobyte":     {`quobyte: {registry: x, volume: v}`, []string{`.quobyte.registry: Invalid value: "x": must be a host:port pair or multiple pairs separated by commas`}},
		"RBD":         {`rbd: {image: i}`, []string{`.rbd.monitors: Required value`}},
		"CephFS":      {`cephfs: {}`, []string{`.cephfs.monitors: Required value`}},
		"StorageOS":   {`storageos: {volumeName: A}`, []string{`.storageos.volumeName: Invalid value: "A": a lowercase RFC 1123 label must consist of`}},
		"git":         {`gitRepo: {directory: ../x}`, []string{`.gitRepo.repository: Required value`, `.gitRepo.directory: Invalid value: "../x": must not contain '..'`}},
		"flocker":     {`flocker: {datasetName: a/b, datasetUUID: u}`, []string{`.flocker: Invalid value: "resource": datasetName and datasetUUID can not be specified simultaneously`, `.flocker.datasetName: Invalid value: "a/b": must not contain '/'`}},
		"projected":   {`projected: {sources: [{secret: {name: s, items: [{key: k, path: p}]}}, {configMap: {name: m, items: [{key: k, path: p}]}}, {serviceAccountToken: {path: t, expirationSeconds: 10}}, {clusterTrustBundle: {path: b}}]}`, []string{`.projected: Invalid value: "m": conflicting duplicate paths`, `.projected.sources[2].serviceAccountToken.expirationSeconds: Invalid value: 10: may not specify a duration less than 10 minutes`, `.projected.sources[3].clusterTrustBundle: Required value: either name or signerName must be specified`}},
		"certificate": {`projected: {sources: [{podCertificate: {signerName: x, keyType: RSA, maxExpirationSeconds: 1}}]}`, []string{`.projected.sources[0].podCertificate.signerName: Invalid value: "x": must be a fully qualified domain and path of the form 'example.com/signer-name'`, `.projected.sources[0].podCertificate.keyType: Unsupported value: "RSA": supported values: "RSA3072"`, `.projected.sources[0].podCertificate.maxExpirationSeconds: Invalid value: 1: if provided, maxExpirationSeconds must be >= 3600`, `.projected.sources[0].podCertificate: Required value: specify at least one of credentialBundlePath, keyPath, and certificateChainPath`}},
	} {
		t.Run(name, func(t *testing.T) {
			var want []string
			for _, w := range tt.want {
				want = append(want, "spec.volumes[0]"+w)
			}
			apitest.Refused(t, Pod, "{metadata: {name: p, namespace: ns}, spec: {serviceAccountName: sa, volumes: [{name: v, "+tt.volume+"}], containers: [{name: a, image: i}]}}", want...)
		})
	}
}

func TestPodAnnotations(t *testing.T) {
	pod := func(annotations string) string {
		return `{metadata: {name: p, namespace: ns, annotations: {` + annotations + `}}, spec: {containers: [{name: a, image: i}]}}`
	}
	apitest.Refused(t, Pod, pod(`kubernetes.io/config.mirror: x, controller.kubernetes.io/pod-deletion-cost: "+1", container.apparmor.security.beta.kubernetes.io/z: odd`),
		`metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "x": must set spec.nodeName if mirror pod annotation is set`,
		`metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "+1": must be a 32bit integer`,
		`metadata.annotations[container.apparmor.security.beta.kubernetes.io/z]: Invalid value: "z": container not found`,
		`metadata.annotations[container.apparmor.security.beta.kubernetes.io/z]: Invalid value: "odd": invalid AppArmor profile name: "odd"`)
	apitest.Updated(t, Pod, pod(``), pod(`container.apparmor.security.beta.kubernetes.io/a: localhost/`),
		`metadata.annotations[container.apparmor.security.beta.kubernetes.io/a]: Forbidden: may not add AppArmor annotations`)
	apitest.Updated(t, Pod, pod(`container.apparmor.security.beta.kubernetes.io/a: localhost/`), pod(``),
		`metadata.annotations[container.apparmor.security.beta.kubernetes.io/a]: Forbidden: may not remove or update AppArmor annotations`)
}
