package core

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api/apitest"
)

func TestPodLevelDefaults(t *testing.T) {
	for name, tt := range map[string]struct{ resources, containers, want string }{
		"nothing asked for":                           {`{}`, `containers: [{name: a, image: i, resources: {limits: {cpu: 1}}}]`, `{}`},
		"limits, and containers that ask for nothing": {`{limits: {cpu: 2}}`, `containers: [{name: a, image: i}]`, `{limits: {cpu: "2"}, requests: {cpu: "2"}}`},
		"limits, and containers that ask": {`{limits: {cpu: 2}}`, `containers: [{name: a, image: i, resources: {requests: {cpu: 1, memory: 1Gi}}}, {name: b, image: i, resources: {requests: {cpu: 500m}}}]`,
			`{limits: {cpu: "2"}, requests: {cpu: 1500m, memory: 1Gi}}`},
		"a request, and limits everywhere": {`{requests: {cpu: 2}}`, `containers: [{name: a, image: i, resources: {limits: {cpu: 1, memory: 1Gi}}}, {name: b, image: i, resources: {limits: {cpu: 2, memory: 1Gi}}}]`,
			`{requests: {cpu: "2", memory: 2Gi}, limits: {cpu: "3", memory: 2Gi}}`},
		"a request, and one without a limit": {`{requests: {cpu: 4}}`, `containers: [{name: a, image: i, resources: {limits: {cpu: 1}}}, {name: b, image: i}]`, `{requests: {cpu: "4"}}`},
		"an init container without a limit":  {`{requests: {cpu: 4}}`, `initContainers: [{name: i, image: i}], containers: [{name: a, image: i, resources: {limits: {cpu: 1}}}]`, `{requests: {cpu: "4"}}`},
		"huge pages": {`{requests: {cpu: 1}}`, `containers: [{name: a, image: i, resources: {limits: {hugepages-2Mi: 2Mi}}}]`,
			`{requests: {cpu: "1", hugepages-2Mi: 2Mi}, limits: {hugepages-2Mi: 2Mi}}`},
		"devices are none of its": {`{requests: {cpu: 1}}`, `containers: [{name: a, image: i, resources: {limits: {x.io/gpu: 1}}}]`, `{requests: {cpu: "1"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			o := apitest.Created(t, Pod, `{metadata: {name: p, namespace: ns}, spec: {resources: `+tt.resources+`, `+tt.containers+`}}`).(*corev1.Pod)
			apitest.Same(t, o.Spec.Resources, tt.want)
		})
	}
}

// Who sends a pod again as they wrote it changes nothing.
func TestPodLevelDefaultsStay(t *testing.T) {
	const pod = `{metadata: {name: p, namespace: ns, labels: {a: b}}, spec: {resources: {requests: {cpu: 2}}, containers: [{name: a, image: i, resources: {limits: {cpu: 1, memory: 1Gi}}}]}}`
	was := apitest.Created(t, Pod, pod).(*corev1.Pod)
	was.ResourceVersion = "1"
	o := apitest.Defaulted(t, Pod, pod).(*corev1.Pod)
	o.ResourceVersion = "1"
	Pod.PrepareUpdate(o, was)
	apitest.Errors(t, Pod.ValidateUpdate(o, was))

	// Nor does who sends one that was stored with less.
	was.Spec.Resources = &corev1.ResourceRequirements{Requests: corev1.ResourceList{"cpu": was.Spec.Resources.Requests["cpu"]}}
	o = apitest.Defaulted(t, Pod, pod).(*corev1.Pod)
	o.ResourceVersion = "1"
	Pod.PrepareUpdate(o, was)
	apitest.Errors(t, Pod.ValidateUpdate(o, was))
}
