package pod

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/apitest"
)

const noneMatch = `: a null labelSelector results in matching no pod`

func TestNodeWarnings(t *testing.T) {
	const arch, zone = `deprecated since v1.14; use "kubernetes.io/arch" instead`, `deprecated since v1.17; use "topology.kubernetes.io/zone" instead`
	remarked(t,
		spec(one),
		with(`nodeSelector: {failure-domain.beta.kubernetes.io/zone: a, beta.kubernetes.io/arch: b, kubernetes.io/os: c}`,
			`spec.nodeSelector[beta.kubernetes.io/arch]: `+arch,
			`spec.nodeSelector[failure-domain.beta.kubernetes.io/zone]: `+zone),
		with(`affinity: {nodeAffinity: {
			requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{}, {matchExpressions: [{key: a, operator: In, values: [a b]}, {key: beta.kubernetes.io/arch, operator: Exists}]}]},
			preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, preference: {matchExpressions: [{key: beta.kubernetes.io/arch, operator: In, values: [a, -b]}]}}]}}`,
			`spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[1].matchExpressions[1].key: beta.kubernetes.io/arch is `+arch,
			`spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].key: beta.kubernetes.io/arch is `+arch,
			`spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].values[1]: -b is invalid, a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`),
		with(`topologySpreadConstraints: [{topologyKey: failure-domain.beta.kubernetes.io/zone}, {topologyKey: z, labelSelector: {}}]`,
			`spec.topologySpreadConstraints[0].topologyKey: failure-domain.beta.kubernetes.io/zone is `+zone,
			`spec.topologySpreadConstraints[0].labelSelector`+noneMatch),
		with(`affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {}}, {}], preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: {}}]},
			podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{}], preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: {labelSelector: {}}}, {weight: 1, podAffinityTerm: {}}]}}`,
			`spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[1].labelSelector`+noneMatch,
			`spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.labelSelector`+noneMatch,
			`spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector`+noneMatch,
			`spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[1].podAffinityTerm.labelSelector`+noneMatch),
	)
	if got := NodeSelectorWarnings(nil, field.NewPath("p")); got != nil {
		t.Errorf("without a selector: %v", got)
	}
}

func TestAnnotationWarnings(t *testing.T) {
	const (
		seccomp  = `seccomp.security.alpha.kubernetes.io/pod`
		ofA      = `container.seccomp.security.alpha.kubernetes.io/a`
		armor    = `container.apparmor.security.beta.kubernetes.io/a`
		sField   = `: non-functional in v1.27+; use the "seccompProfile" field instead`
		context  = `securityContext: {seccompProfile: {type: Unconfined}}`
		template = `template.metadata.annotations[`
	)
	in := func(annotations, more string, want ...string) judged {
		return judged{templates, `{template: {metadata: {annotations: {` + annotations + `}}, spec: {` + more + one + `}}}`, want}
	}
	remarked(t,
		annotated(`scheduler.alpha.kubernetes.io/critical-pod: "", security.alpha.kubernetes.io/sysctls: "", security.alpha.kubernetes.io/unsafe-sysctls: ""`, ``,
			`metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead`,
			`metadata.annotations[security.alpha.kubernetes.io/sysctls]: non-functional in v1.11+; use the "sysctls" field instead`,
			`metadata.annotations[security.alpha.kubernetes.io/unsafe-sysctls]: non-functional in v1.11+; use the "sysctls" field instead`),
		annotated(seccomp+`: x, `+ofA+`: x`, ``, `metadata.annotations[`+seccomp+`]`+sField, `metadata.annotations[`+ofA+`]`+sField),
		annotated(seccomp+`: x`, context+`, `),
		annotated(ofA+`: x`, context+`, `, `metadata.annotations[`+ofA+`]`+sField), // its own field is meant
		judged{pods, `{metadata: {annotations: {` + ofA + `: x}}, spec: {containers: [{name: a, image: i, ` + context + `}]}}`, nil},
		annotated(armor+`: x`, ``), // in pods, it becomes the field
		in(armor+`: x`, ``, template+armor+`]: deprecated since v1.30; use the "appArmorProfile" field instead`),
		judged{templates, `{template: {metadata: {annotations: {` + armor + `: x}}, spec: {containers: [{name: a, image: i, securityContext: {appArmorProfile: {type: Unconfined}}}]}}}`, nil},
		in(seccomp+`: x`, ``, template+seccomp+`]`+sField),
	)
}

