package autoscaling

import (
	"testing"

	"skiff/internal/api/apitest"
)

func TestBehaviorAndMetrics(t *testing.T) {
	for name, tt := range map[string]struct {
		spec string
		want []string
	}{
		"behavior": {`behavior: {scaleUp: {stabilizationWindowSeconds: -1, selectPolicy: Most, policies: [{type: Nodes, value: 0, periodSeconds: 1801}]}, scaleDown: {stabilizationWindowSeconds: 3601, policies: []}}`, []string{
			"spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: -1: must be greater than or equal to zero",
			`spec.behavior.scaleUp.selectPolicy: Unsupported value: "Most": supported values: "Disabled", "Max", "Min"`,
			`spec.behavior.scaleUp.policies[0].type: Unsupported value: "Nodes": supported values: "Percent", "Pods"`,
			"spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero",
			"spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800",
			"spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600",
			"spec.behavior.scaleDown.policies: Required value: must specify at least one Policy",
		}},
		"resource": {`metrics: [{type: Resource, resource: {name: cpu, target: {type: Some, averageUtilization: 0, averageValue: 0}}}]`, []string{
			`spec.metrics[0].resource.target.type: Invalid value: "Some": must be either Utilization, Value, or AverageValue`,
			`spec.metrics[0].resource.target.averageValue: Invalid value: "0": must be positive`,
			"spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0",
			"spec.metrics[0].resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization",
		}},
		"object and external": {`metrics: [{type: Object, object: {describedObject: {kind: Ingress}, metric: {}, target: {type: Value}}}, {type: External, external: {metric: {name: q}, target: {type: Value}}}]`, []string{
			"spec.metrics[0].object.describedObject.name: Required value", "spec.metrics[0].object.metric.name: Required value: must specify a metric name",
			"spec.metrics[0].object.target.averageValue: Required value: must set either a target value or averageValue",
			"spec.metrics[1].external.target.averageValue: Required value: must set either a target value for metric or a per-pod target",
		}},
		"container": {`metrics: [{type: ContainerResource, containerResource: {name: apples, container: "", target: {type: Utilization}}}]`, []string{
			"spec.metrics[0].containerResource.container: Required value: must specify a container",
			`spec.metrics[0].containerResource.name: Invalid value: "apples": must be a standard resource type or fully qualified`,
			`spec.metrics[0].containerResource.name: Invalid value: "apples": must be a standard resource for containers`,
			"spec.metrics[0].containerResource.target.averageUtilization: Required value: must set either a target raw value or a target utilization",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			apitest.Refused(t, HorizontalPodAutoscaler, `{metadata: {name: h, namespace: ns}, spec: {maxReplicas: 3, scaleTargetRef: {kind: Deployment, name: d}, `+tt.spec+`}}`, tt.want...)
		})
	}
}
