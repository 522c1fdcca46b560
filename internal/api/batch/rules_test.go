package batch

import (
	"fmt"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"

	"skiff/internal/api/apitest"
)

const pods = `template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}`

func codes(n int) string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprint(i+1))
	}
	return strings.Join(out, ", ")
}

func job(spec string) string { return `{metadata: {name: j, namespace: ns}, spec: {` + spec + `}}` }

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
		"numbers": {`parallelism: -1, completions: -1, activeDeadlineSeconds: -1, backoffLimit: -1, ttlSecondsAfterFinished: -1, completionMode: Indexed, backoffLimitPerIndex: -1, maxFailedIndexes: -1`, []string{
			"spec.parallelism: Invalid value: -1: must be greater than or equal to 0", "spec.completions: Invalid value: -1: must be greater than or equal to 0",
			"spec.activeDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0", "spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0",
			"spec.ttlSecondsAfterFinished: Invalid value: -1: must be greater than or equal to 0", "spec.backoffLimitPerIndex: Invalid value: -1: must be greater than or equal to 0",
			"spec.maxFailedIndexes: Invalid value: -1: must be greater than or equal to 0",
		}},
		"too many to fail": {`completionMode: Indexed, completions: 200000, parallelism: 1, backoffLimitPerIndex: 1, maxFailedIndexes: 100001`, []string{
			"spec.maxFailedIndexes: Invalid value: 100001: must be less than or equal to 100000",
			"spec.maxFailedIndexes: Invalid value: 100001: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index",
		}},
		"long manager":     {`managedBy: a.b/` + strings.Repeat("c", 60), []string{"spec.managedBy: Too long: may not be more than 63 bytes"}},
		"good manager":     {`managedBy: a.b/c`, nil},
		"mode and indexes": {`completionMode: Some, backoffLimitPerIndex: 1`, []string{`spec.completionMode: Unsupported value: "Some": supported values: "NonIndexed", "Indexed"`}},
		"many rules": {`completionMode: Indexed, completions: 1, podFailurePolicy: {rules: [` + strings.Repeat(`{action: Ignore, onPodConditions: [{type: a}]}, `, 21) + `]}, successPolicy: {rules: [` + strings.Repeat(`{succeededCount: 1}, `, 21) + `]}`, []string{
			"spec.podFailurePolicy.rules: Too many: 21: must have at most 20 items", "spec.successPolicy.rules: Too many: 21: must have at most 20 items",
		}},
		"many conditions": {`podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [` + strings.Repeat(`{type: a}, `, 21) + `]}]}`, []string{
			"spec.podFailurePolicy.rules[0].onPodConditions: Too many: 21: must have at most 20 items",
		}},
		"no operator": {`podFailurePolicy: {rules: [{action: Ignore, onExitCodes: {values: [1]}}]}`, []string{
			`spec.podFailurePolicy.rules[0].onExitCodes.operator: Required value: valid values: ["In" "NotIn"]`,
		}},
		"many codes": {`podFailurePolicy: {rules: [{action: Ignore, onExitCodes: {operator: In, values: [` + codes(256) + `]}}]}`, []string{
			"spec.podFailurePolicy.rules[0].onExitCodes.values: Too many: 256: must have at most 255 items",
		}},
		"both": {`podFailurePolicy: {rules: [{action: Ignore, onExitCodes: {operator: NotIn, containerName: c, values: [0, 1]}, onPodConditions: [{type: a}]}]}`, []string{
			"spec.podFailurePolicy.rules[0]: Invalid value: specifying both OnExitCodes and OnPodConditions is not supported",
		}},
		"success without indexes": {`successPolicy: {rules: []}`, []string{`spec.successPolicy: Invalid value: {"rules":[]}: requires indexed completion mode`}},
		"success without rules": {`completionMode: Indexed, completions: 1, successPolicy: {rules: []}`, []string{
			"spec.successPolicy.rules: Required value: at least one rules must be specified when the successPolicy is specified",
		}},
		"success of many": {`completionMode: Indexed, completions: 9, successPolicy: {rules: [{succeededCount: -1}, {succeededIndexes: "` + strings.Repeat("0", 65537) + `"}, {succeededIndexes: "1-2-3"}, {succeededIndexes: "3-3"}, {succeededIndexes: "x"}]}`, []string{
			"spec.successPolicy.rules[0].succeededCount: Invalid value: -1: must be greater than or equal to 0",
			"spec.successPolicy.rules[1].succeededIndexes: Too long: may not be more than 65536 bytes",
			`spec.successPolicy.rules[2].succeededIndexes: Invalid value: "1-2-3": error parsing succeededIndexes: the fragment "1-2-3" violates the requirement that an index interval can have at most two parts separated by '-'`,
			`spec.successPolicy.rules[3].succeededIndexes: Invalid value: "3-3": error parsing succeededIndexes: non-increasing order, previous: 3, current: 3`,
			`spec.successPolicy.rules[4].succeededIndexes: Invalid value: "x": error parsing succeededIndexes: cannot convert string to integer for index: "x"`,
		}},
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
			apitest.Refused(t, Job, job(tt.spec+`, `+pods), tt.want...)
		})
	}
}

