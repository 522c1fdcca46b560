package core

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api/apitest"
)

// resize sends spec to the resize subresource of the pod old.
func resize(t *testing.T, old, spec string) (o, was *corev1.Pod) {
	t.Helper()
	was = apitest.Created(t, Pod, old).(*corev1.Pod)
	if s := apitest.Parse(t, Pod, old).(*corev1.Pod).Status; s.Phase != "" {
		s.QOSClass = was.Status.QOSClass
		was.Status = s
	}
	was.ResourceVersion = "1"
	o = was.DeepCopy()
	Pod.Part("resize").Copy(o, apitest.Defaulted(t, Pod, `{metadata: {name: p, namespace: ns, labels: {ignored: "yes"}}, spec: `+spec+`}`))
	return o, was
}

const (
	noRemovedRequests = "resources.requests: Forbidden: resource requests cannot be removed"
	noRemovedLimits   = "resources.limits: Forbidden: resource limits cannot be removed"
	onlyCPUAndMemory  = "spec: Forbidden: only cpu and memory resources are mutable"
	newClass          = `spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing`
)

func TestResizeOfContainers(t *testing.T) {
	const old = `{containers: [{name: a, image: i, resources: {requests: {cpu: 1, memory: 1Gi}}}, {name: b, image: i, resources: {limits: {memory: 1Gi}}}]}`
	for name, tt := range map[string]struct {
		old, spec string
		want      []string
	}{
		"more and less":  {old, `{containers: [{name: a, image: i, resources: {requests: {cpu: 2, memory: 512Mi}}}, {name: b, image: i, resources: {limits: {memory: 512Mi}}}]}`, nil},
		"a limit more":   {old, `{containers: [{name: a, image: i, resources: {requests: {cpu: 1, memory: 1Gi}, limits: {cpu: 2, memory: 2Gi}}}, {name: b, image: i, resources: {limits: {memory: 1Gi}}}]}`, nil},
		"nothing at all": {old, old, nil},
		"a request less": {old, `{containers: [{name: a, image: i, resources: {requests: {memory: 1Gi}}}, {name: b, image: i, resources: {limits: {memory: 1Gi}}}]}`, []string{"spec.containers[0]." + noRemovedRequests}},
		"a limit less":   {old, `{containers: [{name: a, image: i, resources: {requests: {cpu: 1, memory: 1Gi}}}, {name: b, image: i, resources: {requests: {memory: 1Gi}}}]}`, []string{"spec.containers[1]." + noRemovedLimits}},
		"another class":  {`{containers: [{name: a, image: i, resources: {requests: {cpu: 1}}}]}`, `{containers: [{name: a, image: i, resources: {limits: {cpu: 1, memory: 1Gi}}}]}`, []string{newClass}},
		"no class any more": {`{containers: [{name: a, image: i, resources: {requests: {cpu: 1}}}]}`, `{containers: [{name: a, image: i}]}`, []string{
			newClass, "spec.containers[0]." + noRemovedRequests,
		}},
		"devices": {old, `{containers: [{name: a, image: i, resources: {requests: {cpu: 1, memory: 1Gi, x.io/gpu: 1}, limits: {x.io/gpu: 1}}}, {name: b, image: i, resources: {limits: {memory: 1Gi}}}]}`, []string{onlyCPUAndMemory}},
		"devices, twice": {
			`{containers: [{name: a, image: i, resources: {requests: {cpu: 1}}}, {name: b, image: i}]}`,
			`{containers: [{name: a, image: i, resources: {requests: {cpu: 1, ephemeral-storage: 1}}}, {name: b, image: i, resources: {requests: {ephemeral-storage: 1}}}]}`,
			[]string{onlyCPUAndMemory, onlyCPUAndMemory},
		},
		"ephemeral storage": {old, `{containers: [{name: a, image: i, resources: {requests: {cpu: 1, memory: 1Gi, ephemeral-storage: 1Gi}}}, {name: b, image: i, resources: {limits: {memory: 1Gi}}}]}`, []string{onlyCPUAndMemory}},
		"how it resizes":    {old, `{containers: [{name: a, image: i, resizePolicy: [{resourceName: cpu, restartPolicy: RestartContainer}], resources: {requests: {cpu: 1, memory: 1Gi}}}, {name: b, image: i, resources: {limits: {memory: 1Gi}}}]}`, []string{onlyCPUAndMemory}},
		"claims of devices": {
			`{resourceClaims: [{name: c, resourceClaimName: x}], containers: [{name: a, image: i, resources: {requests: {cpu: 1}, claims: [{name: c}]}}]}`,
			`{resourceClaims: [{name: c, resourceClaimName: x}], containers: [{name: a, image: i, resources: {requests: {cpu: 2}, claims: [{name: c}]}}]}`, []string{onlyCPUAndMemory},
		},
		"what else is wrong": {old, `{containers: [{name: a, image: i, resources: {requests: {cpu: -1, memory: 1Gi}}}, {name: b, image: i, resources: {limits: {memory: 1Gi}}}]}`, []string{
			`spec.containers[0].resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0`,
		}},
		"one container less": {old, `{containers: [{name: a, image: i, resources: {requests: {cpu: 1, memory: 1Gi}}}]}`, []string{"spec.containers: Forbidden: containers may not be added or removed on resize"}},
		"one init container more": {old, `{initContainers: [{name: i, image: i}], containers: [{name: a, image: i, resources: {requests: {cpu: 1, memory: 1Gi}}}, {name: b, image: i, resources: {limits: {memory: 1Gi}}}]}`, []string{
			"spec.initContainers: Forbidden: initContainers may not be added or removed on resize",
		}},
		"another order": {old, `{containers: [{name: b, image: i, resources: {limits: {memory: 1Gi}}}, {name: a, image: i, resources: {requests: {cpu: 1, memory: 1Gi}}}]}`, []string{
			"spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize",
			"spec.containers[1].name: Forbidden: containers may not be renamed or reordered on resize",
		}},
		"another name": {`{initContainers: [{name: i, image: i}], containers: [{name: a, image: i}]}`, `{initContainers: [{name: j, image: i}], containers: [{name: a, image: i}]}`, []string{
			"spec.initContainers[0].name: Forbidden: initContainers may not be renamed or reordered on resize",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			o, was := resize(t, `{metadata: {name: p, namespace: ns}, spec: `+tt.old+`}`, tt.spec)
			apitest.Errors(t, Pod.Part("resize").Validate(o, was), tt.want...)
		})
	}
}

