package pod

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api/apitest"
)

// specOf is what a spec becomes.
func specOf(t *testing.T, text string) *corev1.PodSpec {
	t.Helper()
	return &apitest.Defaulted(t, pods, "spec: {"+text+"}").(*corev1.Pod).Spec
}

// What every spec gets.
const filled = `restartPolicy: Always, dnsPolicy: ClusterFirst, schedulerName: default-scheduler, terminationGracePeriodSeconds: 30, securityContext: {}`

// What every container gets, and those whose image has no tag.
const (
	logs    = `terminationMessagePath: /dev/termination-log, terminationMessagePolicy: File`
	always  = `imagePullPolicy: Always, ` + logs
	present = `imagePullPolicy: IfNotPresent, ` + logs
)

func TestDefaults(t *testing.T) {
	const a = `containers: [{name: a, image: i, resources: {}, ` + always + `}]`
	for text, want := range map[string]string{
		one: a + `, ` + filled,
		one + `, restartPolicy: Never, dnsPolicy: None, schedulerName: s, terminationGracePeriodSeconds: 0, securityContext: {runAsUser: 1}`: a +
			`, restartPolicy: Never, dnsPolicy: None, schedulerName: s, terminationGracePeriodSeconds: 0, securityContext: {runAsUser: 1}`,
		one + `, terminationGracePeriodSeconds: -5`:            a + `, restartPolicy: Always, dnsPolicy: ClusterFirst, schedulerName: default-scheduler, terminationGracePeriodSeconds: 1, securityContext: {}`,
		one + `, serviceAccount: old`:                          a + `, serviceAccount: old, serviceAccountName: old, ` + filled,
		one + `, serviceAccount: old, serviceAccountName: new`: a + `, serviceAccount: new, serviceAccountName: new, ` + filled,
		one + `, serviceAccountName: new`:                      a + `, serviceAccount: new, serviceAccountName: new, ` + filled,
		one + `, overhead: {cpu: 0.1m}, resources: {limits: {cpu: 1.1m}, requests: {memory: 1.0001}}`: a +
			`, overhead: {cpu: 1m}, resources: {limits: {cpu: 2m}, requests: {memory: 1001m}}, ` + filled,
		`containers: [{name: a, image: "i:1", terminationMessagePath: /x, terminationMessagePolicy: FallbackToLogsOnError, ports: [{containerPort: 1}, {containerPort: 2, protocol: UDP}],
			resources: {limits: {cpu: 0.1m}, requests: {cpu: 0.1m}}}], initContainers: [{name: b, image: "i:1"}], ephemeralContainers: [{name: c, image: "i:1"}]`: `
			containers: [{name: a, image: "i:1", imagePullPolicy: IfNotPresent, terminationMessagePath: /x, terminationMessagePolicy: FallbackToLogsOnError, ports: [{containerPort: 1, protocol: TCP}, {containerPort: 2, protocol: UDP}],
			resources: {limits: {cpu: 1m}, requests: {cpu: 1m}}}], initContainers: [{name: b, image: "i:1", resources: {}, ` + present + `}], ephemeralContainers: [{name: c, image: "i:1", resources: {}, ` + present + `}], ` + filled,
	} {
		t.Run(text, func(t *testing.T) { apitest.Same(t, specOf(t, text), "{"+want+"}") })
	}
}

