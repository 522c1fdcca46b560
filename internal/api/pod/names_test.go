package pod

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/apitest"
)

func TestNames(t *testing.T) {
	judge(t,
		with(`serviceAccountName: a.b, nodeName: b.x, activeDeadlineSeconds: 1, hostname: h, subdomain: s, priorityClassName: a.b, runtimeClassName: a.b, preemptionPolicy: Never`),
		with(`serviceAccountName: A, nodeName: NN, activeDeadlineSeconds: 0, hostname: H, subdomain: a.b`,
			`spec.serviceAccountName: Invalid value: "A": `+subdomain,
			`spec.nodeName: Invalid value: "NN": `+subdomain,
			`spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive`,
			`spec.hostname: Invalid value: "H": `+label,
			`spec.subdomain: Invalid value: "a.b": must not contain dots`),
		with(`activeDeadlineSeconds: 2147483647`),
		with(`activeDeadlineSeconds: 2147483648`, `spec.activeDeadlineSeconds: Invalid value: 2147483648: must be between`),
		with(`priorityClassName: A, runtimeClassName: "", preemptionPolicy: Often`,
			`spec.priorityClassName: Invalid value: "A": `+subdomain,
			`spec.runtimeClassName: Invalid value: "": `+subdomain,
			`spec.preemptionPolicy: Unsupported value: "Often": supported values: "PreemptLowerPriority", "Never"`),
		with(`preemptionPolicy: ""`, `spec.preemptionPolicy: Required value`),
		with(`restartPolicy: X, dnsPolicy: Z`,
			`spec.restartPolicy: Unsupported value: "X": supported values: "Always", "OnFailure", "Never"`,
			`spec.dnsPolicy: Unsupported value: "Z": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"`),
	)
}

func TestHostnameOverride(t *testing.T) {
	override := func(text string, want ...string) judged {
		return with(text, within("spec.hostnameOverride: ", want)...)
	}
	long := strings.Repeat("a", 65)
	judge(t,
		override(`hostnameOverride: a.b`),
		override(`hostnameOverride: `+long[:64]),
		override(`hostnameOverride: ""`, `Invalid value: "": `+subdomain),
		override(`hostnameOverride: `+strings.Repeat("a.", 32)+"b", `Too long: may not be more than 64 bytes`),
		override(`hostnameOverride: A, hostNetwork: true, setHostnameAsFQDN: true`,
			`Forbidden: may not be specified when setHostnameAsFQDN is true`,
			`Forbidden: may not be specified when hostNetwork is true`,
			`Invalid value: "A": `+subdomain),
		override(`hostnameOverride: a, setHostnameAsFQDN: false`),
	)
}

func TestDNS(t *testing.T) {
	dns := func(text string, want ...string) judged { return with(text, within("spec.dnsConfig", want)...) }
	searches := func(text string, want ...string) judged {
		return with(`dnsConfig: {searches: [`+text+`]}`, within("spec.dnsConfig.searches", want)...)
	}
	const ip = `must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)`
	judge(t,
		dns(`dnsPolicy: None, dnsConfig: {nameservers: [1.1.1.1], searches: ["."], options: [{name: ndots, value: "2"}]}`),
		dns(`dnsPolicy: Default, dnsConfig: {}`),
		dns(`dnsPolicy: None`, ": Required value: must provide `dnsConfig` when `dnsPolicy` is None"),
		dns(`dnsPolicy: None, dnsConfig: {options: [{}]}`, ".nameservers: Required value: must provide at least one DNS nameserver when `dnsPolicy` is None"),
		dns(`dnsConfig: {nameservers: [1.1.1.1, "fd00::1", 1.1.1.3]}`),
		dns(`dnsConfig: {nameservers: [1.1.1.1, 1.1.1.2, 1.1.1.3, 1.1.1.4]}`,
			`.nameservers: Invalid value: ["1.1.1.1","1.1.1.2","1.1.1.3","1.1.1.4"]: must not have more than 3 nameservers`),
		dns(`dnsConfig: {nameservers: [x, 1.1.1.01, "::ffff:1.1.1.1"]}`,
			`.nameservers[0]: Invalid value: "x": `+ip,
			`.nameservers[1]: Invalid value: "1.1.1.01": must not have leading 0s`,
			`.nameservers[2]: Invalid value: "::ffff:1.1.1.1": must not be an IPv4-mapped IPv6 address`),
		dns(`dnsConfig: {options: [{name: a}, {value: x}]}`, `.options[1]: Required value: must not be empty`),
		searches(`., a.b, a.b., a_b, _a`),
		searches(`a b., -`,
			`[0]: Invalid value: "a b": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters`,
			`[1]: Invalid value: "-": a lowercase RFC 1123 subdomain`),
		searches(strings.Repeat("a,", 32)),
		searches(strings.Repeat("a,", 33), `: Invalid value: [`+strings.TrimSuffix(strings.Repeat(`"a",`, 33), ",")+`]: must not have more than 32 search paths`),
		searches(strings.Repeat(strings.Repeat("a.", 126)+"a,", 8)),
		searches(strings.Repeat(strings.Repeat("a.", 126)+"a,", 8)+"aaaaaaaaaaaaaaaaaaaa", `: Invalid value: [`),
	)
}

