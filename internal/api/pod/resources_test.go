package pod

import "testing"

func TestResources(t *testing.T) {
	resources := func(text string, want ...string) judged {
		return container(`resources: {`+text+`}`, within("resources", want)...)
	}
	const standard = `must be a standard resource type or fully qualified`
	const ofContainers = `must be a standard resource for containers`
	judge(t,
		resources(`limits: {cpu: 1, memory: 1Gi, ephemeral-storage: 1Gi, hugepages-2Mi: 4Mi, example.com/gpu: 2}, requests: {cpu: 100m, memory: 1Mi}`),
		resources(`requests: {kubernetes.io/x: 1500m}`), // Kubernetes' own may be overcommitted, and come in parts
		resources(`limits: {cpu: -1, memory: -1Mi}`,
			`.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0`,
			`.limits[memory]: Invalid value: "-1Mi": must be greater than or equal to 0`),
		resources(`limits: {apples: 1}`, `.limits[apples]: Invalid value: "apples": `+standard, `.limits[apples]: Invalid value: "apples": `+ofContainers),
		resources(`requests: {apples: 1}`, `.requests[apples]: Invalid value: "apples": `+standard, `.requests[apples]: Invalid value: "apples": `+ofContainers),
		resources(`limits: {storage: 1}`, `.limits[storage]: Invalid value: "storage": `+ofContainers),
		resources(`limits: {pods: 1500m}`, `.limits[pods]: Invalid value: "pods": `+ofContainers, `.limits[pods]: Invalid value: "1500m": must be an integer`),
		resources(`limits: {requests.cpu: 1}`, `.limits[requests.cpu]: Invalid value: "requests.cpu": `+ofContainers),
		resources(`limits: {requests.x.io/gpu: 1}, requests: {requests.x.io/gpu: 1}`,
			`.limits[requests.x.io/gpu]: Invalid value: "requests.x.io/gpu": doesn't follow extended resource name standard`,
			`.requests[requests.x.io/gpu]: Invalid value: "requests.x.io/gpu": doesn't follow extended resource name standard`),
		resources(`limits: {x.io/gpu: 1500m}`, `.limits[x.io/gpu]: Invalid value: "1500m": must be an integer`),
		resources(`limits: {"a b": 1}`, `.limits[a b]: Invalid value: "a b": name part must consist of`, `.limits[a b]: Invalid value: "a b": `+ofContainers),
		resources(`requests: {cpu: 2}, limits: {cpu: 1}`, `.requests: Invalid value: "2": must be less than or equal to cpu limit of 1`),
		resources(`requests: {x.io/gpu: 1}`, `.limits: Required value: Limit must be set for non overcommitable resources`),
		resources(`requests: {x.io/gpu: 1}, limits: {x.io/gpu: 2}`, `.requests: Invalid value: "1": must be equal to x.io/gpu limit of 2`),
		// Each resource in the order of its name, limits first.
		resources(`requests: {x.io/b: -1, a: 1}, limits: {d: 1, c: 1}`,
			`.limits[c]`, `.limits[c]`, `.limits[d]`, `.limits[d]`, `.requests[a]`, `.requests[a]`, `.requests[x.io/b]: Invalid value: "-1"`, `.limits: Required value`),
	)
}

func TestHugePages(t *testing.T) {
	resources := func(text string, want ...string) judged {
		return container(`resources: {`+text+`}`, within("resources", want)...)
	}
	judge(t,
		resources(`requests: {cpu: 1, hugepages-1Gi: 1Gi}, limits: {hugepages-1Gi: 1Gi}`),
		resources(`limits: {hugepages-2Mi: 4Mi}`, `: Forbidden: HugePages require cpu or memory`),
		resources(`limits: {hugepages-2Mi: 4Mi, memory: 1}`),
		resources(`limits: {cpu: 1, hugepages-2Mi: 3Mi}`, `.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi`),
		resources(`limits: {cpu: 1, hugepages-x: 3Mi}`, `.limits[hugepages-x]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-x`),
		resources(`limits: {cpu: 1, hugepages-1500m: 3Mi}`, `.limits[hugepages-1500m]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-1500m`),
		resources(`limits: {cpu: 1, hugepages-0: 3Mi}`, `.limits[hugepages-0]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-0`),
		resources(`requests: {cpu: 1, hugepages-2Mi: 3Mi}, limits: {hugepages-2Mi: 4Mi}`, // how much is compared first
			`.requests: Invalid value: "3Mi": must be equal to hugepages-2Mi limit of 4Mi`,
			`.requests[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi`),
	)
}

