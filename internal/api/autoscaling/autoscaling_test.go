package autoscaling

import (
	"encoding/json"
	"testing"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"

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
	apitest.Row(t, HorizontalPodAutoscaler, `{metadata: {name: h}, spec: {maxReplicas: 5, metrics: [{resource: {name: cpu}}, {containerResource: {name: memory}}]}, status: {currentMetrics: [{resource: {current: {averageUtilization: 10}}}]}}`,
		"h | / | cpu: 10%/<auto>, memory: <unknown>/<auto> | <unset> | 5 | 0 | <unknown>")
	apitest.Row(t, HorizontalPodAutoscaler, `{metadata: {name: h}, spec: {maxReplicas: 5, metrics: [{object: {target: {averageValue: 3}}}, {external: {target: {averageValue: 4}}}]}, status: {currentMetrics: [{object: {current: {averageValue: 1}}}]}}`,
		"h | / | 1/3 (avg), <unknown>/4 (avg) | <unset> | 5 | 0 | <unknown>")
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
  - {type: Resource, resource: {name: memory, target: {type: AverageValue, averageValue: 1Gi}}}
  - {type: Pods, pods: {metric: {name: p}, target: {type: AverageValue, averageValue: 100m}}}
  - {type: Object, object: {describedObject: {kind: Ingress, name: i}, metric: {name: rps}, target: {type: Value, value: "10"}}}
  - {type: External, external: {metric: {name: q, selector: {matchLabels: {a: b}}}, target: {type: AverageValue, averageValue: "3"}}}
  - {type: ContainerResource, containerResource: {name: cpu, container: c, target: {type: Utilization, averageUtilization: 50}}}
  - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}
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

// Annotations of v1 that cannot be read are lost, and those of v2 mean nothing.
func TestAnnotationsThatAreNone(t *testing.T) {
	const text = `{metadata: {name: h, annotations: {a: b, autoscaling.alpha.kubernetes.io/metrics: "{", autoscaling.alpha.kubernetes.io/current-metrics: "[]",
		autoscaling.alpha.kubernetes.io/conditions: x, autoscaling.alpha.kubernetes.io/behavior: "[1]"}}, spec: {maxReplicas: 1, scaleTargetRef: {kind: K, name: d}}}`
	o, err := V1.ToStored(apitest.Parse(t, V1, text))
	if err != nil {
		t.Fatal(err)
	}
	apitest.Same(t, o, `{kind: HorizontalPodAutoscaler, apiVersion: autoscaling/v2, metadata: {name: h, annotations: {a: b}}, spec: {maxReplicas: 1, scaleTargetRef: {kind: K, name: d}},
		status: {currentMetrics: null, desiredReplicas: 0}}`)
	if got := apitest.Defaulted(t, HorizontalPodAutoscaler, text).GetAnnotations(); len(got) != 1 {
		t.Errorf("v2 has kept %v", got)
	}
}

// What others read in the annotations of v1, and in which order metrics come.
func TestV1Annotations(t *testing.T) {
	view, err := V1.FromStored(apitest.Parse(t, HorizontalPodAutoscaler, `{metadata: {name: h}, spec: {maxReplicas: 1, scaleTargetRef: {kind: K, name: d}, metrics: [
		{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}, {type: Pods, pods: {metric: {name: p}, target: {type: AverageValue, averageValue: 100m}}}],
		behavior: {scaleUp: {stabilizationWindowSeconds: 3, selectPolicy: Min, policies: [{type: Pods, value: 4, periodSeconds: 15}], tolerance: 100m}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"ScaleUp":{"StabilizationWindowSeconds":3,"SelectPolicy":"Min","Policies":[{"Type":"Pods","Value":4,"PeriodSeconds":15}],"Tolerance":"100m"},"ScaleDown":null}`
	if got := view.GetAnnotations()[behaviorAnnotation]; got != want {
		t.Errorf("behavior %s, want %s", got, want)
	}
	want = `[{"type":"Pods","pods":{"metricName":"p","targetAverageValue":"100m"}}]`
	if got := view.GetAnnotations()[metricsAnnotation]; got != want {
		t.Errorf("metrics %s, want %s", got, want)
	}
	back, err := V1.ToStored(view)
	if err != nil {
		t.Fatal(err)
	}
	if m := back.(*autoscalingv2.HorizontalPodAutoscaler).Spec.Metrics; len(m) != 2 || m[0].Pods == nil || m[1].Resource == nil {
		t.Errorf("the metric of the field is not the last: %+v", m)
	}
}