func TestHostAliases(t *testing.T) {
	judge(t,
		with(`hostAliases: [{ip: 1.1.1.1, hostnames: [a.b, c]}, {ip: "fd00::1"}]`),
		with(`hostAliases: [{hostnames: [A]}, {ip: 01.1.1.1, hostnames: [a_b]}]`,
			`spec.hostAliases[0].ip: Invalid value: "": must be a valid IP address`,
			`spec.hostAliases[0].hostnames[0]: Invalid value: "A": `+subdomain,
			`spec.hostAliases[1].ip: Invalid value: "01.1.1.1": must not have leading 0s`,
			`spec.hostAliases[1].hostnames[0]: Invalid value: "a_b": `+subdomain),
	)
}

// What is said first, where much is wrong with a pod.
func TestOrder(t *testing.T) {
	judge(t,
		spec(`volumes: [{}], resourceClaims: [{resourceClaimName: x}], containers: [], initContainers: [{name: b}], ephemeralContainers: [{name: e}], resources: {limits: {cpu: -1}}, restartPolicy: X, dnsPolicy: X,
			nodeSelector: {a b: c}, securityContext: {runAsUser: -1}, affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: a b}]}}, dnsConfig: {options: [{}]},
			readinessGates: [{conditionType: a b}], schedulingGates: [{name: a b}], topologySpreadConstraints: [{topologyKey: z, whenUnsatisfiable: DoNotSchedule}], hostUsers: false, hostPID: true, hostnameOverride: A,
			serviceAccountName: A, nodeName: NN, activeDeadlineSeconds: 0, hostname: A, subdomain: A, tolerations: [{key: k, effect: X}], hostAliases: [{}], priorityClassName: A, runtimeClassName: A,
			preemptionPolicy: X, overhead: {cpu: -1}, os: {name: x}`,
			`spec.volumes[0].name: Required value`,
			`spec.resourceClaims[0].name: Required value`,
			`spec.containers: Required value`,
			`spec.initContainers[0].image: Required value`,
			`spec.ephemeralContainers[0].image: Required value`,
			`spec.resources.limits[cpu]: Invalid value`,
			`spec.restartPolicy: Unsupported value`,
			`spec.dnsPolicy: Unsupported value`,
			`spec.nodeSelector: Invalid value`,
			`spec.securityContext.runAsUser: Invalid value`,
			`spec.affinity.podAffinity.`,
			`spec.dnsConfig.options[0]: Required value`,
			`spec.readinessGates[0].conditionType: Invalid value`,
			`spec.schedulingGates[0]: Invalid value`,
			`spec.topologySpreadConstraints[0].maxSkew: Invalid value`,
			`spec.HostPID: Forbidden`,
			`spec.hostnameOverride: Invalid value`,
			`spec.serviceAccountName: Invalid value`,
			`spec.nodeName: Invalid value`,
			`spec.activeDeadlineSeconds: Invalid value`,
			`spec.hostname: Invalid value`,
			`spec.subdomain: Invalid value`,
			`spec.tolerations[0].effect: Unsupported value`,
			`spec.hostAliases[0].ip: Invalid value`,
			`spec.priorityClassName: Invalid value`,
			`spec.runtimeClassName: Invalid value`,
			`spec.preemptionPolicy: Unsupported value`,
			`spec.overhead.limits[cpu]: Invalid value`,
			`spec.os: Unsupported value`,
			`spec.ephemeralContainers: Forbidden`,
			`spec.nodeName: Forbidden`),
	)
}

// What is left out is filled in before the rules see it, but for those who do
// not go through the API.
func TestNothingFilledIn(t *testing.T) {
	o := apitest.Parse(t, pods, `spec: {containers: [{name: a, image: i, ports: [{containerPort: 1}], env: [{name: A, valueFrom: {fieldRef: {fieldPath: x}}}],
		livenessProbe: {httpGet: {port: 1}}}], os: {name: windows}, volumes: [{name: v}]}`).(*corev1.Pod)
	apitest.Errors(t, append(Validate(o), ValidateNew(o)...),
		`spec.volumes[0]: Required value: must specify a volume type`,
		`spec.containers[0].terminationMessagePolicy: Required value`,
		`spec.containers[0].ports[0].protocol: Required value`,
		`spec.containers[0].env[0].valueFrom.fieldRef.apiVersion: Required value`,
		`spec.containers[0].imagePullPolicy: Required value`,
		`spec.containers[0].livenessProbe.httpGet.path: Required value`,
		`spec.containers[0].livenessProbe.httpGet.scheme: Unsupported value: "": supported values: "HTTP", "HTTPS"`,
		`spec.containers[0].livenessProbe.successThreshold: Invalid value: 0: must be 1`,
		`spec.restartPolicy: Required value`,
		`spec.dnsPolicy: Required value`)
	apitest.Errors(t, PortOrName(field.NewPath("p"), intstr.IntOrString{Type: 2}), `p: Internal error: unknown type: 2`)
}
