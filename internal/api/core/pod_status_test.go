package core

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api/apitest"
)

// podStatus writes status over that of a pod with the spec and status old, and
// compares what is said of it.
func podStatus(t *testing.T, spec, old, status string, want ...string) *corev1.Pod {
	t.Helper()
	pod := func(status string) string {
		return `{metadata: {name: p, namespace: ns}, spec: {` + spec + `}, status: ` + status + `}`
	}
	return apitest.PartUpdated(t, Pod, "status", pod(old), pod(status), want...).(*corev1.Pod)
}

func TestPodStatusRules(t *testing.T) {
	const spec, bound = `containers: [{name: a, image: i}]`, `nodeName: n1, containers: [{name: a, image: i}]`
	for name, tt := range map[string]struct {
		spec, old, status string
		want              []string
	}{
		"good": {spec, `{}`, `{phase: Running, podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: fd00::1}], hostIP: 1.1.1.1, hostIPs: [{ip: 1.1.1.1}], conditions: [{type: x.io/y}, {type: Ready}]}`, nil},
		"addresses of one family": {spec, `{}`, `{podIPs: [{ip: 10.0.0.1}, {ip: 10.0.0.2}], hostIP: 1.1.1.1, hostIPs: [{ip: 1.1.1.2}]}`, []string{
			`status.podIPs: Invalid value: [{"ip":"10.0.0.1"},{"ip":"10.0.0.2"}]: may specify no more than one IP for each IP family`,
			"status.hostIPs[0].ip: Invalid value: \"1.1.1.2\": must be equal to `hostIP`",
		}},
		"three addresses": {spec, `{}`, `{hostIP: 1.1.1.1, hostIPs: [{ip: 1.1.1.1}, {ip: fd00::1}, {ip: fd00::1}]}`, []string{
			`status.hostIPs: Invalid value: [{"ip":"1.1.1.1"},{"ip":"fd00::1"},{"ip":"fd00::1"}]: may specify no more than one IP for each IP family`,
		}},
		"no addresses": {spec, `{}`, `{podIPs: [{ip: x}, {ip: fd00::1}]}`, []string{
			`status.podIPs[0]: Invalid value: "x": must be a valid IP address`,
			`status.podIPs: Internal error: failed to check for dual stack with error:invalid IP[0]`,
			`status.podIPs: Invalid value: [{"ip":"x"},{"ip":"fd00::1"}]: may specify no more than one IP for each IP family`,
		}},
		"class": {spec, `{qosClass: Burstable}`, `{qosClass: Guaranteed}`, []string{`status.qosClass: Invalid value: "Guaranteed": field is immutable`}},
		"conditions": {spec, `{}`, `{observedGeneration: -1, conditions: [{type: a b}, {type: PodScheduled, observedGeneration: -1}]}`, []string{
			`status.conditions[0].Type: Invalid value: "a b": name part must consist of`,
			`status.conditions[1].observedGeneration: Invalid value: -1: must be a non-negative integer`,
			`status.observedGeneration: Invalid value: -1: must be a non-negative integer`,
		}},
		"a bad nomination":      {spec, `{}`, `{nominatedNodeName: "A"}`, []string{`status.nominatedNodeName: Invalid value: "A": a lowercase RFC 1123 subdomain must consist of`}},
		"a late nomination":     {bound, `{}`, `{nominatedNodeName: n2}`, []string{`status.nominatedNodeName: Forbidden: may not be set on pods that are already bound to a node`}},
		"one from before":       {bound, `{nominatedNodeName: n2}`, `{nominatedNodeName: n2}`, nil},
		"one that is withdrawn": {bound, `{nominatedNodeName: n2}`, `{}`, nil},
	} {
		t.Run(name, func(t *testing.T) { podStatus(t, tt.spec, tt.old, tt.status, tt.want...) })
	}
}

