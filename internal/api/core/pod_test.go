package core

import (
	"testing"
	"testing/synctest"

	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api/apitest"
)

func TestPodDefaults(t *testing.T) {
	apitest.Same(t, apitest.Created(t, Pod, `
metadata: {name: p, namespace: ns}
spec:
  serviceAccount: robot
  hostNetwork: true
  volumes:
  - {name: scratch}
  - {name: cfg, configMap: {name: c}}
  - {name: dir, hostPath: {path: /tmp}}
  - {name: token, projected: {sources: [{serviceAccountToken: {path: token}}]}}
  containers:
  - name: a
    image: registry:5000/nginx:1.27
    ports: [{containerPort: 80}]
    env: [{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]
    resources: {limits: {cpu: 1, memory: 64Mi}, requests: {cpu: 0.1001}}
    livenessProbe: {httpGet: {port: 80}}
status: {phase: Running}
`), `
metadata: {name: p, namespace: ns}
spec:
  dnsPolicy: ClusterFirst
  enableServiceLinks: true
  hostNetwork: true
  restartPolicy: Always
  schedulerName: default-scheduler
  securityContext: {}
  serviceAccount: robot
  serviceAccountName: robot
  terminationGracePeriodSeconds: 30
  volumes:
  - {name: scratch, emptyDir: {}}
  - {name: cfg, configMap: {name: c, defaultMode: 420}}
  - {name: dir, hostPath: {path: /tmp, type: ""}}
  - name: token
    projected:
      defaultMode: 420
      sources: [{serviceAccountToken: {path: token, expirationSeconds: 3600}}]
  containers:
  - name: a
    image: registry:5000/nginx:1.27
    imagePullPolicy: IfNotPresent
    ports: [{containerPort: 80, hostPort: 80, protocol: TCP}]
    env: [{name: NODE, valueFrom: {fieldRef: {apiVersion: v1, fieldPath: spec.nodeName}}}]
    resources: {limits: {cpu: "1", memory: 64Mi}, requests: {cpu: 101m, memory: 64Mi}}
    livenessProbe:
      httpGet: {path: /, port: 80, scheme: HTTP}
      failureThreshold: 3
      periodSeconds: 10
      successThreshold: 1
      timeoutSeconds: 1
    terminationMessagePath: /dev/termination-log
    terminationMessagePolicy: File
status: {phase: Pending, qosClass: Burstable}
`)
}

