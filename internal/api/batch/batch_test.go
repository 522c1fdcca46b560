package batch

import (
	"testing"
	"testing/synctest"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/api/apitest"
)

func TestJobCreate(t *testing.T) {
	o := apitest.Defaulted(t, Job, `{metadata: {name: j, uid: u-1}, spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: "i:1"}]}}}, status: {active: 3}}`)
	Job.PrepareCreate(o)
	apitest.Same(t, o, `
metadata: {name: j, uid: u-1}
spec:
  backoffLimit: 6
  completionMode: NonIndexed
  completions: 1
  manualSelector: false
  parallelism: 1
  podReplacementPolicy: TerminatingOrFailed
  selector: {matchLabels: {batch.kubernetes.io/controller-uid: u-1}}
  suspend: false
  template:
    metadata:
      labels: {batch.kubernetes.io/controller-uid: u-1, batch.kubernetes.io/job-name: j, controller-uid: u-1, job-name: j}
    spec:
      containers: [{name: c, image: "i:1", imagePullPolicy: IfNotPresent, resources: {}, terminationMessagePath: /dev/termination-log, terminationMessagePolicy: File}]
      dnsPolicy: ClusterFirst
      restartPolicy: Never
      schedulerName: default-scheduler
      securityContext: {}
      terminationGracePeriodSeconds: 30
status: {}
`)
}

func TestJobValidation(t *testing.T) {
	apitest.Refused(t, Job, `{metadata: {name: j, namespace: ns}, spec: {parallelism: -1, template: {spec: {containers: [{name: c, image: i}]}}}}`,
		"spec.parallelism: Invalid value: -1: must be greater than or equal to 0",
		`spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"`)
	apitest.Refused(t, Job, `{metadata: {name: j, namespace: ns}, spec: {manualSelector: true, completionMode: Indexed, parallelism: 1, template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}`,
		"spec.completions: Required value: when completion mode is Indexed", "spec.selector: Required value",
		"spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`")
}

func TestJobDefaults(t *testing.T) {
	for spec, want := range map[string]string{
		`completions: 2, `: `backoffLimit: 6, completionMode: NonIndexed, completions: 2, manualSelector: false, parallelism: 1, podReplacementPolicy: TerminatingOrFailed, suspend: false`,
		`parallelism: 2, `: `backoffLimit: 6, completionMode: NonIndexed, manualSelector: false, parallelism: 2, podReplacementPolicy: TerminatingOrFailed, suspend: false`,
		`suspend: true, manualSelector: true, backoffLimitPerIndex: 1, completionMode: Indexed, completions: 1, podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: a}, {type: b, status: "False"}]}]}, `: `backoffLimit: 2147483647,
			completionMode: Indexed, completions: 1, manualSelector: true, parallelism: 1, podReplacementPolicy: Failed, suspend: true, backoffLimitPerIndex: 1,
			podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: a, status: "True"}, {type: b, status: "False"}]}]}`,
	} {
		o := apitest.Defaulted(t, Job, job(spec+pods)).(*batchv1.Job)
		o.Spec.Template = corev1.PodTemplateSpec{}
		apitest.Same(t, o.Spec, `{`+want+`, template: {metadata: {}, spec: {containers: null}}}`)
	}
	o := apitest.Defaulted(t, Job, `{spec: {template: {metadata: {labels: {a: b}}}}}`)
	if o.GetLabels()["a"] != "b" {
		t.Errorf("a Job without labels has not those of its pods: %v", o.GetLabels())
	}
	if o = apitest.Defaulted(t, Job, `{metadata: {labels: {c: d}}, spec: {template: {metadata: {labels: {a: b}}}}}`); o.GetLabels()["a"] != "" {
		t.Errorf("a Job with labels has those of its pods too: %v", o.GetLabels())
	}
}

func TestJobRow(t *testing.T) {
	apitest.Row(t, Job, `{metadata: {name: j}, spec: {completions: 2}, status: {succeeded: 1, startTime: "2000-01-01T00:00:00Z", completionTime: "2000-01-01T00:01:30Z", conditions: [{type: Complete, status: "True"}]}}`,
		"j | Complete | 1/2 | 90s | <unknown> |  |  | <none>")
	apitest.Row(t, Job, `{metadata: {name: j}, spec: {parallelism: 3}}`, "j | Running | 0/1 of 3 |  | <unknown> |  |  | <none>")
}

func TestCronJob(t *testing.T) {
	const job = `jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}`
	o := apitest.Created(t, CronJob, `{metadata: {name: c, namespace: ns}, spec: {schedule: "*/5 * * * *", `+job+`}}`).(*batchv1.CronJob)
	if s := o.Spec; s.ConcurrencyPolicy != "Allow" || *s.Suspend || *s.SuccessfulJobsHistoryLimit != 3 || *s.FailedJobsHistoryLimit != 1 {
		t.Errorf("defaults %+v", s)
	}
	conditions := apitest.Created(t, CronJob, `{spec: {jobTemplate: {spec: {podFailurePolicy: {rules: [{onPodConditions: [{type: a}]}]}}}}}`).(*batchv1.CronJob)
	if c := conditions.Spec.JobTemplate.Spec.PodFailurePolicy.Rules[0].OnPodConditions[0]; c.Status != "True" {
		t.Errorf("condition of failure %+v", c)
	}
	if j := o.Spec.JobTemplate.Spec; j.ManualSelector != nil || j.BackoffLimit != nil || j.Template.Spec.DNSPolicy == "" {
		t.Errorf("the template of the Job has defaults of a Job, or its pods have none: %+v", j)
	}
	synctest.Test(t, func(t *testing.T) { // where it is midnight of 2000-01-01
		apitest.Row(t, CronJob, `{metadata: {name: c}, spec: {schedule: "@daily", suspend: true}, status: {lastScheduleTime: "1999-12-31T23:50:00Z", active: [{}]}}`,
			"c | @daily | <none> | True | 1 | 10m | <unknown> |  |  | <none>")
	})
}

func TestDeleteWarnings(t *testing.T) {
	orphan, policy := false, metav1.DeletePropagationOrphan
	for _, c := range []struct {
		o    metav1.DeleteOptions
		want int
	}{{metav1.DeleteOptions{}, 1}, {metav1.DeleteOptions{OrphanDependents: &orphan}, 0}, {metav1.DeleteOptions{PropagationPolicy: &policy}, 0}} {
		if got := Job.DeleteWarnings(&c.o); len(got) != c.want {
			t.Errorf("%+v: %q", c.o, got)
		}
	}
}