func TestWhatPodStatusKeeps(t *testing.T) {
	const old = `{qosClass: Burstable, observedGeneration: 3, conditions: [{type: Ready, observedGeneration: 2}, {type: x, observedGeneration: 1}, {type: x, observedGeneration: 5}]}`
	o := podStatus(t, `containers: []`, old, `{phase: Running, conditions: [{type: x}, {type: Ready, observedGeneration: 3}, {type: x}, {type: x}]}`)
	if o.Status.QOSClass != corev1.PodQOSBurstable || o.Status.ObservedGeneration != 3 || o.Status.Phase != corev1.PodRunning {
		t.Errorf("%+v", o.Status)
	}
	for i, want := range []int64{1, 3, 5, 0} {
		if got := o.Status.Conditions[i].ObservedGeneration; got != want {
			t.Errorf("condition %d of generation %d, want %d", i, got, want)
		}
	}
	with := func(meta string) string { return `{metadata: {name: p, namespace: ns` + meta + `}}` }
	o = apitest.PartUpdated(t, Pod, "status", with(`, finalizers: [x/y], ownerReferences: [{apiVersion: v1, kind: X, name: x, uid: u}]`), with(`, labels: {a: b}, annotations: {c: d}`)).(*corev1.Pod)
	if len(o.Finalizers) != 0 || len(o.OwnerReferences) != 1 || o.Labels["a"] != "b" || o.Annotations["c"] != "d" {
		t.Errorf("%+v", o.ObjectMeta)
	}
}

func TestPodIPIsTheFirst(t *testing.T) {
	for status, want := range map[string]string{
		`{podIP: 10.0.0.1}`:                                            `{podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}]}`,
		`{podIPs: [{ip: 10.0.0.1}, {ip: "fd00::1"}]}`:                  `{podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: "fd00::1"}]}`,
		`{podIP: 10.0.0.2, podIPs: [{ip: 10.0.0.1}, {ip: "fd00::1"}]}`: `{podIP: 10.0.0.2, podIPs: [{ip: 10.0.0.2}]}`,
		`{podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: "fd00::1"}]}`: `{podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: "fd00::1"}]}`,
	} {
		apitest.Same(t, apitest.Defaulted(t, Pod, `{metadata: {name: p}, status: `+status+`}`).(*corev1.Pod).Status, want)
	}
}

func TestEndedContainers(t *testing.T) {
	const ended = `{containerStatuses: [{name: a, state: {terminated: {exitCode: 0}}}, {name: b, state: {terminated: {exitCode: 1}}}]}`
	const again = `{containerStatuses: [{name: b, state: {running: {}}}, {name: a, state: {waiting: {}}}]}`
	const refused = "].state: Forbidden: may not be transitioned to non-terminated state"
	spec := func(policy, a, b string) string {
		return `restartPolicy: ` + policy + `, containers: [{name: a, image: i` + a + `}, {name: b, image: i` + b + `}]`
	}
	onOne := func(operator, action string) string {
		return `, restartPolicy: Never, restartPolicyRules: [{action: ` + action + `, exitCodes: {operator: ` + operator + `, values: [1, 2]}}]`
	}
	a, b := "status.containerStatuses[0"+refused, "status.containerStatuses[1"+refused
	for name, tt := range map[string]struct {
		spec string
		want []string
	}{
		"always":                     {spec("Always", "", ""), nil},
		"after a failure":            {spec("OnFailure", "", ""), []string{a}},
		"never":                      {spec("Never", "", ""), []string{a, b}},
		"its own policy":             {spec("Always", ", restartPolicy: Never", ", restartPolicy: OnFailure"), []string{a}},
		"always, its own":            {spec("Never", ", restartPolicy: Always", ", restartPolicy: Always"), nil},
		"some codes":                 {spec("Never", onOne("In", "Restart"), onOne("In", "Restart")), []string{a}},
		"other codes":                {spec("Never", onOne("NotIn", "Restart"), onOne("NotIn", "Restart")), []string{b}},
		"one for all":                {spec("Never", "", onOne("In", "RestartAllContainers")), nil},
		"rules without a policy":     {`restartPolicy: Never, containers: [{name: a, image: i, restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [0]}}]}, {name: b, image: i}]`, []string{a, b}},
		"those that nobody knows of": {`restartPolicy: Always, containers: [{name: a, image: i}]`, []string{b}},
	} {
		t.Run(name, func(t *testing.T) { podStatus(t, tt.spec, ended, again, tt.want...) })
	}
	podStatus(t, spec("Never", "", ""), ended, `{containerStatuses: [{name: a, state: {terminated: {exitCode: 5}}}]}`)
}