func TestPodResources(t *testing.T) {
	resources := func(text string, want ...string) judged { return spec(text, within("spec.resources", want)...) }
	const two = `containers: [{name: a, image: i, resources: {requests: {cpu: 1, memory: 1Mi}, limits: {cpu: 2}}}, {name: b, image: i, resources: {requests: {cpu: 1}}}]`
	const pages = `containers: [{name: a, image: i, resources: {limits: {cpu: 1, hugepages-2Mi: 4Mi}}}, {name: b, image: i, resources: {limits: {cpu: 1, hugepages-2Mi: 2Mi}}}]`
	judge(t,
		resources(`resources: {requests: {cpu: 2, memory: 1Mi}, limits: {cpu: 2, memory: 2Mi}}, `+two),
		resources(`resources: {limits: {cpu: 2}}, `+two), // what is left out is not compared
		resources(`resources: {requests: {cpu: 1}, limits: {cpu: 1}}, `+two,
			`.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 2`,
			`.containers[0][cpu].limits: Invalid value: "2": must be less than or equal to pod limits of 1`),
		resources(`resources: {limits: {cpu: 2, hugepages-2Mi: 4Mi}}, `+pages,
			`.limits[hugepages-2Mi]: Invalid value: "4Mi": must be greater than or equal to aggregate container limits of 6Mi`),
		resources(`resources: {limits: {cpu: 1, hugepages-2Mi: 6Mi}}, `+pages), // of what is no page, the limits of containers may come to more
		resources(`resources: {limits: {x.io/gpu: 1, apples: 1}}, `+one,
			`.limits[apples]: Invalid value: "apples": must be a standard resource type or fully qualified`,
			`.limits[x.io/gpu]: Unsupported value: "x.io/gpu": supported values: "cpu", "hugepages-", "memory"`),
		resources(`resources: {limits: {ephemeral-storage: 1}}, `+one, `.limits[ephemeral-storage]: Unsupported value: "ephemeral-storage"`),
		resources(`resources: {requests: {cpu: 2}, limits: {cpu: 1}}, `+one, `.requests: Invalid value: "2": must be less than or equal to cpu limit of 1`),
		resources(`resources: {claims: [{name: z}]}, `+one,
			`.claims: Forbidden: claims may not be set for Resources at pod-level`,
			`.claims[0]: Not found: "z": must be one of the names in pod.spec.resourceClaims which is empty`),
		resources(`resources: {claims: []}, `+one, `.claims: Forbidden: claims may not be set for Resources at pod-level`),
		resources(`os: {name: windows}, resources: {limits: {apples: 1}}, `+one, `: Forbidden: may not be set for a windows pod`),
	)
}

func TestOverhead(t *testing.T) {
	judge(t,
		with(`overhead: {cpu: 1, memory: 1Mi}`),
		with(`overhead: {apples: -1}`,
			`spec.overhead.limits[apples]: Invalid value: "apples": must be a standard resource type or fully qualified`,
			`spec.overhead.limits[apples]: Invalid value: "apples": must be a standard resource for containers`,
			`spec.overhead.limits[apples]: Invalid value: "-1": must be greater than or equal to 0`),
	)
}

