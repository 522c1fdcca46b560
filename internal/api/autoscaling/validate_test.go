package autoscaling

import (
	"testing"

	"skiff/internal/api/apitest"
)

const scaled = `scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: d}`

func scaler(spec string) string {
	return `{metadata: {name: h, namespace: ns}, spec: {` + spec + `}}`
}

func TestBounds(t *testing.T) {
	const outside = `metrics: [{type: External, external: {metric: {name: q}, target: {type: Value, value: 1}}}], `
	const nothing = "spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas"
	for spec, want := range map[string][]string{
		`maxReplicas: 1, `:                                      nil,
		`minReplicas: 2, maxReplicas: 1, `:                      {"spec.maxReplicas: Invalid value: 1: must be greater than or equal to \x60minReplicas\x60"},
		`minReplicas: -1, `:                                     {"spec.minReplicas: Invalid value: -1: must be greater than or equal to 0", "spec.maxReplicas: Required value"},
		`minReplicas: -2, maxReplicas: -1, `:                    {"spec.minReplicas: Invalid value: -2: must be greater than or equal to 0", "spec.maxReplicas: Invalid value: -1: must be greater than or equal to 1"},
		`minReplicas: 0, maxReplicas: 1, `:                      {nothing},
		`minReplicas: 0, maxReplicas: 1, ` + outside:            nil,
		`minReplicas: 0, behavior: {scaleUp: {policies: []}}, `: {nothing, "spec.behavior.scaleUp.policies: Required value: must specify at least one Policy", "spec.maxReplicas: Required value"},
		`minReplicas: 0, maxReplicas: 1, metrics: [{type: Object, object: {describedObject: {kind: Service, name: s}, metric: {name: q}, target: {type: Value, value: 1}}}], `: nil,
	} {
		apitest.Refused(t, HorizontalPodAutoscaler, scaler(spec+scaled), want...)
	}
	apitest.Updated(t, HorizontalPodAutoscaler, scaler(`maxReplicas: 1, `+scaled), scaler(scaled), "spec.maxReplicas: Invalid value: 0: must be greater than or equal to \x60minReplicas\x60", "spec.maxReplicas: Required value")
}

func TestWhatIsScaled(t *testing.T) {
	const p = "spec.scaleTargetRef."
	const group = ": apiVersion must specify API group"
	for ref, want := range map[string][]string{
		`apiVersion: example.com/v1, kind: A, name: b`:            nil,
		`apiVersion: v1, kind: ReplicationController, name: b`:    nil,
		`kind: ReplicationController, name: b`:                    nil,
		`{}`:                                                      {p + "kind: Required value", p + "name: Required value", p + `apiVersion: Invalid value: ""` + group},
		`kind: a/b, name: "c%"`:                                   {p + `kind: Invalid value: "a/b": may not contain '/'`, p + `name: Invalid value: "c%": may not contain '%'`, p + `apiVersion: Invalid value: ""` + group},
		`apiVersion: v1, kind: A, name: b`:                        {p + `apiVersion: Invalid value: "v1"` + group},
		`apiVersion: a/b/c, kind: A, name: b`:                     {p + `apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c`},
		`apiVersion: a/b/c, kind: ReplicationController, name: b`: {p + `apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c`},
	} {
		if ref == `{}` {
			ref = ``
		}
		apitest.Refused(t, HorizontalPodAutoscaler, scaler(`maxReplicas: 1, scaleTargetRef: {`+ref+`}`), want...)
	}
	change := func(old, now string, want ...string) {
		t.Helper()
		apitest.Updated(t, HorizontalPodAutoscaler, scaler(`maxReplicas: 1, scaleTargetRef: {kind: A, name: b, apiVersion: `+old+`}`), scaler(`maxReplicas: 2, scaleTargetRef: {kind: A, name: b, apiVersion: `+now+`}`), want...)
	}
	change("v1", "v1")
	change("v1", "v2")
	change("a/v1", "v2", p+`apiVersion: Invalid value: "v2"`+group)
}

func TestBehavior(t *testing.T) {
	const up, down = "spec.behavior.scaleUp.", "spec.behavior.scaleDown."
	for behavior, want := range map[string][]string{
		`scaleUp: {stabilizationWindowSeconds: 3600, selectPolicy: Disabled, policies: [{type: Pods, value: 1, periodSeconds: 1800}], tolerance: 0}, scaleDown: {selectPolicy: Min}`: nil,
		`scaleUp: {stabilizationWindowSeconds: -1, selectPolicy: Most, policies: [{type: Nodes, value: 0, periodSeconds: 1801}, {type: Pods, value: 1, periodSeconds: 0}], tolerance: -1m}`: {
			up + "stabilizationWindowSeconds: Invalid value: -1: must be greater than or equal to zero",
			up + `selectPolicy: Unsupported value: "Most": supported values: "Disabled", "Max", "Min"`,
			up + `policies[0].type: Unsupported value: "Nodes": supported values: "Percent", "Pods"`,
			up + "policies[0].value: Invalid value: 0: must be greater than zero",
			up + "policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800",
			up + "policies[1].periodSeconds: Invalid value: 0: must be greater than zero",
			up + `tolerance: Invalid value: "-1m": must be greater than or equal to 0`},
		`scaleDown: {stabilizationWindowSeconds: 3601, policies: []}`: {
			down + "stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600",
			down + "policies: Required value: must specify at least one Policy"},
	} {
		apitest.Refused(t, HorizontalPodAutoscaler, scaler(`maxReplicas: 3, `+scaled+`, behavior: {`+behavior+`}`), want...)
	}
}