func TestContainerDefaults(t *testing.T) {
	const get = `{port: 1, path: /, scheme: HTTP}`
	const times = `timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3`
	for text, want := range map[string]string{
		`livenessProbe: {httpGet: {port: 1}}, readinessProbe: {grpc: {port: 1}}, startupProbe: {tcpSocket: {port: 1}, timeoutSeconds: 2, periodSeconds: 3, successThreshold: 4, failureThreshold: 5}`: `
			livenessProbe: {httpGet: ` + get + `, ` + times + `}, readinessProbe: {grpc: {port: 1, service: ""}, ` + times + `},
			startupProbe: {tcpSocket: {port: 1}, timeoutSeconds: 2, periodSeconds: 3, successThreshold: 4, failureThreshold: 5}`,
		`livenessProbe: {httpGet: {port: 1, path: /x, scheme: HTTPS}, timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3}`: `
			livenessProbe: {httpGet: {port: 1, path: /x, scheme: HTTPS}, ` + times + `}`,
		`lifecycle: {postStart: {httpGet: {port: 1}}, preStop: {httpGet: {port: 1}}}`: `lifecycle: {postStart: {httpGet: ` + get + `}, preStop: {httpGet: ` + get + `}}`,
		`lifecycle: {}`: `lifecycle: {}`,
		`env: [{name: A, valueFrom: {fieldRef: {fieldPath: x}}}, {name: B, valueFrom: {fieldRef: {apiVersion: v2, fieldPath: x}}}, {name: C, valueFrom: {fileKeyRef: {key: k, path: p, volumeName: v}}}]`: `
			env: [{name: A, valueFrom: {fieldRef: {apiVersion: v1, fieldPath: x}}}, {name: B, valueFrom: {fieldRef: {apiVersion: v2, fieldPath: x}}}, {name: C, valueFrom: {fileKeyRef: {key: k, path: p, volumeName: v, optional: false}}}]`,
		// What belongs to features that are off is dropped.
		`lifecycle: {stopSignal: SIGTERM}`: ``,
		`lifecycle: {stopSignal: SIGTERM, preStop: {exec: {}}, postStart: {httpGet: {port: 1, protocol: H2C}}}`: `lifecycle: {preStop: {exec: {}}, postStart: {httpGet: ` + get + `}}`,
		`livenessProbe: {httpGet: {port: 1, protocol: H2C}}`:                                                    `livenessProbe: {httpGet: ` + get + `, ` + times + `}`,
		`readinessProbe: {grpc: {port: 1, mode: TLS}}`:                                                          `readinessProbe: {grpc: {port: 1, service: ""}, ` + times + `}`,
		`volumeMounts: [{name: v, mountPath: /v, bindMountOptions: [noexec]}]`:                                  `volumeMounts: [{name: v, mountPath: /v}]`,
	} {
		t.Run(text, func(t *testing.T) {
			apitest.Same(t, specOf(t, "containers: [{name: a, image: i, "+text+"}]"), "{containers: [{name: a, image: i, resources: {}, "+always+", "+want+"}], "+filled+"}")
		})
	}
}

