package batch

import (
	"testing"

	batchv1 "k8s.io/api/batch/v1"

	"skiff/internal/api/apitest"
)

// What Kubernetes says of Jobs that are wrong.
func TestJobRules(t *testing.T) {
	for name, tt := range map[string]struct {
		spec string
		want []string
	}{
		"indexes": {`backoffLimitPerIndex: 1, maxFailedIndexes: 2`, []string{
			"spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode", "spec.maxFailedIndexes: Invalid value: 2: requires indexed completion mode",
		}},
		"many": {`completionMode: Indexed, completions: 200000, parallelism: 100001, backoffLimitPerIndex: 1`, []string{
			"spec.parallelism: Invalid value: 100001: must be less than or equal to 100000 when completion mode is Indexed",
			"spec.maxFailedIndexes: Required value: must be specified when completions is above 100000",
			"spec.parallelism: Invalid value: 100001: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index",
		}},
		"failed indexes alone": {`completionMode: Indexed, completions: 1, maxFailedIndexes: 2`, []string{
			"spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified", "spec.maxFailedIndexes: Invalid value: 2: must be less than or equal to completions",
		}},
		"manager": {`managedBy: x`, []string{`spec.managedBy: Invalid value: "x": must be a domain-prefixed path (such as "acme.io/foo")`}},
		"mode": {`completionMode: Some, podReplacementPolicy: Never`, []string{
			`spec.completionMode: Unsupported value: "Some": supported values: "NonIndexed", "Indexed"`,
			`spec.podReplacementPolicy: Unsupported value: "Never": supported values: "Failed", "TerminatingOrFailed"`,
		}},
		"failure policy": {`podReplacementPolicy: TerminatingOrFailed, podFailurePolicy: {rules: [{action: FailIndex, onExitCodes: {operator: In, containerName: z, values: [2, 0, 2]}}, {action: Stop, onPodConditions: [{type: "a b", status: Maybe}]}, {action: Ignore}, {action: "", onExitCodes: {operator: Near, values: []}}]}`, []string{
			`spec.podFailurePolicy.rules[0].action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set`,
			`spec.podFailurePolicy.rules[0].onExitCodes.containerName: Invalid value: "z": must be one of the container or initContainer names in the pod template`,
			"spec.podFailurePolicy.rules[0].onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator",
			"spec.podFailurePolicy.rules[0].onExitCodes.values[2]: Duplicate value: 2",
			"spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [2,0,2]: must be ordered",
			`spec.podFailurePolicy.rules[1].action: Unsupported value: "Stop": supported values: "Count", "FailIndex", "FailJob", "Ignore"`,
			`spec.podFailurePolicy.rules[1].onPodConditions[0].type: Invalid value: "a b": name part must consist of`,
			`spec.podFailurePolicy.rules[1].onPodConditions[0].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"`,
			"spec.podFailurePolicy.rules[2]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required",
			`spec.podFailurePolicy.rules[3].action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]`,
			`spec.podFailurePolicy.rules[3].onExitCodes.operator: Unsupported value: "Near": supported values: "In", "NotIn"`,
			"spec.podFailurePolicy.rules[3].onExitCodes.values: Invalid value: []: at least one value is required",
			`spec.podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported values: "Failed"`,
		}},
		"success policy": {`completionMode: Indexed, completions: 5, successPolicy: {rules: [{}, {succeededCount: 9, succeededIndexes: "0-2,1"}, {succeededIndexes: "7"}, {succeededCount: 3, succeededIndexes: "1,3"}]}`, []string{
			"spec.successPolicy.rules[0]: Required value: at least one of succeededCount or succeededIndexes must be specified",
			`spec.successPolicy.rules[1].succeededIndexes: Invalid value: "0-2,1": error parsing succeededIndexes: non-increasing order, previous: 2, current: 1`,
			"spec.successPolicy.rules[1].succeededCount: Invalid value: 9: must be less than or equal to 5 (the number of specified completions)",
			"spec.successPolicy.rules[1].succeededCount: Invalid value: 9: must be less than or equal to 0 (the number of indexes in the specified succeededIndexes field)",
			`spec.successPolicy.rules[2].succeededIndexes: Invalid value: "7": error parsing succeededIndexes: too large index: "7"`,
			"spec.successPolicy.rules[3].succeededCount: Invalid value: 3: must be less than or equal to 2 (the number of indexes in the specified succeededIndexes field)",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			apitest.Refused(t, Job, `{metadata: {name: j, namespace: ns}, spec: {`+tt.spec+`, template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}`, tt.want...)
		})
	}
}

func TestJobLabels(t *testing.T) {
	apitest.Refused(t, Job, `{metadata: {name: j, namespace: ns, uid: u}, spec: {template: {metadata: {labels: {job-name: other}}, spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}`,
		`spec.template.metadata.labels[job-name]: Invalid value: {`)
	apitest.Refused(t, Job, `{metadata: {name: j.k, namespace: ns, uid: u}, spec: {completionMode: Indexed, completions: 3, template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}`,
		`metadata.name: Invalid value: "j.k": will not able to create pod with invalid DNS label: j.k-2`)
}

func TestJobStatusRules(t *testing.T) {
	const at = `"2000-01-01T00:00:00Z"`
	for name, tt := range map[string]struct {
		old, status string
		want        []string
	}{
		"running": {`{}`, `{active: 1, ready: 1, startTime: ` + at + `}`, nil},
		"complete": {`{startTime: ` + at + `, conditions: [{type: SuccessCriteriaMet, status: "True"}]}`,
			`{startTime: ` + at + `, completionTime: ` + at + `, succeeded: 1, conditions: [{type: SuccessCriteriaMet, status: "True"}, {type: Complete, status: "True"}]}`, nil},
		"all at once": {`{}`, `{active: 1, conditions: [{type: Complete, status: "True"}, {type: Failed, status: "True"}]}`, []string{
			"status.conditions: Invalid value: cannot set Complete=True and Failed=true conditions",
			"status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition",
			"status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition",
			"status.completionTime: Required value: completionTime is required for Complete jobs",
			"status.active: Invalid value: 1: active>0 is invalid for finished job",
			"status.startTime: Required value: startTime is required for finished job",
		}},
		"back": {`{failed: 2, succeeded: 2, startTime: ` + at + `}`, `{failed: 1, succeeded: 1, ready: 1, completedIndexes: "0"}`, []string{
			"status.startTime: Required value: startTime cannot be removed for unsuspended job",
			"status.ready: Invalid value: 1: cannot set more ready pods than active",
			`status.completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when non-indexed completion mode`,
			"status.failed: Invalid value: 1: cannot decrease the failed counter",
			"status.succeeded: Invalid value: 1: cannot decrease the succeeded counter",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			const job = `{metadata: {name: j, namespace: ns, resourceVersion: "1"}, spec: {completions: 1}, status: `
			o := apitest.Parse(t, Job, job+tt.status+"}").(*batchv1.Job)
			apitest.Errors(t, Job.Part("status").Validate(o, apitest.Parse(t, Job, job+tt.old+"}")), tt.want...)
		})
	}
}
