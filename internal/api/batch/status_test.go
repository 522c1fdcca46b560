package batch

import (
	"testing"

	"skiff/internal/api/apitest"
)

const (
	early = `"2000-01-01T00:00:00Z"`
	late  = `"2000-01-01T01:00:00Z"`
)

// conditions are those that are True, as a field of status.
func conditions(types ...string) string {
	text := "conditions: ["
	for _, t := range types {
		text += `{type: ` + t + `, status: "True"}, `
	}
	return text + "]"
}

// change is a write of a Job's status, which spec and old precede.
type change struct {
	spec, old, status string
	want              []string
}

func (c change) test(t *testing.T) {
	t.Helper()
	head := `{metadata: {name: j, namespace: ns}, spec: {` + c.spec + `}, status: {`
	apitest.PartUpdated(t, Job, "status", head+c.old+`}}`, head+c.status+`}}`, c.want...)
}

const (
	started   = `startTime: ` + early
	completed = started + `, completionTime: ` + late
	indexedBy = `completionMode: Indexed, completions: 5, backoffLimitPerIndex: 1`
)

// What is wrong is said when it comes about, and not again when something else
// changes.
func TestJobStatusRules(t *testing.T) {
	const p = "status.conditions: Invalid value: "
	complete, failed := conditions("SuccessCriteriaMet", "Complete"), conditions("FailureTarget", "Failed")
	for _, c := range []change{
		{"", "", conditions("Complete", "Failed", "SuccessCriteriaMet", "FailureTarget") + `, ` + completed, []string{
			p + "cannot set Complete=True and Failed=true conditions", p + "cannot set Complete=True and FailureTarget=true conditions",
			p + "cannot set SuccessCriteriaMet=True and Failed=true conditions", p + "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions"}},
		{"", "", completed, []string{`status.completionTime: Invalid value: "2000-01-01T01:00:00Z": cannot set completionTime when there is no Complete=True condition`}},
		{"", "", started + `, ` + complete, []string{"status.completionTime: Required value: completionTime is required for Complete jobs"}},
		{"", "", `startTime: ` + late + `, completionTime: ` + early + `, ` + complete, []string{"status.completionTime: Invalid value: \"2000-01-01T00:00:00Z\": must be equal to or after `startTime`"}},
		{"", "", started + `, ` + conditions("Failed"), []string{p + "cannot set Failed=True condition without the FailureTarget=true condition"}},
		{"", "", completed + `, ` + conditions("Complete"), []string{p + "cannot set Complete=True condition without the SuccessCriteriaMet=true condition"}},
		{"", "", `active: 1, ` + started + `, ` + failed, []string{"status.active: Invalid value: 1: active>0 is invalid for finished job"}},
		{"", "", failed, []string{"status.startTime: Required value: startTime is required for finished job"}},
		{"", "", started + `, uncountedTerminatedPods: {failed: [a]}, ` + failed, []string{`status.uncountedTerminatedPods: Invalid value: {"failed":["a"]}: must be empty for finished job`}},
		{indexedBy, "", `completedIndexes: "0,9"`, []string{`status.completedIndexes: Invalid value: "0,9": error parsing completedIndexes: too large index: "9"`}},
		{indexedBy, "", `failedIndexes: "3,1"`, []string{`status.failedIndexes: Invalid value: "3,1": error parsing failedIndexes: non-increasing order, previous: 3, current: 1`}},
		{"completions: 5", "", `completedIndexes: "0"`, []string{`status.completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when non-indexed completion mode`}},
		{"completionMode: Indexed, completions: 5", "", `failedIndexes: ""`, []string{`status.failedIndexes: Invalid value: "": cannot set non-null failedIndexes when backoffLimitPerIndex is null`}},
		{indexedBy, "", `completedIndexes: "0,2-4", failedIndexes: "1,3"`, []string{`status.failedIndexes: Invalid value: "1,3": failedIndexes and completedIndexes overlap at index: 3`}},
		{"", "", `terminating: 1, ` + started + `, ` + failed, []string{"status.terminating: Invalid value: 1: terminating>0 is invalid for finished job"}},
		{"", "", `active: 1, ready: 2`, []string{"status.ready: Invalid value: 2: cannot set more ready pods than active"}},
	} {
		c.test(t)
		change{c.spec, c.status, c.status + `, failed: 1`, steady(c.want)}.test(t)
	}
	for _, c := range []change{
		{"", "", `active: -1, succeeded: -1, failed: -1, ready: -1, terminating: -1`, []string{
			"status.active" + negative, "status.succeeded" + negative, "status.failed" + negative, "status.ready" + negative, "status.terminating" + negative,
			"status.failed: Invalid value: -1: cannot decrease the failed counter", "status.succeeded: Invalid value: -1: cannot decrease the succeeded counter"}},
		{"", "", `uncountedTerminatedPods: {succeeded: [a, ""], failed: [b, a]}`, []string{
			`status.uncountedTerminatedPods.succeeded[1]: Invalid value: "": must not be empty`, `status.uncountedTerminatedPods.failed[1]: Duplicate value: "a"`}},
		{"", "", `active: 1, ready: 1, ` + started, nil},
		{"", started + `, ` + conditions("SuccessCriteriaMet"), `succeeded: 1, ` + completed + `, ` + complete, nil},
		{"suspend: true, completions: 0", "", `completionTime: ` + early + `, ` + complete, nil},
		{"suspend: true", "", `completionTime: ` + early + `, ` + complete, []string{"status.startTime: Required value: startTime is required for finished job"}},
		{indexedBy, "", `completedIndexes: "0,2-4", failedIndexes: "1"`, nil},
		{"successPolicy: {rules: []}", "", completed + `, ` + conditions("Complete"), []string{
			p + "cannot set Complete=True condition without the SuccessCriteriaMet=true condition",
			p + "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True"}},
	} {
		c.test(t)
	}
}

