package core

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"skiff/internal/api/apitest"
)

func TestLimitRangeDefaults(t *testing.T) {
	for limits, want := range map[string]string{
		`{type: Container, max: {cpu: 2}, min: {memory: 1Mi}}`:                                                                        `{type: Container, max: {cpu: "2"}, min: {memory: 1Mi}, default: {cpu: "2"}, defaultRequest: {cpu: "2", memory: 1Mi}}`,
		`{type: Container, max: {cpu: 2}, min: {cpu: 1}, default: {cpu: 1500m}}`:                                                      `{type: Container, max: {cpu: "2"}, min: {cpu: "1"}, default: {cpu: 1500m}, defaultRequest: {cpu: 1500m}}`,
		`{type: Pod, max: {cpu: 2}, min: {memory: 1Mi}}`:                                                                              `{type: Pod, max: {cpu: "2"}, min: {memory: 1Mi}}`,
		`{type: a/b, max: {cpu: 1u}, min: {cpu: 1u}, default: {cpu: 1u}, defaultRequest: {cpu: 1u}, maxLimitRequestRatio: {cpu: 1u}}`: `{type: a/b, max: {cpu: 1m}, min: {cpu: 1m}, default: {cpu: 1m}, defaultRequest: {cpu: 1m}, maxLimitRequestRatio: {cpu: 1m}}`,
	} {
		apitest.Same(t, apitest.Created(t, LimitRange, `{metadata: {name: l}, spec: {limits: [`+limits+`]}}`), `{metadata: {name: l}, spec: {limits: [`+want+`]}}`)
	}
}

func TestLimitRangeIsGivenAName(t *testing.T) {
	apitest.Refused(t, LimitRange, `{metadata: {namespace: ns}, spec: {limits: []}}`)
	if o := apitest.Created(t, LimitRange, `{spec: {limits: []}}`).(*corev1.LimitRange); len(o.Name) != 36 {
		t.Errorf("%q", o.Name)
	}
}

func TestLimitRangeRules(t *testing.T) {
	for name, tt := range map[string]struct {
		limits string
		want   []string
	}{
		"good": {`{type: Container, max: {cpu: 4}, min: {cpu: 1}, default: {cpu: 3}, defaultRequest: {cpu: 2}, maxLimitRequestRatio: {cpu: 4}},
		  {type: PersistentVolumeClaim, min: {storage: 1Gi}}, {type: a/b, max: {storage: 1, x/y: 2}}`, nil},
		"types": {`{type: Odd}, {type: a b}, {type: Pod}, {type: Pod}`, []string{
			`spec.limits[0].type: Invalid value: "Odd": must be a standard limit type or fully qualified`,
			`spec.limits[1].type: Invalid value: "a b": name part must consist of`, `spec.limits[3].type: Duplicate value: "Pod"`}},
		"names": {`{type: Container, max: {pods: 1}, maxLimitRequestRatio: {apples: 1}}, {type: a/b, max: {apples: 1}, min: {pears: 1}}`, []string{
			`spec.limits[0].max[pods]: Invalid value: "pods": must be a standard resource for containers`,
			`spec.limits[0].default[pods]: Invalid value: "pods": must be a standard resource for containers`,
			`spec.limits[0].defaultRequest[pods]: Invalid value: "pods": must be a standard resource for containers`,
			`spec.limits[0].maxLimitRequestRatio[apples]: Invalid value: "apples": must be a standard resource type or fully qualified`,
			`spec.limits[0].maxLimitRequestRatio[apples]: Invalid value: "apples": must be a standard resource for containers`,
			`spec.limits[1].max[apples]: Invalid value: "apples": must be a standard resource type or fully qualified`,
			`spec.limits[1].min[pears]: Invalid value: "pears": must be a standard resource type or fully qualified`}},
		"of pods": {`{type: Pod, min: {storage: 1}, default: {cpu: 2}, defaultRequest: {cpu: 3}}`, []string{
			`spec.limits[0].min[storage]: Invalid value: "storage": must be a standard resource for containers`,
			"spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'", "spec.limits[0].defaultRequest: Forbidden: may not be specified when `type` is 'Pod'"}},
		"of claims": {`{type: PersistentVolumeClaim}`, []string{"spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided"}},
		"order": {`{type: a/b, min: {cpu: 5}, defaultRequest: {cpu: 4}, default: {cpu: 3}, max: {cpu: 2}}`, []string{
			`spec.limits[0].min[cpu]: Invalid value: "5": min value 5 is greater than max value 2`,
			`spec.limits[0].defaultRequest[cpu]: Invalid value: "4": min value 5 is greater than default request value 4`,
			`spec.limits[0].defaultRequest[cpu]: Invalid value: "4": default request value 4 is greater than max value 2`,
			`spec.limits[0].defaultRequest[cpu]: Invalid value: "4": default request value 4 is greater than default limit value 3`,
			`spec.limits[0].default[cpu]: Invalid value: "5": min value 5 is greater than default value 3`,
			`spec.limits[0].default[cpu]: Invalid value: "2": default value 3 is greater than max value 2`}},
		"ratios": {`{type: Pod, max: {cpu: 4}, min: {cpu: 2}, maxLimitRequestRatio: {cpu: 2500m, memory: 500m}}`, []string{
			`spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "2500m": ratio 2500m is greater than max/min = 2.000000`,
			`spec.limits[0].maxLimitRequestRatio[memory]: Invalid value: "500m": ratio 500m is less than 1`}},
		"large ratios":      {`{type: Pod, max: {memory: 32P}, min: {memory: 16P}, maxLimitRequestRatio: {memory: 2500m}}`, []string{`spec.limits[0].maxLimitRequestRatio[memory]: Invalid value: "2500m": ratio 2500m is greater than max/min = 2.000000`}},
		"ratios of nothing": {`{type: Pod, max: {cpu: 4}, min: {cpu: 0}, maxLimitRequestRatio: {cpu: 3}}`, nil},
		"huge pages": {`{type: Container, default: {hugepages-2Mi: 4Mi}, defaultRequest: {hugepages-2Mi: 2Mi}}`,
			[]string{`spec.limits[0].defaultRequest[hugepages-2Mi]: Invalid value: "2Mi": default value 4Mi must equal to defaultRequest value 2Mi in hugepages-2Mi`}},
	} {
		t.Run(name, func(t *testing.T) {
			apitest.Refused(t, LimitRange, `{metadata: {name: l, namespace: ns}, spec: {limits: [`+tt.limits+`]}}`, tt.want...)
		})
	}
}