func TestJobWithoutDefaults(t *testing.T) {
	o := apitest.Stored(t, Job, job(`podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: a}]}]}, `+pods)).(*batchv1.Job)
	o.Spec.PodFailurePolicy.Rules[0].OnPodConditions[0].Status = ""
	o.ResourceVersion = ""
	apitest.Errors(t, Job.Validate(o), `spec.podFailurePolicy.rules[0].onPodConditions[0].status: Required value: valid values: ["False" "True" "Unknown"]`)
}

func TestJobRestarts(t *testing.T) {
	const p = "spec.template.spec.restartPolicy: "
	for policy, want := range map[string][]string{
		"Never": nil, "OnFailure": nil,
		"Always":    {p + `Required value: valid values: "OnFailure", "Never"`},
		"Sometimes": {p + `Unsupported value: "Sometimes": supported values: "Always"`, p + `Unsupported value: "Sometimes": supported values: "OnFailure", "Never"`},
	} {
		apitest.Refused(t, Job, job(`template: {spec: {restartPolicy: `+policy+`, containers: [{name: c, image: i}]}}`), want...)
	}
	apitest.Refused(t, Job, job(`podFailurePolicy: {rules: [{action: FailJob, onPodConditions: [{type: a}]}]}, template: {spec: {restartPolicy: OnFailure, containers: [{name: c, image: i}]}}`),
		p+`Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified`)
}

func TestJobLabels(t *testing.T) {
	const p = "spec.template.metadata.labels"
	for labels, want := range map[string][]string{
		`job-name: other`:                           {p + `[job-name]: Invalid value: {`},
		`controller-uid: other`:                     {p + `[controller-uid]: Invalid value: {`},
		`batch.kubernetes.io/job-name: other`:       {p + `[batch.kubernetes.io/job-name]: Invalid value: {`},
		`batch.kubernetes.io/controller-uid: other`: {p + `[batch.kubernetes.io/controller-uid]: Invalid value: {`, p + ": Invalid value: {"},
	} {
		apitest.Refused(t, Job, job(`template: {metadata: {labels: {`+labels+`}}, spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}`), want...)
	}
	apitest.Refused(t, Job, job(`selector: {matchLabels: {a: b}}, `+pods),
		"spec.selector: Invalid value: {\"matchLabels\":{\"a\":\"b\",\"batch.kubernetes.io/controller-uid\":\"\"}}: `selector` not auto-generated", p+": Invalid value: {")
	apitest.Refused(t, Job, job(`manualSelector: true, selector: {matchLabels: {a: b c}}, template: {metadata: {labels: {a: b}}, spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}`),
		`spec.selector.matchLabels: Invalid value: "b c": a valid label must be`)
	apitest.Refused(t, Job, job(`manualSelector: true, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}`))
	apitest.Refused(t, Job, `{metadata: {name: j.k, namespace: ns}, spec: {completionMode: Indexed, completions: 3, parallelism: -1, `+pods+`}}`,
		"spec.parallelism: Invalid value: -1: must be greater than or equal to 0", `metadata.name: Invalid value: "j.k": will not able to create pod with invalid DNS label: j.k-2`)
}