func TestSpecWarnings(t *testing.T) {
	remarked(t,
		with(`hostAliases: [{ip: 1.1.1.1}, {ip: 1.1.1.2}, {ip: 1.1.1.1}]`, `spec.hostAliases[2].ip: duplicate ip "1.1.1.1"`),
		with(`imagePullSecrets: [{name: a}, {name: b}, {name: a}]`, `spec.imagePullSecrets[2].name: duplicate name "a"`),
		with(`imagePullSecrets: [{}, {name: a}, {}]`,
			`spec.imagePullSecrets[2].name: duplicate name ""`,
			`spec.imagePullSecrets[0].name: invalid empty name ""`,
			`spec.imagePullSecrets[2].name: invalid empty name ""`),
		with(`overhead: {cpu: 1m, memory: 1m, ephemeral-storage: 1500m}`,
			`spec.overhead[memory]: fractional byte value "1m" is invalid, must be an integer`,
			`spec.overhead[ephemeral-storage]: fractional byte value "1500m" is invalid, must be an integer`),
		with(`terminationGracePeriodSeconds: 0`),
		with(`terminationGracePeriodSeconds: -1`), // is 1 by then
		template(one+`, terminationGracePeriodSeconds: -1`, `terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`),
		with(`dnsConfig: {nameservers: [1.1.1.1, 01.1.1.1, x, "FD00::1"]}, hostAliases: [{ip: "::ffff:1.1.1.1"}, {}]`,
			`spec.dnsConfig.nameservers[1]: non-standard IP address "01.1.1.1" is invalid: use "1.1.1.1"`,
			`spec.dnsConfig.nameservers[3]: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")`,
			`spec.hostAliases[0].ip: non-standard IP address "::ffff:1.1.1.1" is invalid: use "1.1.1.1"`),
	)
	if got := TemplateWarnings(nil, field.NewPath("p")); got != nil {
		t.Errorf("without a template: %v", got)
	}
}

func TestContainerWarnings(t *testing.T) {
	const fraction = `: fractional byte value "500m" is invalid, must be an integer`
	env := func(text string, want ...string) judged {
		return spec(`containers: [{name: a, image: i, env: [`+text+`]}]`, within("spec.containers[0].env", want)...)
	}
	const hides = `hides previous definition of "A", which may be dropped when using apply`
	remarked(t,
		spec(`containers: [{name: a, image: i, resources: {limits: {cpu: 1m, memory: 500m, ephemeral-storage: 500m}, requests: {cpu: 1m, memory: 500m, ephemeral-storage: 500m}}}],
			initContainers: [{name: b, image: i, resources: {limits: {memory: 500m}}}], ephemeralContainers: [{name: c, image: i, resources: {limits: {memory: 500m}}}]`,
			`spec.initContainers[0].resources.limits[memory]`+fraction,
			`spec.containers[0].resources.limits[memory]`+fraction,
			`spec.containers[0].resources.requests[memory]`+fraction,
			`spec.containers[0].resources.limits[ephemeral-storage]`+fraction,
			`spec.containers[0].resources.requests[ephemeral-storage]`+fraction,
			`spec.ephemeralContainers[0].resources.limits[memory]`+fraction),
		env(`{name: A}, {name: B}`),
		env(`{name: A, value: x}, {name: A, value: "b$(A)c"}`),
		env(`{name: A, value: x}, {name: A, value: w}, {name: A}`, `[1]: `+hides, `[2]: `+hides),
		env(`{name: A, value: x}, {name: A, value: $(A)}`, `[1]: `+hides),
		env(`{name: A, value: x}, {name: A, value: "b$(A)", valueFrom: {}}`, `[1]: `+hides),
	)
}