func TestEndedInitAndEphemeralContainers(t *testing.T) {
	status := func(state string) string {
		var lists []string
		for _, kind := range []string{"init", "ephemeral"} {
			lists = append(lists, kind+`ContainerStatuses: [{name: x, state: {`+state+`}}]`)
		}
		return "{" + strings.Join(lists, ", ") + "}"
	}
	const refused = "[0].state: Forbidden: may not be transitioned to non-terminated state"
	for _, tt := range []struct {
		policy string
		want   []string
	}{
		{`restartPolicy: Always, initContainers: [{name: x, image: i}]`, []string{"status.ephemeralContainerStatuses" + refused}},
		{`restartPolicy: Never, initContainers: [{name: x, image: i, restartPolicy: Always}]`, []string{"status.ephemeralContainerStatuses" + refused}},
		{`restartPolicy: Never, initContainers: [{name: x, image: i}]`, []string{"status.initContainerStatuses" + refused, "status.ephemeralContainerStatuses" + refused}},
		{`restartPolicy: Never, initContainers: [{name: x, image: i, restartPolicyRules: [{action: RestartAllContainers}]}]`, []string{"status.ephemeralContainerStatuses" + refused}},
	} {
		podStatus(t, tt.policy+`, containers: [{name: a, image: i}]`, status(`terminated: {exitCode: 0}`), status(`running: {}`), tt.want...)
	}
}

func TestClaimStatuses(t *testing.T) {
	const spec = `resourceClaims: [{name: c}, {name: d}], containers: [{name: a, image: i, resources: {requests: {x.io/gpu: 1}}}], initContainers: [{name: b, image: i, resources: {requests: {x.io/nic: 1}}}]`
	for name, tt := range map[string]struct {
		status string
		want   []string
	}{
		"good": {`resourceClaimStatuses: [{name: c, resourceClaimName: x}, {name: d}]`, nil},
		"bad": {`resourceClaimStatuses: [{name: c}, {name: c, resourceClaimName: X}, {name: z}]`, []string{
			`status.resourceClaimStatuses[1].name: Duplicate value: "c"`,
			`status.resourceClaimStatuses[1].resourceClaimName: Invalid value: "X": a lowercase RFC 1123 subdomain must consist of`,
			"status.resourceClaimStatuses[2].name: Invalid value: \"z\": must match the name of an entry in `spec.resourceClaims`",
		}},
		"for extended resources": {`extendedResourceClaimStatus: {resourceClaimName: x, requestMappings: [{containerName: a, resourceName: x.io/gpu, requestName: r}, {containerName: b, resourceName: x.io/nic, requestName: r}]}`, nil},
		"for none": {`extendedResourceClaimStatus: {}`, []string{
			"status.extendedResourceClaimStatus.requestMappings: Required value: at least one request mapping is required",
			"status.extendedResourceClaimStatus.resourceClaimName: Required value",
		}},
		"for others": {`extendedResourceClaimStatus: {resourceClaimName: X, requestMappings: [{containerName: a, resourceName: x.io/nic, requestName: R}, {containerName: z, requestName: r}, {containerName: z, requestName: r}]}`, []string{
			`status.extendedResourceClaimStatus.requestMappings[0].resourceName: Invalid value: "x.io/nic": must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests`,
			`status.extendedResourceClaimStatus.requestName: Invalid value: "R": a lowercase RFC 1123 label must consist of`,
			`status.extendedResourceClaimStatus.requestMappings[1].containerName: Invalid value: "z": must match the name of an entry in spec.initContainers.name or spec.containers.name`,
			`status.extendedResourceClaimStatus.requestMappings[2].containerName: Invalid value: "z": must match the name`,
			`status.extendedResourceClaimStatus.requestMappings[2].containerName: Duplicate value: "z"`,
			`status.extendedResourceClaimStatus.requestMappings[2].resourceName: Duplicate value: ""`,
			`status.extendedResourceClaimStatus.requestMappings[2].requestName: Duplicate value: "r"`,
			`status.extendedResourceClaimStatus.resourceClaimName: Invalid value: "X": a lowercase RFC 1123 subdomain must consist of`,
		}},
	} {
		t.Run(name, func(t *testing.T) { podStatus(t, spec, `{}`, `{`+tt.status+`}`, tt.want...) })
	}
}