func TestPodValidation(t *testing.T) {
	for name, tt := range map[string]struct {
		spec string
		want []string
	}{
		"good": {spec: `{containers: [{name: a, image: i}]}`},
		"nothing": {
			spec: `{}`,
			want: []string{"spec.containers: Required value"},
		},
		"names": {
			spec: `{containers: [{name: a, image: i}, {name: a, image: " i"}, {name: A_, image: i}, {image: i}, {name: b}]}`,
			want: []string{
				`spec.containers[1].name: Duplicate value: "a"`,
				`spec.containers[2].name: Invalid value: "A_": a lowercase RFC 1123 label must consist of`,
				`spec.containers[3].name: Required value`,
				`spec.containers[4].image: Required value`,
				`spec.containers[1].image: Invalid value: " i": must not have leading or trailing whitespace`,
			},
		},
		"policies": {
			spec: `{restartPolicy: Maybe, dnsPolicy: None, activeDeadlineSeconds: 0, containers: [{name: a, image: i, imagePullPolicy: Often}]}`,
			want: []string{
				`spec.containers[0].imagePullPolicy: Unsupported value: "Often": supported values: "Always", "IfNotPresent", "Never"`,
				`spec.restartPolicy: Unsupported value: "Maybe": supported values: "Always", "OnFailure", "Never"`,
				"spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None",
				`spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive`,
			},
		},
		"mounts": {
			spec: `{volumes: [{name: v}, {name: v}], containers: [{name: a, image: i, volumeMounts: [{name: x, mountPath: /x}, {name: v, mountPath: /x}, {name: v, mountPath: /y, subPath: ../z}]}]}`,
			want: []string{
				`spec.volumes[1].name: Duplicate value: "v"`,
				`spec.containers[0].volumeMounts[0].name: Not found: "x"`,
				`spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/x": must be unique`,
				`spec.containers[0].volumeMounts.subPath: Invalid value: "../z": must not contain '..'`,
			},
		},
		"volumes": {
			spec: `{volumes: [{name: v, emptyDir: {}, hostPath: {path: /}}, {name: w, secret: {secretName: s, defaultMode: 1000}}], containers: [{name: a, image: i}]}`,
			want: []string{
				`spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type`,
				`spec.volumes[1].secret.defaultMode: Invalid value: 1000: must be a number between 0 and 0777 (octal), both inclusive`,
			},
		},
		"ports": {
			spec: `{containers: [{name: a, image: i, ports: [{name: web, containerPort: 80, hostPort: 80}, {name: web, containerPort: 99999}]}, {name: b, image: i, ports: [{containerPort: 80, hostPort: 80}]}]}`,
			want: []string{
				`spec.containers[0].ports[1].name: Duplicate value: "web"`,
				`spec.containers[0].ports[1].containerPort: Invalid value: 99999: must be between 1 and 65535, inclusive`,
				`spec.containers[1].ports[0].hostPort: Duplicate value: "TCP//80"`,
			},
		},
		"env": {
			spec: `{containers: [{name: a, image: i, env: [{value: x}, {name: A, value: x, valueFrom: {fieldRef: {fieldPath: metadata.name}}}, {name: B, valueFrom: {}}, {name: C, valueFrom: {fieldRef: {fieldPath: spec.x}}}], envFrom: [{}]}]}`,
			want: []string{
				`spec.containers[0].env[0].name: Required value`,
				"spec.containers[0].env[1].valueFrom: Invalid value: \"\": may not be specified when `value` is not empty",
				`spec.containers[0].env[2].valueFrom: Invalid value: "": must specify one of`,
				`spec.containers[0].env[3].valueFrom.fieldRef.fieldPath: Invalid value: "spec.x": error converting fieldPath: field label not supported: spec.x`,
				"spec.containers[0].envFrom: Invalid value: \"\": must specify one of: `configMapRef` or `secretRef`",
			},
		},
		"resources": {
			spec: `{containers: [{name: a, image: i, resources: {limits: {cpu: 1, x.io/gpu: 1.5}, requests: {cpu: 2, memory: -1, x.io/gpu: 1.5, apples: 1}}}]}`,
			want: []string{
				`spec.containers[0].resources.limits[x.io/gpu]: Invalid value: "1500m": must be an integer`,
				`spec.containers[0].resources.requests[apples]: Invalid value: "apples": must be a standard resource type or fully qualified`,
				`spec.containers[0].resources.requests[apples]: Invalid value: "apples": must be a standard resource for containers`,
				`spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1`,
				`spec.containers[0].resources.requests[memory]: Invalid value: "-1": must be greater than or equal to 0`,
				`spec.containers[0].resources.requests[x.io/gpu]: Invalid value: "1500m": must be an integer`,
			},
		},
		"probes": {
			spec: `{containers: [{name: a, image: i, livenessProbe: {successThreshold: 2, tcpSocket: {port: 0}}, readinessProbe: {}, startupProbe: {exec: {command: []}, httpGet: {port: web}}}]}`,
			want: []string{
				`spec.containers[0].livenessProbe.tcpSocket.port: Invalid value: 0: must be between 1 and 65535, inclusive`,
				`spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1`,
				`spec.containers[0].readinessProbe: Required value: must specify a handler type`,
				`spec.containers[0].startupProbe.exec.command: Required value`,
				`spec.containers[0].startupProbe.httpGet: Forbidden: may not specify more than 1 handler type`,
			},
		},
		"init": {
			spec: `{initContainers: [{name: a, image: i, readinessProbe: {tcpSocket: {port: 1}}}, {name: s, image: i, restartPolicy: Always, readinessProbe: {tcpSocket: {port: 1}}}], containers: [{name: a, image: i}]}`,
			want: []string{
				`spec.initContainers[0].name: Duplicate value: "a"`,
				`spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always`,
			},
		},
		"scheduling": {
			spec: `{tolerations: [{key: a, value: b, operator: Exists}, {}], topologySpreadConstraints: [{maxSkew: 0, topologyKey: "", whenUnsatisfiable: Never}],
			  affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: []}}, podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{}]}},
			  containers: [{name: a, image: i}]}`,
			want: []string{
				`spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term`,
				`spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty`,
				`spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: "": name part must be non-empty`,
				`spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: "": name part must consist of`,
				`spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero`,
				`spec.topologySpreadConstraints[0].topologyKey: Required value: can not be empty`,
				`spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "Never": supported values: "DoNotSchedule", "ScheduleAnyway"`,
				"spec.tolerations[0].operator: Invalid value: \"b\": value must be empty when `operator` is 'Exists'",
				"spec.tolerations[1].operator: Invalid value: \"\": operator must be Exists when `key` is empty",
			},
		},
		"security": {
			spec: `{securityContext: {runAsUser: -1, seccompProfile: {type: Localhost}}, containers: [{name: a, image: i, securityContext: {privileged: true, allowPrivilegeEscalation: false}}]}`,
			want: []string{
				"spec.containers[0].securityContext: Invalid value: {\"privileged\":true,\"allowPrivilegeEscalation\":false}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true",
				`spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive`,
				`spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			apitest.Refused(t, Pod, "{metadata: {name: p, namespace: ns}, spec: "+tt.spec+"}", tt.want...)
		})
	}
}

func TestPodNames(t *testing.T) {
	apitest.Refused(t, Pod, `{metadata: {name: P, namespace: ns}, spec: {containers: [{name: a, image: i}]}}`,
		`metadata.name: Invalid value: "P": a lowercase RFC 1123 subdomain must consist of`)
	apitest.Refused(t, Pod, `{metadata: {namespace: ns}, spec: {containers: [{name: a, image: i}]}}`,
		`metadata.name: Required value: name or generateName is required`)
}

func TestPodGracePeriod(t *testing.T) {
	pod := func(node string, phase corev1.PodPhase, grace int64) *corev1.Pod {
		return &corev1.Pod{Spec: corev1.PodSpec{NodeName: node, TerminationGracePeriodSeconds: &grace}, Status: corev1.PodStatus{Phase: phase}}
	}
	for name, tt := range map[string]struct {
		pod   *corev1.Pod
		asked *int64
		want  int64
	}{
		"its own":       {pod("n", corev1.PodRunning, 30), nil, 30},
		"asked":         {pod("n", corev1.PodRunning, 30), new(int64(5)), 5},
		"at once":       {pod("n", corev1.PodRunning, 30), new(int64(0)), 0},
		"not scheduled": {pod("", corev1.PodPending, 30), nil, 0},
		"ended":         {pod("n", corev1.PodSucceeded, 30), new(int64(9)), 0},
		"negative":      {pod("n", corev1.PodRunning, -1), nil, 1},
	} {
		if got := Pod.GracePeriod(tt.pod, tt.asked); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
}

func TestPodRow(t *testing.T) {
	const spec = `{nodeName: node1, containers: [{name: a}, {name: b}]}`
	for name, tt := range map[string]struct{ meta, spec, status, want string }{
		"new": {
			spec: spec, status: `{phase: Pending}`,
			want: "p | 0/2 | Pending | 0 | <unknown> | <none> | node1 | <none> | <none>",
		},
		"creating": {
			spec: spec, status: `{phase: Pending, containerStatuses: [{name: a, state: {waiting: {reason: ContainerCreating}}}]}`,
			want: "p | 0/2 | ContainerCreating | 0 | <unknown> | <none> | node1 | <none> | <none>",
		},
		"running": {
			spec:   `{nodeName: node1, readinessGates: [{conditionType: x}], containers: [{name: a}, {name: b}]}`,
			status: `{phase: Running, podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}], containerStatuses: [{name: a, ready: true, restartCount: 2, state: {running: {}}, lastState: {terminated: {finishedAt: "1999-12-31T23:55:00Z"}}}, {name: b, ready: true, state: {running: {}}}]}`,
			want:   "p | 2/2 | Running | 2 (5m ago) | <unknown> | 10.0.0.1 | node1 | <none> | 0/1",
		},
		"init": {
			spec: `{initContainers: [{name: i}, {name: j}], containers: [{name: a}]}`, status: `{phase: Pending, initContainerStatuses: [{name: i, state: {terminated: {exitCode: 0}}}, {name: j, state: {running: {}}}]}`,
			want: "p | 0/1 | Init:1/2 | 0 | <unknown> | <none> | <none> | <none> | <none>",
		},
		"init failing": {
			spec: `{initContainers: [{name: i}], containers: [{name: a}]}`, status: `{phase: Pending, initContainerStatuses: [{name: i, restartCount: 3, state: {waiting: {reason: CrashLoopBackOff}}}]}`,
			want: "p | 0/1 | Init:CrashLoopBackOff | 3 | <unknown> | <none> | <none> | <none> | <none>",
		},
		"sidecar": {
			spec: `{initContainers: [{name: s, restartPolicy: Always}], containers: [{name: a}]}`, status: `{phase: Running, initContainerStatuses: [{name: s, ready: true, started: true, restartCount: 1, state: {running: {}}}], containerStatuses: [{name: a, ready: true, state: {running: {}}}]}`,
			want: "p | 2/2 | Running | 1 | <unknown> | <none> | <none> | <none> | <none>",
		},
		"completed": {
			spec: spec, status: `{phase: Succeeded, containerStatuses: [{name: a, state: {terminated: {reason: Completed}}}, {name: b, state: {terminated: {exitCode: 3}}}]}`,
			want: "p | 0/2 | ExitCode:3 | 0 | <unknown> | <none> | node1 | <none> | <none>",
		},
		"half done": {
			spec: spec, status: `{phase: Running, containerStatuses: [{name: a, state: {terminated: {reason: Completed}}}, {name: b, ready: true, state: {running: {}}}]}`,
			want: "p | 1/2 | NotReady | 0 | <unknown> | <none> | node1 | <none> | <none>",
		},
		"failed beside one that runs": {
			spec: spec, status: `{phase: Running, containerStatuses: [{name: a, state: {terminated: {reason: Completed}}}, {name: b, state: {terminated: {exitCode: 1, reason: Error}}}]}`,
			want: "p | 0/2 | Error | 0 | <unknown> | <none> | node1 | <none> | <none>",
		},
		"failed first": {
			spec: spec, status: `{phase: Running, containerStatuses: [{name: a, state: {terminated: {exitCode: 1, reason: Error}}}, {name: b, state: {terminated: {reason: Completed}}}]}`,
			want: "p | 0/2 | Error | 0 | <unknown> | <none> | node1 | <none> | <none>",
		},
		"ready, though one failed": {
			spec: `{containers: [{name: a}, {name: b}, {name: c}]}`, status: `{phase: Running, conditions: [{type: Ready, status: "True"}], containerStatuses: [{name: a, state: {terminated: {reason: Completed}}}, {name: b, state: {terminated: {exitCode: 1, reason: Error}}}, {name: c, ready: true, state: {running: {}}}]}`,
			want: "p | 1/3 | Running | 0 | <unknown> | <none> | <none> | <none> | <none>",
		},
		"not ready, and one failed": {
			spec: `{containers: [{name: a}, {name: b}, {name: c}]}`, status: `{phase: Running, containerStatuses: [{name: a, state: {terminated: {reason: Completed}}}, {name: b, state: {terminated: {signal: 9, exitCode: 137}}}, {name: c, ready: true, state: {running: {}}}]}`,
			want: "p | 1/3 | Signal:9 | 0 | <unknown> | <none> | <none> | <none> | <none>",
		},
		"gated": {
			spec: spec, status: `{phase: Pending, reason: Odd, conditions: [{type: PodScheduled, status: "False", reason: SchedulingGated}]}`,
			want: "p | 0/2 | SchedulingGated | 0 | <unknown> | <none> | node1 | <none> | <none>",
		},
		"init with a signal": {
			spec: `{initContainers: [{name: i}], containers: [{name: a}]}`, status: `{phase: Pending, initContainerStatuses: [{name: i, state: {terminated: {exitCode: 137, signal: 9}}}]}`,
			want: "p | 0/1 | Init:Signal:9 | 0 | <unknown> | <none> | <none> | <none> | <none>",
		},
		"init with a code": {
			spec: `{initContainers: [{name: i}], containers: [{name: a}]}`, status: `{phase: Pending, initContainerStatuses: [{name: i, state: {terminated: {exitCode: 2}}}]}`,
			want: "p | 0/1 | Init:ExitCode:2 | 0 | <unknown> | <none> | <none> | <none> | <none>",
		},
		"init with a reason": {
			spec: `{initContainers: [{name: i}], containers: [{name: a}]}`, status: `{phase: Failed, initContainerStatuses: [{name: i, state: {terminated: {exitCode: 2, reason: Error}}}]}`,
			want: "p | 0/1 | Init:Error | 0 | <unknown> | <none> | <none> | <none> | <none>",
		},
		"init that waits for its turn": {
			spec: `{initContainers: [{name: i}, {name: j}], containers: [{name: a}]}`, status: `{phase: Pending, initContainerStatuses: [{name: i, state: {waiting: {reason: PodInitializing}}}], containerStatuses: [{name: a, state: {waiting: {reason: PodInitializing}}}]}`,
			want: "p | 0/1 | Init:0/2 | 0 | <unknown> | <none> | <none> | <none> | <none>",
		},
		"init again, after it was done": {
			spec: `{initContainers: [{name: i}], containers: [{name: a}]}`, status: `{phase: Running, conditions: [{type: Initialized, status: "True"}], initContainerStatuses: [{name: i, restartCount: 5, state: {running: {}}}], containerStatuses: [{name: a, ready: true, restartCount: 1, state: {running: {}}}]}`,
			want: "p | 1/1 | Init:0/1 | 1 | <unknown> | <none> | <none> | <none> | <none>",
		},
		"sidecar that has not started": {
			spec: `{initContainers: [{name: s, restartPolicy: Always}], containers: [{name: a}]}`, status: `{phase: Pending, initContainerStatuses: [{name: s, ready: true, state: {running: {}}}]}`,
			want: "p | 0/2 | Init:0/1 | 0 | <unknown> | <none> | <none> | <none> | <none>",
		},
		"sidecar that is done": {
			spec: `{initContainers: [{name: s, restartPolicy: Always}], containers: [{name: a}]}`, status: `{phase: Succeeded, initContainerStatuses: [{name: s, started: true, ready: true, state: {terminated: {exitCode: 0}}}], containerStatuses: [{name: a, state: {terminated: {reason: Completed}}}]}`,
			want: "p | 0/2 | Completed | 0 | <unknown> | <none> | <none> | <none> | <none>",
		},
		"restarts of sidecars and containers": {
			spec: `{initContainers: [{name: i}, {name: s, restartPolicy: Always}], containers: [{name: a}]}`, status: `{phase: Running, initContainerStatuses: [{name: i, restartCount: 9, state: {terminated: {exitCode: 0}}, lastState: {terminated: {finishedAt: "1999-12-31T23:59:59Z"}}}, {name: s, started: true, restartCount: 2, state: {running: {}}, lastState: {terminated: {finishedAt: "1999-12-31T23:50:00Z"}}}], containerStatuses: [{name: a, restartCount: 3, ready: true, state: {running: {}}, lastState: {terminated: {finishedAt: "1999-12-31T23:40:00Z"}}}]}`,
			want: "p | 1/2 | Running | 5 (10m ago) | <unknown> | <none> | <none> | <none> | <none>",
		},
		"lost with its node": {
			meta: `, deletionTimestamp: "1999-12-31T23:00:00Z"`, spec: spec, status: `{phase: Running, reason: NodeLost}`,
			want: "p | 0/2 | Unknown | 0 | <unknown> | <none> | node1 | <none> | <none>",
		},
		"ended, and deleted": {
			meta: `, deletionTimestamp: "1999-12-31T23:00:00Z"`, spec: spec, status: `{phase: Succeeded}`,
			want: "p | 0/2 | Succeeded | 0 | <unknown> | <none> | node1 | <none> | <none>",
		},
		"nominated, with gates": {
			spec: `{readinessGates: [{conditionType: x}, {conditionType: "y"}], containers: [{name: a}]}`, status: `{phase: Pending, nominatedNodeName: node2, conditions: [{type: x, status: "True"}, {type: "y", status: "False"}]}`,
			want: "p | 0/1 | Pending | 0 | <unknown> | <none> | <none> | node2 | 1/2",
		},
		"evicted": {
			spec: spec, status: `{phase: Failed, reason: Evicted}`,
			want: "p | 0/2 | Evicted | 0 | <unknown> | <none> | node1 | <none> | <none>",
		},
		"terminating": {
			meta: `, deletionTimestamp: "1999-12-31T23:00:00Z", creationTimestamp: "1999-12-31T22:58:00Z"`, spec: spec, status: `{phase: Running, containerStatuses: [{name: a, ready: true, state: {running: {}}}]}`,
			want: "p | 1/2 | Terminating | 0 | 62m | <none> | node1 | <none> | <none>",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // where it is midnight of 2000-01-01
				apitest.Row(t, Pod, "{metadata: {name: p"+tt.meta+"}, spec: "+tt.spec+", status: "+tt.status+"}", tt.want)
			})
		})
	}
}

func TestPodFields(t *testing.T) {
	o := apitest.Parse(t, Pod, `{spec: {nodeName: node1, hostNetwork: true}, status: {podIPs: [{ip: 10.0.0.1}, {ip: fd00::1}]}}`)
	got := Pod.Fields(o)
	for field, want := range map[string]string{
		"spec.nodeName": "node1", "spec.hostNetwork": "true", "status.podIP": "10.0.0.1", "status.podIPs": "10.0.0.1,fd00::1", "status.phase": "",
	} {
		if got[field] != want {
			t.Errorf("%s is %q, want %q", field, got[field], want)
		}
	}
}