func TestResizeOfInitContainers(t *testing.T) {
	const sidecar, beside = `restartPolicy: Always, `, `}], containers: [{name: a, image: i}]}`
	const restart = `resizePolicy: [{resourceName: memory, restartPolicy: RestartContainer}], `
	at := func(kind, resources string) string {
		return `{initContainers: [{name: i, image: i, ` + kind + `resources: {` + resources + `}` + beside
	}
	const restarts = `spec.initContainers[0].resizePolicy[0].restartPolicy: Invalid value: "RestartContainer": must not be set to 'RestartContainer' for non-sidecar initContainers`
	const others = "spec.initContainers[0]: Forbidden: only cpu and memory resources for init or sidecar containers are mutable"
	for name, tt := range map[string]struct {
		old, spec string
		want      []string
	}{
		"one that ends":             {at(``, `requests: {cpu: 1}`), at(``, `requests: {cpu: 2}`), nil},
		"a sidecar":                 {at(sidecar, `requests: {cpu: 1}`), at(sidecar, `requests: {cpu: 2}`), nil},
		"a request less":            {at(``, `requests: {cpu: 1, memory: 1}`), at(``, `requests: {cpu: 1}`), []string{"spec.initContainers[0]." + noRemovedRequests}},
		"a limit less":              {at(sidecar, `requests: {cpu: 1}, limits: {cpu: 1}`), at(sidecar, `requests: {cpu: 1}`), []string{"spec.initContainers[0]." + noRemovedLimits}},
		"storage":                   {at(sidecar, `requests: {cpu: 1}`), at(sidecar, `requests: {cpu: 1, ephemeral-storage: 1}`), []string{others}},
		"a sidecar that restarts":   {at(sidecar+restart, `requests: {memory: 1}`), at(sidecar+restart, `requests: {memory: 2}`), nil},
		"one that cannot restart":   {at(restart, `requests: {memory: 1}`), at(restart, `requests: {memory: 2}`), []string{restarts, "spec.initContainers[0]: Forbidden: non-sidecar init containers with a resize policy of RestartContainer cannot be resized"}},
		"one that is left as it is": {at(restart, `requests: {memory: 1}`), at(restart, `requests: {memory: 1}`), []string{restarts}},
	} {
		t.Run(name, func(t *testing.T) {
			o, was := resize(t, `{metadata: {name: p, namespace: ns}, spec: `+tt.old+`}`, tt.spec)
			apitest.Errors(t, Pod.Part("resize").Validate(o, was), tt.want...)
		})
	}
}

