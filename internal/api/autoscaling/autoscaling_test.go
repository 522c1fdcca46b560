package autoscaling

import (
	"encoding/json"
	"testing"

	autoscalingv1 "k8s.io/api/autoscaling/v1"

	"skiff/internal/api"
	"skiff/internal/api/apitest"
)

func TestDefaults(t *testing.T) {
	apitest.Same(t, apitest.Created(t, HorizontalPodAutoscaler, `{metadata: {name: h}, spec: {maxReplicas: 3, scaleTargetRef: {kind: Deployment, name: d}, behavior: {scaleDown: {stabilizationWindowSeconds: 5}}}}`), `
metadata: {name: h}
spec:
  maxReplicas: 3
  minReplicas: 1
  scaleTargetRef: {kind: Deployment, name: d}
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
  behavior:
    scaleUp: {stabilizationWindowSeconds: 0, selectPolicy: Max, policies: [{type: Pods, value: 4, periodSeconds: 15}, {type: Percent, value: 100, periodSeconds: 15}]}
    scaleDown: {stabilizationWindowSeconds: 5, selectPolicy: Max, policies: [{type: Percent, value: 100, periodSeconds: 15}]}
status: {currentMetrics: null, desiredReplicas: 0}
`)
}

func TestValidation(t *testing.T) {
	apitest.Refused(t, HorizontalPodAutoscaler, `{metadata: {name: h, namespace: ns}, spec: {minReplicas: 0, metrics: [{type: Pods, resource: {name: cpu, target: {type: Value}}}, {type: Moon}]}}`,
		"spec.minReplicas: Invalid value: 0: must be greater than or equal to 1",
		"spec.maxReplicas: Invalid value: 0: must be greater than 0",
		"spec.scaleTargetRef.kind: Required value", "spec.scaleTargetRef.name: Required value",
		"spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization",
		"spec.metrics[0].pods: Required value: must populate information for the given metric source",
		"spec.metrics[0].resource: Forbidden: must populate the given metric source only",
		`spec.metrics[1].type: Unsupported value: "Moon"`)
}

func TestRow(t *testing.T) {
	apitest.Row(t, HorizontalPodAutoscaler, `
metadata: {name: h}
spec:
  scaleTargetRef: {kind: Deployment, name: d}
  minReplicas: 1
  maxReplicas: 5
  metrics:
  - {type: Resource, resource: {name: cpu, target: {averageUtilization: 80}}}
  - {type: Pods, pods: {target: {averageValue: 100m}}}
  - {type: External, external: {target: {value: 3}}}
status: {currentReplicas: 2, currentMetrics: [{type: Resource, resource: {current: {averageUtilization: 10}}}]}
`, "h | Deployment/d | cpu: 10%/80%, <unknown>/100m + 1 more... | 1 | 5 | 2 | <unknown>")
	apitest.Row(t, V1, `{metadata: {name: h}, spec: {scaleTargetRef: {kind: Deployment, name: d}, maxReplicas: 5, targetCPUUtilizationPercentage: 70}}`,
		"h | Deployment/d | cpu: <unknown>/70% | <unset> | 5 | 0 | <unknown>")
}

// What v2 says and v1 has no field for must come back when v1 is written.
func TestV1KeepsAll(t *testing.T) {
	const stored = `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: h, annotations: {a: b}}
spec:
  scaleTargetRef: {kind: Deployment, name: d}
  minReplicas: 1
  maxReplicas: 5
  behavior: {scaleUp: {policies: [{type: Pods, value: 4, periodSeconds: 15}]}}
  metrics:
  - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}
  - {type: Resource, resource: {name: memory, target: {type: AverageValue, averageValue: 1Gi}}}
  - {type: Pods, pods: {metric: {name: p}, target: {type: AverageValue, averageValue: 100m}}}
  - {type: Object, object: {describedObject: {kind: Ingress, name: i}, metric: {name: rps}, target: {type: Value, value: "10"}}}
  - {type: External, external: {metric: {name: q, selector: {matchLabels: {a: b}}}, target: {type: AverageValue, averageValue: "3"}}}
  - {type: ContainerResource, containerResource: {name: cpu, container: c, target: {type: Utilization, averageUtilization: 50}}}
status:
  currentReplicas: 2
  desiredReplicas: 3
  conditions: [{type: AbleToScale, status: "True", lastTransitionTime: null}]
  currentMetrics:
  - {type: Resource, resource: {name: cpu, current: {averageUtilization: 10, averageValue: 20m}}}
  - {type: External, external: {metric: {name: q}, current: {value: "7"}}}
`
	in := apitest.Parse(t, HorizontalPodAutoscaler, stored)
	view, err := V1.FromStored(in)
	if err != nil {
		t.Fatal(err)
	}
	v1 := view.(*autoscalingv1.HorizontalPodAutoscaler)
	if got := v1.Spec.TargetCPUUtilizationPercentage; got == nil || *got != 80 {
		t.Errorf("target of CPU %v", got)
	}
	if got := v1.Status.CurrentCPUUtilizationPercentage; got == nil || *got != 10 {
		t.Errorf("CPU in use %v", got)
	}
	if len(in.GetAnnotations()) != 1 {
		t.Errorf("the stored object was changed: %v", in.GetAnnotations())
	}
	back, err := V1.ToStored(reread(t, v1))
	if err != nil {
		t.Fatal(err)
	}
	apitest.Same(t, back, stored)
}

// reread sends the object through JSON, as a client does.
func reread(t *testing.T, o api.Object) api.Object {
	t.Helper()
	raw, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	out := V1.New()
	if err := json.Unmarshal(raw, out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestV1BadAnnotation(t *testing.T) {
	o := apitest.Parse(t, V1, `{metadata: {name: h, annotations: {autoscaling.alpha.kubernetes.io/metrics: "{"}}}`)
	if _, err := V1.ToStored(o); err == nil {
		t.Error("an annotation that is not JSON was taken")
	}
}