func TestPortWarnings(t *testing.T) {
	ports := func(text string, want ...string) judged {
		return spec(`containers: [{name: a, image: i, ports: [`+text+`]}]`, within("spec.containers[0].ports", want)...)
	}
	remarked(t,
		ports(`{containerPort: 80}, {containerPort: 80, protocol: UDP}, {containerPort: 81}`),
		ports(`{containerPort: 80, hostIP: 1.1.1.1}`, `[0]: hostIP set without hostPort: {Name: HostPort:0 ContainerPort:80 Protocol:TCP HostIP:1.1.1.1}`),
		ports(`{containerPort: 80}, {containerPort: 80}`, `[1]: duplicate port definition with spec.containers[0].ports[0]`),
		ports(`{containerPort: 80, hostPort: 9}, {containerPort: 80}`, `[1]: overlapping port definition with spec.containers[0].ports[0]`),
		ports(`{containerPort: 80}, {containerPort: 80, hostPort: 9, hostIP: 1.1.1.1}`, `[1]: overlapping port definition with spec.containers[0].ports[0]`),
		ports(`{containerPort: 80, hostPort: 9}, {containerPort: 80, hostPort: 9, hostIP: 1.1.1.1}`, `[1]: dangerously ambiguous port definition with spec.containers[0].ports[0]`),
		ports(`{containerPort: 80, hostPort: 9, hostIP: 1.1.1.2}, {containerPort: 80, hostPort: 9, hostIP: 1.1.1.1}`),
		ports(`{containerPort: 80, hostPort: 8}, {containerPort: 80, hostPort: 9, hostIP: 1.1.1.1}`),
		ports(`{containerPort: 80}, {containerPort: 80}, {containerPort: 80, hostPort: 9}`,
			`[1]: duplicate port definition with spec.containers[0].ports[0]`,
			`[2]: overlapping port definition with spec.containers[0].ports[0]`,
			`[2]: overlapping port definition with spec.containers[0].ports[1]`),
		spec(`containers: [{name: a, image: i, ports: [{containerPort: 80}]}, {name: b, image: i, ports: [{containerPort: 80}]}]`,
			`spec.containers[1].ports[0]: duplicate port definition with spec.containers[0].ports[0]`),
		spec(`containers: [{name: a, image: i, ports: [{name: x, containerPort: 1}]}, {name: b, image: i, ports: [{containerPort: 5}, {name: x, containerPort: 2}]}],
			initContainers: [{name: c, image: i, ports: [{name: x, containerPort: 3}]}, {name: d, image: i, restartPolicy: Always, ports: [{name: x, containerPort: 4}]}]`,
			`spec.containers[1].ports[1].name: duplicate port name "x" with spec.containers[0].ports[0].name, services and probes that select ports by name will use spec.containers[0].ports[0].name`,
			`spec.initContainers[1].ports[0].name: duplicate port name "x" with spec.containers[0].ports[0].name, services and probes that select ports by name will use spec.containers[0].ports[0].name`),
	)
}

func TestVolumeWarnings(t *testing.T) {
	volume := func(text string, want ...string) judged { return with(`volumes: [{name: v, `+text+`}]`, want...) }
	for _, tt := range []struct{ text, want string }{
		{`photonPersistentDisk: {}`, `photonPersistentDisk: deprecated in v1.11, non-functional in v1.16+`},
		{`gitRepo: {}`, `gitRepo: deprecated in v1.11, and disabled by default in v1.33+`},
		{`scaleIO: {}`, `scaleIO: deprecated in v1.16, non-functional in v1.22+`},
		{`flocker: {}`, `flocker: deprecated in v1.22, non-functional in v1.25+`},
		{`storageos: {}`, `storageOS: deprecated in v1.22, non-functional in v1.25+`},
		{`quobyte: {}`, `quobyte: deprecated in v1.22, non-functional in v1.25+`},
		{`glusterfs: {}`, `glusterfs: deprecated in v1.25, non-functional in v1.26+`},
		{`ephemeral: {volumeClaimTemplate: {spec: {resources: {requests: {storage: 1500m}}}}}`,
			`ephemeral.volumeClaimTemplate.spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer`},
		{`cephfs: {}`, `cephfs: deprecated in v1.28, non-functional in v1.31+`},
		{`rbd: {}`, `rbd: deprecated in v1.28, non-functional in v1.31+`},
	} {
		remarked(t, volume(tt.text, `spec.volumes[0].`+tt.want))
	}
	remarked(t, volume(`ephemeral: {volumeClaimTemplate: {spec: {resources: {requests: {storage: 1}}}}}`), volume(`ephemeral: {}`), volume(`emptyDir: {}`))
}