func TestResizeOfThePod(t *testing.T) {
	at := func(resources string) string {
		return `{resources: {` + resources + `}, containers: [{name: a, image: i, resources: {requests: {cpu: 1}}}]}`
	}
	const alone = `{containers: [{name: a, image: i, resources: {requests: {cpu: 1}}}]}`
	const others = "spec: Forbidden: only cpu and memory resources are mutable at pod-level"
	for name, tt := range map[string]struct {
		old, spec string
		want      []string
	}{
		"more":           {at(`requests: {cpu: 1}, limits: {cpu: 2}`), at(`requests: {cpu: 2}, limits: {cpu: 4}`), nil},
		"memory as well": {at(`requests: {cpu: 1}`), at(`requests: {cpu: 1, memory: 1Gi}`), nil},
		"from nothing":   {alone, at(`requests: {cpu: 2}`), nil},
		"a request less": {at(`requests: {cpu: 1, memory: 1Gi}`), at(`requests: {cpu: 1}`), []string{"spec.resources.requests: Forbidden: pod-level resource requests cannot be removed"}},
		"a limit less":   {at(`requests: {cpu: 1}, limits: {cpu: 2}`), at(`requests: {cpu: 1}`), []string{"spec.resources.limits: Forbidden: pod-level resource limits cannot be removed"}},
		"none any more":  {at(`requests: {cpu: 2}`), alone, []string{"spec.resources: Forbidden: pod-level resources cannot be removed"}},
		"huge pages":     {at(`requests: {cpu: 1}`), at(`requests: {cpu: 1, hugepages-2Mi: 2Mi}, limits: {hugepages-2Mi: 2Mi}`), []string{others}},
		"too few for its container": {at(`requests: {cpu: 2}`), at(`requests: {cpu: 500m}`), []string{
			`spec.resources.requests[cpu]: Invalid value: "500m": must be greater than or equal to aggregate container requests of 1`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			o, was := resize(t, `{metadata: {name: p, namespace: ns}, spec: `+tt.old+`}`, tt.spec)
			apitest.Errors(t, Pod.Part("resize").Validate(o, was), tt.want...)
		})
	}
}