// A Job from before labels had a domain may go on without them.
func TestOldJobLabels(t *testing.T) {
	const uid, name = "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"
	old := apitest.Stored(t, Job, job(pods)).(*batchv1.Job)
	old.Spec.Selector.MatchLabels = map[string]string{"controller-uid": "u"}
	delete(old.Spec.Template.Labels, uid)
	apitest.Errors(t, Job.ValidateUpdate(old.DeepCopy(), old))
	changed := old.DeepCopy()
	delete(changed.Spec.Template.Labels, "job-name")
	apitest.Errors(t, Job.ValidateUpdate(changed, old), "spec.template.metadata.labels[job-name]: Required value: must be 'j'", "spec.template: Invalid value: {")
	now := apitest.Stored(t, Job, job(pods)).(*batchv1.Job)
	changed = now.DeepCopy()
	delete(changed.Spec.Template.Labels, name)
	apitest.Errors(t, Job.ValidateUpdate(changed, now), "spec.template.metadata.labels["+name+"]: Required value: must be 'j'", "spec.template: Invalid value: {")
}

func TestJobWarnings(t *testing.T) {
	const (
		text = ": In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail"
		tz   = "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
		dots = "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]"
		big  = `completionMode: Indexed, completions: 100001, parallelism: 10001, ` + pods
	)
	cron := func(job string) string {
		return `{metadata: {name: c, namespace: ns}, spec: {schedule: "@daily", jobTemplate: {spec: {` + job + `}}}}`
	}
	for _, small := range []string{`completions: 100001, parallelism: 10001, ` + pods, `completionMode: Indexed, completions: 100000, parallelism: 10001, ` + pods, `completionMode: Indexed, completions: 100001, parallelism: 10000, ` + pods} {
		apitest.Warned(t, Job, job(small))
		apitest.Warned(t, CronJob, cron(small))
		apitest.UpdateWarned(t, Job, job(small), job(big), "spec"+text)
		apitest.UpdateWarned(t, CronJob, cron(small), cron(big), "spec.jobTemplate.spec"+text)
	}
	apitest.Warned(t, Job, `{metadata: {name: a.b}, spec: {`+big+`}}`, dots, "spec"+text)
	apitest.UpdateWarned(t, Job, job(big), job(big))
	apitest.Warned(t, CronJob, `{metadata: {name: a.b}, spec: {jobTemplate: {spec: {`+big+`}}}}`, dots, "spec.jobTemplate.spec"+text)
	apitest.UpdateWarned(t, CronJob, cron(big), cron(big))
	const zoned = `{metadata: {name: c}, spec: {schedule: "TZ=UTC @daily"}}`
	apitest.Warned(t, CronJob, zoned)
	apitest.UpdateWarned(t, CronJob, zoned, zoned, tz)
}

func TestUnusedScheduling(t *testing.T) {
	with, without := job(`scheduling: {schedulingPolicy: {gang: {minCount: 1}}}, `+pods), job(pods)
	old, o := apitest.Parse(t, Job, with).(*batchv1.Job), apitest.Stored(t, Job, with).(*batchv1.Job)
	if o.Spec.Scheduling != nil {
		t.Error("scheduling of a new Job is kept")
	}
	o = apitest.Parse(t, Job, with).(*batchv1.Job)
	if Job.PrepareUpdate(o, old); o.Spec.Scheduling == nil {
		t.Error("scheduling that was stored is dropped")
	}
	if Job.PrepareUpdate(o, apitest.Parse(t, Job, without)); o.Spec.Scheduling != nil {
		t.Error("scheduling that is new to a Job is kept")
	}
}

func TestTemplateWarnings(t *testing.T) {
	const want = `template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead`
	spec := func(more string) string {
		return `template: {spec: {` + more + `restartPolicy: Never, containers: [{name: c, image: "i:1"}]}}`
	}
	job := func(more string) string { return `{metadata: {name: a, namespace: ns}, spec: {` + spec(more) + `}}` }
	cron := func(more string) string {
		return `{metadata: {name: a, namespace: ns}, spec: {schedule: "* * * * *", jobTemplate: {spec: {` + spec(more) + `}}}}`
	}
	const old = `nodeSelector: {beta.kubernetes.io/os: linux}, `
	apitest.Warned(t, Job, job(old), "spec."+want)
	apitest.UpdateWarned(t, Job, job(""), job(old), "spec."+want)
	apitest.UpdateWarned(t, Job, job(old), job(old))
	apitest.Warned(t, CronJob, cron(old), "spec.jobTemplate.spec."+want)
	apitest.UpdateWarned(t, CronJob, cron(""), cron(old), "spec.jobTemplate.spec."+want)
	apitest.UpdateWarned(t, CronJob, cron(old), cron(old))
}
