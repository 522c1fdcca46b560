package batch

import (
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/api/apitest"
)

func TestJobUpdate(t *testing.T) {
	const (
		immutable = ": field is immutable"
		indexed   = `completionMode: Indexed, completions: 2, parallelism: 2, `
		failures  = `podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: a}]}]}, `
		successes = `successPolicy: {rules: [{succeededCount: 1}]}, `
	)
	for _, c := range []struct {
		old, spec string
		want      []string
	}{
		{`completions: 2, `, `completions: 2, parallelism: 5, suspend: true, backoffLimit: 1, activeDeadlineSeconds: 5, ttlSecondsAfterFinished: 3, podReplacementPolicy: Failed, `, nil},
		{`completions: 2, `, `completions: 3, `, []string{"spec.completions: Invalid value: 3" + immutable}},
		{`completions: 2, `, `parallelism: 1, `, []string{"spec.completions: Invalid value: null" + immutable}},
		{indexed, `completionMode: Indexed, completions: 3, parallelism: 3, `, nil},
		{indexed, `completionMode: Indexed, completions: 3, parallelism: 2, `, []string{"spec.completions: Invalid value: 3: can only be modified in tandem with spec.parallelism"}},
		{indexed, `completionMode: Indexed, parallelism: 2, `, []string{"spec.completions: Required value: when completion mode is Indexed"}},
		{`completions: 2, `, indexed, []string{`spec.completionMode: Invalid value: "Indexed"` + immutable}},
		{``, `managedBy: a.b/c, `, []string{`spec.managedBy: Invalid value: "a.b/c"` + immutable}},
		{indexed, indexed + `backoffLimit: 6, backoffLimitPerIndex: 1, `, []string{"spec.backoffLimitPerIndex: Invalid value: 1" + immutable}},
		{indexed, indexed + successes, []string{`spec.successPolicy: Invalid value: {"rules":[{"succeededCount":1}]}` + immutable}},
		{``, failures, []string{`spec.podFailurePolicy: Invalid value: {"rules":[{"action":"Ignore","onPodConditions":[{"type":"a","status":"True"}]}]}` + immutable}},
		{``, `parallelism: -1, completions: 1, `, []string{"spec.parallelism: Invalid value: -1: must be greater than or equal to 0"}},
	} {
		apitest.Updated(t, Job, job(c.old+pods), job(c.spec+pods), c.want...)
	}
	apitest.Updated(t, Job, job(pods), `{metadata: {name: j, namespace: ns, uid: v}, spec: {`+pods+`}}`, `metadata.uid: Invalid value: "v": field is immutable`,
		`spec.selector: Invalid value: {"matchLabels":{"batch.kubernetes.io/controller-uid":"v"}}: field is immutable`, "spec.template: Invalid value: {")
	manual := func(v string) string {
		return job(`manualSelector: true, selector: {matchLabels: {a: ` + v + `}}, template: {metadata: {labels: {a: b}}, spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}`)
	}
	apitest.Updated(t, Job, manual("b"), manual("c"), "spec.template.metadata.labels: Invalid value: {\"a\":\"b\"}: `selector` does not match template `labels`",
		`spec.selector: Invalid value: {"matchLabels":{"a":"c"}}: field is immutable`)
}

// What may change of the template of a Job that is suspended: where its pods go
// and what they ask for.
func TestTemplateOfSuspendedJob(t *testing.T) {
	template := func(pod, container string) string {
		return `template: {metadata: {labels: {a: b}}, spec: {` + pod + `restartPolicy: Never, containers: [{name: c, image: i` + container + `}]}}`
	}
	free := []string{
		template(`nodeSelector: {a: b}, `, ``),
		template(`tolerations: [{key: a, operator: Exists}], `, ``),
		template(`schedulingGates: [{name: a}], `, ``),
		template(`affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, preference: {matchExpressions: [{key: a, operator: Exists}]}}]}}, `, ``),
		template(``, `, resources: {requests: {cpu: 1}, limits: {cpu: 2}}`),
		`template: {metadata: {labels: {c: d}, annotations: {e: f}}, spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}`,
	}
	bound := []string{
		template(``, `, env: [{name: a}]`),
		template(`hostIPC: true, `, ``),
		template(`affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: a}]}}, `, ``),
		`template: {metadata: {labels: {a: b}}, spec: {restartPolicy: Never, containers: [{name: c, image: i}, {name: d, image: i}]}}`,
	}
	change := func(from, to string, running func(*batchv1.Job), want ...string) {
		t.Helper()
		old := apitest.Stored(t, Job, job(from)).(*batchv1.Job)
		running(old)
		apitest.Errors(t, Job.ValidateUpdate(apitest.Stored(t, Job, job(to)), old), want...)
	}
	plain, now := template("", ""), metav1.Now()
	suspended := []batchv1.JobCondition{{Type: batchv1.JobSuspended, Status: "True"}}
	for _, pod := range free {
		change(`suspend: true, `+plain, `suspend: false, `+pod, func(o *batchv1.Job) {})
		change(`suspend: true, `+pod, `suspend: false, `+plain, func(o *batchv1.Job) {})
		change(`suspend: true, `+plain, pod, func(o *batchv1.Job) { o.Status.StartTime, o.Status.Conditions = &now, suspended })
		change(`suspend: true, `+plain, pod, func(o *batchv1.Job) { o.Status.StartTime = &now }, "spec.template: Invalid value: {")
		change(`suspend: true, `+plain, pod, func(o *batchv1.Job) { o.Status.Active = 1 }, "spec.template: Invalid value: {")
		change(plain, `suspend: true, `+pod, func(o *batchv1.Job) {}, "spec.template: Invalid value: {")
	}
	for _, pod := range bound {
		change(`suspend: true, `+plain, `suspend: true, `+pod, func(o *batchv1.Job) {}, "spec.template: Invalid value: {")
	}
}