func TestResizeTakesResourcesAlone(t *testing.T) {
	o, was := resize(t, `{metadata: {name: p, namespace: ns}, spec: {containers: [{name: a, image: i, resources: {requests: {cpu: 1}}}]}}`,
		`{nodeName: elsewhere, containers: [{name: a, image: j, command: [x], resources: {requests: {cpu: 2}, limits: {memory: 1Gi}}}]}`)
	c := o.Spec.Containers[0]
	if o.Spec.NodeName != "" || o.Labels["ignored"] != "" || c.Image != "i" || c.Command != nil {
		t.Errorf("%+v", o)
	}
	if c.Resources.Requests.Cpu().String() != "2" || c.Resources.Requests.Memory().String() != "1Gi" {
		t.Errorf("not resized, or without defaults: %+v", c.Resources)
	}
	if was.Spec.Containers[0].Resources.Requests.Cpu().String() != "1" {
		t.Error("what is stored was changed")
	}
}

// Whatever came in beside resources is refused.
func TestResizeOfOtherThings(t *testing.T) {
	o, was := resize(t, `{metadata: {name: p, namespace: ns}, spec: {containers: [{name: a, image: i}]}}`, `{containers: [{name: a, image: i}]}`)
	o.Spec.NodeName = "elsewhere"
	apitest.Errors(t, Pod.Part("resize").Validate(o, was), onlyCPUAndMemory)
}

// A pod that asks for nothing as a whole, and then does, gets what it leaves out.
func TestResizeFillsIn(t *testing.T) {
	o, _ := resize(t, `{metadata: {name: p, namespace: ns}, spec: {containers: [{name: a, image: i, resources: {requests: {cpu: 1, memory: 1Gi}}}]}}`,
		`{resources: {requests: {cpu: 2}}, containers: [{name: a, image: i, resources: {requests: {cpu: 1, memory: 1Gi}}}]}`)
	apitest.Same(t, o.Spec.Resources, `{requests: {cpu: "2", memory: 1Gi}}`)
}

func TestWhoIsResized(t *testing.T) {
	const running = `state: {running: {}}`
	for name, tt := range map[string]struct {
		rest string
		want []string
	}{
		"not started":               {`status: {phase: Pending}`, nil},
		"none running":              {`status: {phase: Running, containerStatuses: [{name: a, state: {waiting: {}}}]}`, nil},
		"on a node that resizes":    {`status: {phase: Running, containerStatuses: [{name: a, ` + running + `, resources: {}}]}`, nil},
		"on one that does not":      {`status: {phase: Running, containerStatuses: [{name: a, state: {waiting: {}}}, {name: a, ` + running + `}]}`, []string{"spec: Forbidden: Pod running on node without support for resize"}},
		"with claims of the node's": {`status: {phase: Running, nodeAllocatableResourceClaimStatuses: [{resourceClaimName: x}]}`, []string{"spec: Forbidden: pods with node allocatable resource claims cannot be resized"}},
		"from a file":               {`annotations`, []string{"[]: Forbidden: static pods cannot be resized"}},
		"on Windows":                {`os`, []string{"[]: Forbidden: windows pods cannot be resized"}},
		"of a class it says it has": {`status: {phase: Running, qosClass: Guaranteed}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			annotations, spec, status := "", `containers: [{name: a, image: i, resources: {requests: {cpu: 1}}}]`, tt.rest
			switch tt.rest {
			case "annotations":
				annotations, spec, status = `, annotations: {kubernetes.io/config.mirror: x}`, spec+`, nodeName: "n1"`, `status: {}`
			case "os":
				spec, status = spec+`, os: {name: windows}`, `status: {}`
			}
			o, was := resize(t, `{metadata: {name: p, namespace: ns`+annotations+`}, spec: {`+spec+`}, `+status+`}`, `{`+spec+`}`)
			apitest.Errors(t, Pod.Part("resize").Validate(o, was), tt.want...)
		})
	}
	o, was := resize(t, `{metadata: {name: p, namespace: ns}, spec: {containers: [{name: a, image: i}]}}`, `{containers: [{name: a, image: i}]}`)
	was.Status.QOSClass = corev1.PodQOSGuaranteed
	apitest.Errors(t, Pod.Part("resize").Validate(o, was), `spec: Invalid value: "BestEffort": Pod QOS Class may not change as a result of resizing`)
}