func TestContainerStatuses(t *testing.T) {
	const spec = `containers: [{name: a, image: i, resources: {requests: {x.io/gpu: 1}, claims: [{name: c}, {name: d, request: r}]}}]`
	const windows = spec + `, os: {name: windows}`
	const health = `health: Healthy`
	at := "status.containerStatuses[0]."
	devices := at + "allocatedResourcesStatus"
	for name, tt := range map[string]struct {
		spec, status string
		want         []string
	}{
		"users": {spec, `user: {linux: {uid: -1, gid: -2, supplementalGroups: [1, -3]}}`, []string{
			at + "user.linux.uid: Invalid value: -1: must be between 0 and 2147483647, inclusive",
			at + "user.linux.gid: Invalid value: -2: must be between 0 and 2147483647, inclusive",
			at + "user.linux.supplementalGroups[1]: Invalid value: -3: must be between 0 and 2147483647, inclusive",
		}},
		"users of Windows": {windows, `user: {linux: {uid: 1, gid: 1}}`, []string{at + "user.linux: Forbidden: cannot be set for a windows pod"}},
		"no users":         {windows, `user: {}`, nil},
		"devices":          {spec, `allocatedResourcesStatus: [{name: x.io/gpu, resources: [{resourceID: a, ` + health + `}]}, {name: "claim:c", resources: [{resourceID: a, ` + health + `}]}, {name: "claim:d/r"}]`, nil},
		"devices of others": {spec, `allocatedResourcesStatus: [{name: x.io/nic}, {name: "claim:d"}]`, []string{
			devices + `[0].name: Invalid value: "x.io/nic": must match one of the container's resource requests`,
			devices + `[1].name: Invalid value: "claim:d": must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty`,
		}},
		"health": {spec, `allocatedResourcesStatus: [{name: x.io/gpu, resources: [{resourceID: a, health: Good, message: ""}, {resourceID: a, ` + health + `, message: ` + strings.Repeat("x", 1025) + `}]}]`, []string{
			devices + `[0].resources[0].health: Unsupported value: "Good": supported values: "Healthy", "Unhealthy", "Unknown"`,
			devices + `[0].resources[0].message: Required value: must be non-empty if specified`,
			devices + `[0].resources[1].message: Too long: may not be more than 1024 bytes`,
			devices + `[0].resources[1].resourceID: Duplicate value: "a"`,
		}},
		"volumes": {spec, `volumeMounts: [{name: v, mountPath: /v}, {name: v, mountPath: /w, volumeStatus: {image: {}}}, {name: v, mountPath: /x, volumeStatus: {image: {imageRef: ` + strings.Repeat("x", 257) + `}}}, {name: v, mountPath: /y, volumeStatus: {image: {imageRef: x}}}]`, []string{
			at + "volumeMounts[1].volumeStatus.imageVolumeStatus.imageRef: Required value: imageRef must not be empty",
			at + "volumeMounts[2].volumeStatus.imageVolumeStatus.imageRef: Too long: may not be more than 256 bytes",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			podStatus(t, tt.spec, `{}`, `{containerStatuses: [{name: a, `+tt.status+`}]}`, tt.want...)
		})
	}
	podStatus(t, spec, `{}`, `{containerStatuses: [{name: z, allocatedResourcesStatus: [{name: any}]}]}`)
	podStatus(t, spec, `{}`, `{ephemeralContainerStatuses: [{name: a, allocatedResourcesStatus: [{name: x.io/gpu}]}]}`,
		"status.ephemeralContainerStatuses[0].allocatedResourcesStatus: Forbidden: must not be specified in container status")
	podStatus(t, spec, `{}`, `{extendedResourceClaimStatus: {resourceClaimName: x, requestMappings: [{containerName: a, resourceName: x.io/gpu, requestName: r}]}, containerStatuses: [{name: a, allocatedResourcesStatus: [{name: "claim:x/r"}, {name: "claim:x/s"}]}]}`,
		devices+`[1].name: Invalid value: "claim:x/s": must match one of the container's resource claims`)
}

// What is wrong is told list by list: users first, then devices, then volumes.
func TestOrderOfContainerStatuses(t *testing.T) {
	const bad = `user: {linux: {uid: -1, gid: 0}}, volumeMounts: [{name: v, mountPath: /v, volumeStatus: {image: {}}}], allocatedResourcesStatus: [{name: x, resources: [{resourceID: a, health: Healthy}, {resourceID: a, health: Healthy}]}]`
	podStatus(t, `containers: [{name: a, image: i}]`, `{}`, `{initContainerStatuses: [{name: a, `+bad+`}], containerStatuses: [{name: b, `+bad+`}]}`,
		"status.containerStatuses[0].user", "status.initContainerStatuses[0].user",
		"status.containerStatuses[0].allocatedResourcesStatus", "status.initContainerStatuses[0].allocatedResourcesStatus",
		"status.containerStatuses[0].volumeMounts", "status.initContainerStatuses[0].volumeMounts")
}