func TestOverlapWarnings(t *testing.T) {
	volume := func(text, of string, want ...string) judged {
		return with(`volumes: [{name: v, `+text+`}]`, within(`volume "v" (`+of+`): overlapping paths: `, want)...)
	}
	items := `items: [{key: a, path: a}, {key: b, path: b/}, {key: c, path: a/b/}, {key: d, path: b}, {key: e, path: ab}]`
	said := []string{`"a/b" with "a"`, `"b" with "b"`}
	remarked(t,
		volume(`configMap: {name: m, `+items+`}`, `ConfigMap "m"`, said...),
		volume(`secret: {secretName: s, `+items+`}`, `Secret "s"`, said...),
		volume(`downwardAPI: {items: [{path: a/b}, {path: a}, {path: c}, {path: ""}, {path: ""}]}`, `DownwardAPI`, `"a" with "a/b"`),
		volume(`projected: {sources: [{configMap: {name: m, items: [{key: k, path: a}]}}, {secret: {name: s, items: [{key: k, path: a}]}}, {downwardAPI: {items: [{path: a}]}},
			{serviceAccountToken: {path: b}}, {clusterTrustBundle: {name: n1, path: b}}, {clusterTrustBundle: {signerName: a.b/c, path: c/}}, {configMap: {name: z}},
			{podCertificate: {certificateChainPath: c, keyPath: c/d, credentialBundlePath: e}}, {serviceAccountToken: {path: e/f}}]}`, `Projected`,
			`"a" (Secret "s") with "a" (ConfigMap "m")`,
			`"a" (DownwardAPI) with "a" (ConfigMap "m")`,
			`"a" (DownwardAPI) with "a" (Secret "s")`,
			`"b" (ClusterTrustBundle "n1") with "b" (ServiceAccountToken)`,
			`"c" (PodCertificate chain) with "c" (ClusterTrustBundle "a.b/c")`,
			`"c/d" (PodCertificate key) with "c" (ClusterTrustBundle "a.b/c")`,
			`"c/d" (PodCertificate key) with "c" (PodCertificate chain)`,
			`"e/f" (ServiceAccountToken) with "e" (PodCertificate credential bundle)`),
		with(`volumes: [{name: v, projected: {sources: []}}, {name: w, projected: {sources: [{}, {secret: {name: s}}]}}]`,
			`volume "v" (Projected) has no sources provided`, `volume "w" (Projected) has no sources provided`),
	)
}

// What is said first, where there is much to say.
func TestWarningOrder(t *testing.T) {
	const text = `metadata: {annotations: {scheduler.alpha.kubernetes.io/critical-pod: "", seccomp.security.alpha.kubernetes.io/pod: x}}, spec: {
		nodeSelector: {beta.kubernetes.io/os: a}, topologySpreadConstraints: [{topologyKey: z}], volumes: [{name: v, flocker: {}, projected: {}}], imagePullSecrets: [{}], overhead: {memory: 1m},
		containers: [{name: a, image: i, env: [{name: A}, {name: A}], ports: [{containerPort: 1}, {containerPort: 1}]}], terminationGracePeriodSeconds: -1,
		affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{}]}}, hostAliases: [{ip: 01.1.1.1}]}`
	o := apitest.Parse(t, pods, "{"+text+"}").(*corev1.Pod)
	var got []string
	for _, w := range Warnings(o) {
		got = append(got, w[:12])
	}
	want := []string{"spec.nodeSel", "spec.topolog", "metadata.ann", "spec.volumes", `volume "v" (`, "spec.imagePu", "spec.overhea", "metadata.ann", "spec.contain", "spec.contain", "spec.termina", "spec.affinit", "spec.hostAli"}
	if len(got) != len(want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%d: %s, want %s", i, got[i], want[i])
		}
	}
}