func TestVolumeDefaults(t *testing.T) {
	for text, want := range map[string]string{
		``:                                                `emptyDir: {}`,
		`emptyDir: {medium: Memory}`:                      `emptyDir: {medium: Memory}`,
		`hostPath: {path: /}`:                             `hostPath: {path: /, type: ""}`,
		`secret: {secretName: s}`:                         `secret: {secretName: s, defaultMode: 420}`,
		`secret: {defaultMode: 0}`:                        `secret: {defaultMode: 0}`,
		`configMap: {name: m}`:                            `configMap: {name: m, defaultMode: 420}`,
		`image: {reference: i}`:                           `image: {reference: i, pullPolicy: Always}`,
		`image: {reference: "i:1"}`:                       `image: {reference: "i:1", pullPolicy: IfNotPresent}`,
		`image: {pullPolicy: Never}`:                      `image: {pullPolicy: Never}`,
		`iscsi: {targetPortal: p, iqn: q, lun: 0}`:        `iscsi: {targetPortal: p, iqn: q, lun: 0, iscsiInterface: default}`,
		`rbd: {monitors: [a], image: i}`:                  `rbd: {monitors: [a], image: i, pool: rbd, user: admin, keyring: /etc/ceph/keyring}`,
		`scaleIO: {gateway: g, system: s, secretRef: {}}`: `scaleIO: {gateway: g, system: s, secretRef: {}, storageMode: ThinProvisioned, fsType: xfs}`,
		`azureDisk: {diskName: d, diskURI: u}`:            `azureDisk: {diskName: d, diskURI: u, cachingMode: ReadWrite, kind: Shared, fsType: ext4, readOnly: false}`,
		`downwardAPI: {items: [{path: a, fieldRef: {fieldPath: x}}, {path: b}]}`: `downwardAPI: {defaultMode: 420, items: [{path: a, fieldRef: {apiVersion: v1, fieldPath: x}}, {path: b}]}`,
		`projected: {sources: [{serviceAccountToken: {path: t}}, {downwardAPI: {items: [{path: a, fieldRef: {fieldPath: x}}]}}, {serviceAccountToken: {path: t, expirationSeconds: 1}}]}`: `
			projected: {defaultMode: 420, sources: [{serviceAccountToken: {path: t, expirationSeconds: 3600}}, {downwardAPI: {items: [{path: a, fieldRef: {apiVersion: v1, fieldPath: x}}]}}, {serviceAccountToken: {path: t, expirationSeconds: 1}}]}`,
		`ephemeral: {volumeClaimTemplate: {spec: {resources: {limits: {storage: 1.0001}, requests: {storage: 1.0001}}}}}`: `
			ephemeral: {volumeClaimTemplate: {metadata: {}, spec: {volumeMode: Filesystem, resources: {limits: {storage: 1001m}, requests: {storage: 1001m}}}}}`,
		`ephemeral: {}`: `ephemeral: {}`,
		// What belongs to features that are off is dropped.
		`emptyDir: {mode: 511}`: `emptyDir: {}`,
		`secret: {defaultMode: 1, defaultUser: 1, items: [{key: k, path: p, user: 1}]}`:    `secret: {defaultMode: 1, items: [{key: k, path: p}]}`,
		`configMap: {defaultMode: 1, defaultUser: 1, items: [{key: k, path: p, user: 1}]}`: `configMap: {defaultMode: 1, items: [{key: k, path: p}]}`,
		`downwardAPI: {defaultMode: 1, defaultUser: 1, items: [{path: p, user: 1}]}`:       `downwardAPI: {defaultMode: 1, items: [{path: p}]}`,
		`projected: {defaultMode: 1, defaultUser: 1, sources: [{secret: {items: [{key: k, path: p, user: 1}]}}, {configMap: {items: [{key: k, path: p, user: 1}]}}, {downwardAPI: {items: [{path: p, user: 1}]}},
			{serviceAccountToken: {path: t, expirationSeconds: 1, user: 1}}, {clusterTrustBundle: {path: p, user: 1}}, {podCertificate: {signerName: s, keyType: k, user: 1}}]}`: `
			projected: {defaultMode: 1, sources: [{secret: {items: [{key: k, path: p}]}}, {configMap: {items: [{key: k, path: p}]}}, {downwardAPI: {items: [{path: p}]}},
			{serviceAccountToken: {path: t, expirationSeconds: 1}}, {clusterTrustBundle: {path: p}}, {podCertificate: {signerName: s, keyType: k}}]}`,
	} {
		t.Run(text, func(t *testing.T) {
			apitest.Same(t, &specOf(t, "containers: [], volumes: [{name: v, "+text+"}]").Volumes[0], "{name: v, "+want+"}")
		})
	}
}

func TestTemplateDefaults(t *testing.T) {
	apitest.Same(t, apitest.Defaulted(t, templates, `template: {spec: {containers: [], terminationGracePeriodSeconds: -5}}`), // as it is written
		`{metadata: {}, template: {metadata: {}, spec: {containers: [], restartPolicy: Always, dnsPolicy: ClusterFirst, schedulerName: default-scheduler, terminationGracePeriodSeconds: -5, securityContext: {}}}}`)
	apitest.Same(t, apitest.Defaulted(t, templates, `template: {metadata: {annotations: {a: b, pod.alpha.kubernetes.io/init-containers: x, pod.beta.kubernetes.io/init-containers: x,
		pod.alpha.kubernetes.io/init-container-statuses: x, pod.beta.kubernetes.io/init-container-statuses: x}}, spec: {containers: [], schedulingGroup: {podGroupName: g}, evictionResponders: [{}]}}`),
		`{metadata: {}, template: {metadata: {annotations: {a: b}}, spec: {containers: [], `+filled+`}}}`)
}