func TestMetrics(t *testing.T) {
	const (
		p       = "spec.metrics[0]."
		missing = ": Required value: must populate information for the given metric source"
		only    = ": Forbidden: must populate the given metric source only"
		types   = `: supported values: "ContainerResource", "External", "Object", "Pods", "Resource"`
		cpu     = `resource: {name: cpu, target: {type: Utilization, averageUtilization: 1}}`
		pods    = `pods: {metric: {name: p}, target: {type: AverageValue, averageValue: 1}}`
		either  = `must set either a target raw value or a target utilization`
	)
	for metric, want := range map[string][]string{
		`type: Resource, ` + cpu:             nil,
		`type: Pods, ` + pods:                nil,
		cpu:                                  {p + "type: Required value: must specify a metric source type", p + `type: Unsupported value: ""` + types, p + `type: Unsupported value: ""` + types},
		`type: Moon, ` + cpu:                 {p + `type: Unsupported value: "Moon"` + types, p + `type: Unsupported value: "Moon"` + types},
		`type: Moon`:                         {p + `type: Unsupported value: "Moon"` + types, p + `type: Unsupported value: "Moon"` + types},
		`type: Pods`:                         {p + "pods" + missing},
		`type: Object`:                       {p + "object" + missing},
		`type: External`:                     {p + "external" + missing},
		`type: Resource`:                     {p + "resource" + missing},
		`type: ContainerResource`:            {p + "containerResource" + missing},
		`type: Pods, ` + cpu:                 {p + "pods" + missing},
		`type: Pods, ` + cpu + `, ` + pods:   {p + "resource" + only},
		`type: Object, ` + cpu + `, ` + pods: {p + "object" + missing, p + "pods" + only, p + "resource" + only},
		`type: Pods, pods: {metric: {name: a/b}, target: {type: Some}}, resource: {}`: {
			p + `pods.metric.name: Invalid value: "a/b": may not contain '/'`, p + `pods.target.type: Invalid value: "Some"`, p + "pods.target.averageValue: Required value: must specify a positive target averageValue", p + "resource" + only},
		`type: Resource, resource: {target: {}}`: {
			p + "resource.name: Required value: must specify a resource name", p + "resource.target.type: Required value: must specify a metric target type",
			p + `resource.target.type: Invalid value: "": must be either Utilization, Value, or AverageValue`, p + "resource.target.averageUtilization: Required value: " + either},
		`type: Resource, resource: {name: cpu, target: {type: Some, averageUtilization: 0, averageValue: 0, value: -1}}`: {
			p + `resource.target.type: Invalid value: "Some": must be either Utilization, Value, or AverageValue`,
			p + `resource.target.value: Invalid value: "-1": must be positive`, p + `resource.target.averageValue: Invalid value: "0": must be positive`,
			p + "resource.target.averageUtilization: Invalid value: 0: must be greater than 0",
			p + "resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization"},
		`type: ContainerResource, containerResource: {target: {type: Utilization, averageUtilization: 1, averageValue: 1}}`: {
			p + "containerResource.name: Required value: must specify a resource name", p + "containerResource.container: Required value: must specify a container",
			p + "containerResource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization"},
		`type: ContainerResource, containerResource: {name: apples, container: a.b, target: {type: Utilization}}`: {
			p + `containerResource.name: Invalid value: "apples": must be a standard resource type or fully qualified`,
			p + `containerResource.name: Invalid value: "apples": must be a standard resource for containers`,
			p + `containerResource.container: Invalid value: "a.b": must not contain dots`, p + "containerResource.target.averageUtilization: Required value: " + either},
		`type: Object, object: {describedObject: {apiVersion: v1, kind: Service, name: s}, metric: {name: m}, target: {type: Value, averageValue: 1}}`: nil,
		`type: Object, object: {describedObject: {apiVersion: a/b/c}, metric: {}, target: {type: Some}}`: {
			p + "object.describedObject.kind: Required value", p + "object.describedObject.name: Required value",
			p + `object.describedObject.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c`,
			p + "object.metric.name: Required value: must specify a metric name", p + `object.target.type: Invalid value: "Some"`, p + "object.target.averageValue: Required value: must set either a target value or averageValue"},
		`type: External, external: {metric: {}, target: {type: Value}}`: {
			p + "external.metric.name: Required value: must specify a metric name", p + "external.target.averageValue: Required value: must set either a target value for metric or a per-pod target"},
		`type: External, external: {metric: {name: q}, target: {value: 1, averageValue: 1}}`: {
			p + "external.target.type: Required value: must specify a metric target type", p + `external.target.type: Invalid value: ""`,
			p + "external.target.value: Forbidden: may not set both a target value for metric and a per-pod target"},
	} {
		apitest.Refused(t, HorizontalPodAutoscaler, scaler(`maxReplicas: 3, `+scaled+`, metrics: [{`+metric+`}]`), want...)
	}
}

func TestAutoscalerStatus(t *testing.T) {
	apitest.PartUpdated(t, HorizontalPodAutoscaler, "status", scaler(scaled), `{status: {currentReplicas: -1, desiredReplicas: -1}}`,
		"status.currentReplicas: Invalid value: -1: must be greater than or equal to 0", "status.desiredReplicas: Invalid value: -1: must be greater than or equal to 0")
}