const negative = ": Invalid value: -1: must be greater than or equal to 0"

// steady are those of want that are said whatever has changed.
func steady(want []string) (out []string) {
	for _, w := range want {
		if w == "status.conditions: Invalid value: cannot set SuccessCriteriaMet=True and Failed=true conditions" ||
			w == "status.conditions: Invalid value: cannot set SuccessCriteriaMet=True and FailureTarget=true conditions" {
			out = append(out, w)
		}
	}
	return out
}

// A status does not take back what it said.
func TestJobStatusGoesForward(t *testing.T) {
	const p = "status.conditions: Invalid value: "
	const moved = "field is immutable for unsuspended job once set"
	complete := completed + `, ` + conditions("SuccessCriteriaMet", "Complete")
	for _, c := range []change{
		{"", complete, completed, []string{
			`status.completionTime: Invalid value: "2000-01-01T01:00:00Z": cannot set completionTime when there is no Complete=True condition`,
			p + "cannot disable the terminal Complete=True condition", p + "cannot disable the SuccessCriteriaMet=True condition"}},
		{"", started + `, ` + conditions("FailureTarget", "Failed"), started, []string{
			p + "cannot disable the terminal Failed=True condition", p + "cannot disable the terminal FailureTarget=True condition"}},
		{"", `failed: 2, succeeded: 2`, `failed: 1, succeeded: 1`, []string{
			"status.failed: Invalid value: 1: cannot decrease the failed counter", "status.succeeded: Invalid value: 1: cannot decrease the succeeded counter"}},
		{"completionMode: Indexed, completions: 2, parallelism: 2", `succeeded: 2`, `succeeded: 1`, nil},
		{"completionMode: Indexed, completions: 2, parallelism: 1", `succeeded: 2`, `succeeded: 1`, []string{"status.succeeded: Invalid value: 1: cannot decrease the succeeded counter"}},
		{"", complete, `startTime: ` + early + `, completionTime: "2000-01-01T02:00:00Z", ` + conditions("SuccessCriteriaMet", "Complete"), []string{
			`status.completionTime: Invalid value: "2000-01-01T02:00:00Z": field is immutable`}},
		{"", started, `startTime: ` + late, []string{`status.startTime: Invalid value: "2000-01-01T01:00:00Z": ` + moved}},
		{"", started, ``, []string{`status.startTime: Invalid value: null: ` + moved}},
		{"suspend: true", started, ``, nil},
		{"suspend: false", started + `, ` + conditions("Suspended"), `startTime: ` + late + `, conditions: [{type: Suspended, status: "False"}]`, nil},
		{"", ``, started, nil},
		{"", completed + `, ` + conditions("Complete"), complete, []string{p + "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions"}},
	} {
		c.test(t)
	}
}
