package batch

import (
	"testing"
	"testing/synctest"

	batchv1 "k8s.io/api/batch/v1"

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

func TestJobUpdate(t *testing.T) {
	job := func(spec, pod string) string {
		return `{metadata: {name: j, namespace: ns}, spec: {` + spec + `, template: {spec: {` + pod + `restartPolicy: Never, containers: [{name: c, image: i}]}}}}`
	}
	apitest.Updated(t, Job, job("completions: 2", ""), job("completions: 2, parallelism: 5, suspend: true", ""))
	apitest.Updated(t, Job, job("completions: 2", ""), job("completions: 3", "hostIPC: true, "),
		"spec.completions: Invalid value: 3: field is immutable", "spec.template: Invalid value: {")
	apitest.Updated(t, Job, job("suspend: true", ""), job("suspend: false", "nodeSelector: {a: b}, "))
	apitest.Updated(t, Job, job("completionMode: Indexed, completions: 2, parallelism: 2", ""), job("completionMode: Indexed, completions: 3, parallelism: 3", ""))
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
	if j := o.Spec.JobTemplate.Spec; j.BackoffLimit != nil || j.Template.Spec.DNSPolicy == "" {
		t.Errorf("the template of the Job has defaults of a Job, or its pods have none: %+v", j)
	}
	apitest.Refused(t, CronJob, `{metadata: {name: c23456789012345678901234567890123456789012345678901234, namespace: ns}, spec: {schedule: "TZ=UTC * * * * *", timeZone: Local, concurrencyPolicy: Some, `+job+`}}`,
		`spec.schedule: Invalid value: "TZ=UTC * * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead`,
		`spec.timeZone: Invalid value: "Local": timeZone must be an explicit time zone`,
		`spec.concurrencyPolicy: Unsupported value: "Some": supported values: "Allow", "Forbid", "Replace"`,
		`metadata.name: Invalid value: "c23456789012345678901234567890123456789012345678901234": must be no more than 52 characters`)
	apitest.Refused(t, CronJob, `{metadata: {name: c, namespace: ns}, spec: {schedule: "@daily", timeZone: Mars/Olympus, jobTemplate: {spec: {selector: {}, template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}}}`,
		`spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus`,
		"spec.jobTemplate.spec.selector: Invalid value: {}: `selector` will be auto-generated")
	synctest.Test(t, func(t *testing.T) { // where it is midnight of 2000-01-01
		apitest.Row(t, CronJob, `{metadata: {name: c}, spec: {schedule: "@daily", suspend: true}, status: {lastScheduleTime: "1999-12-31T23:50:00Z", active: [{}]}}`,
			"c | @daily | <none> | True | 1 | 10m | <unknown> |  |  | <none>")
	})
}