func TestResizePolicy(t *testing.T) {
	const values = `supported values: "NotRequired", "RestartContainer"`
	judge(t,
		container(`resizePolicy: [{resourceName: cpu, restartPolicy: NotRequired}, {resourceName: memory, restartPolicy: RestartContainer}]`),
		container(`resizePolicy: [{}]`, `resizePolicy: Required value`, `resizePolicy: Required value`),
		container(`resizePolicy: [{resourceName: x.io/gpu, restartPolicy: Never}, {resourceName: cpu, restartPolicy: NotRequired}, {resourceName: cpu, restartPolicy: NotRequired}]`,
			`resizePolicy: Unsupported value: "x.io/gpu": supported values: "cpu", "memory"`,
			`resizePolicy: Unsupported value: "Never": `+values,
			`resizePolicy[2]: Duplicate value: "cpu"`),
		spec(`restartPolicy: Never, containers: [{name: a, image: i, resizePolicy: [{resourceName: cpu, restartPolicy: RestartContainer}, {resourceName: memory, restartPolicy: NotRequired}]}]`,
			"spec.containers[0].resizePolicy: Invalid value: \"RestartContainer\": must be 'NotRequired' when pod `restartPolicy` is 'Never'"),
	)
}

func TestClaims(t *testing.T) {
	claims := func(text string, want ...string) judged {
		return with(`resourceClaims: [`+text+`]`, within("spec.resourceClaims", want)...)
	}
	use := func(text string, want ...string) judged {
		return spec(`resourceClaims: [{name: c, resourceClaimName: x}, {name: d, resourceClaimTemplateName: y}], containers: [{name: a, image: i, resources: {claims: [`+text+`]}}]`,
			within("spec.containers[0].resources.claims", want)...)
	}
	judge(t,
		claims(`{name: c, resourceClaimName: x.y}, {name: d, resourceClaimTemplateName: x}`),
		claims(`{resourceClaimName: x}, {name: C, resourceClaimName: x}, {name: C, resourceClaimName: x}`,
			`[0].name: Required value`,
			`[1].name: Invalid value: "C": `+label,
			`[2].name: Duplicate value: "C"`),
		claims(`{name: c}`, "[0]: Invalid value: {\"name\":\"c\"}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"),
		claims(`{name: c, resourceClaimName: X, resourceClaimTemplateName: Z}`,
			"[0]: Invalid value: {\"name\":\"c\",\"resourceClaimName\":\"X\",\"resourceClaimTemplateName\":\"Z\"}: at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified",
			`[0].resourceClaimName: Invalid value: "X": `+subdomain,
			`[0].resourceClaimTemplateName: Invalid value: "Z": `+subdomain),
		use(`{name: c}, {name: d, request: r}, {name: d, request: s}`),
		use(`{}`, `[0]: Required value`),
		use(`{name: z}`, `[0]: Not found: "z": must be one of the names in pod.spec.resourceClaims: c, d`),
		use(`{name: c}, {name: c}`, `[1]: Duplicate value: "c"`),
		use(`{name: c}, {name: c, request: r}`, `[1]: Duplicate value: "c"`),
		use(`{name: c, request: r}, {name: c}`, `[1]: Duplicate value: "c"`),
		use(`{name: c, request: r}, {name: c, request: r}`, `[1]: Duplicate value: "c/r"`),
		use(`{name: c, request: R}`, `[0].request: Invalid value: "R": `+label),
		container(`resources: {claims: [{name: z}]}`, `resources.claims[0]: Not found: "z": must be one of the names in pod.spec.resourceClaims which is empty`),
		// They come after the amounts, before how a resize is taken.
		container(`resources: {claims: [{}], limits: {cpu: -1}}, resizePolicy: [{resourceName: x, restartPolicy: NotRequired}]`,
			`resources.limits[cpu]: Invalid value`, `resources.claims[0]: Required value`, `resizePolicy: Unsupported value`),
		judged{pods, `{metadata: {annotations: {kubernetes.io/config.mirror: x}}, spec: {nodeName: n, resourceClaims: [{name: c, resourceClaimName: x}, {resourceClaimName: x}], ` + one + `}}`, []string{
			`[]: Forbidden: static pods do not support resource claims`,
			`[]: Forbidden: static pods do not support resource claims`,
			`spec.resourceClaims[1].name: Required value`,
		}},
	)
}
