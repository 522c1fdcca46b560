package batch

import (
	"testing"

	"skiff/internal/api/apitest"
)

func cronJob(spec string) string {
	return `{metadata: {name: c, namespace: ns}, spec: {` + spec + `, jobTemplate: {spec: {` + pods + `}}}}`
}

func TestCronJobRules(t *testing.T) {
	const zoned = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
	for spec, want := range map[string][]string{
		`schedule: "*/5 * * * *", timeZone: Europe/Berlin, startingDeadlineSeconds: 0`: nil,
		`schedule: "", concurrencyPolicy: Some`: {
			`spec.concurrencyPolicy: Unsupported value: "Some": supported values: "Allow", "Forbid", "Replace"`, "spec.schedule: Required value"},
		`schedule: "* *", startingDeadlineSeconds: -1, timeZone: "", successfulJobsHistoryLimit: -1, failedJobsHistoryLimit: -1`: {
			`spec.schedule: Invalid value: "* *": expected exactly 5 fields, found 2: [* *]`,
			"spec.startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0",
			`spec.timeZone: Invalid value: "": timeZone must be nil or non-empty string`,
			"spec.successfulJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0",
			"spec.failedJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0"},
		`schedule: "TZ=UTC * * * * *"`:       {`spec.schedule: Invalid value: "TZ=UTC * * * * *": ` + zoned},
		`schedule: "CRON_TZ=Mars 0 0 * * *"`: {`spec.schedule: Invalid value: "CRON_TZ=Mars 0 0 * * *": provided bad location Mars: unknown time zone Mars`, `spec.schedule: Invalid value: "CRON_TZ=Mars 0 0 * * *": ` + zoned},
		`schedule: "@TZ"`:                    {`spec.schedule: Invalid value: "@TZ": unrecognized descriptor: @TZ`, `spec.schedule: Invalid value: "@TZ": ` + zoned},
	} {
		apitest.Refused(t, CronJob, cronJob(spec), want...)
	}
	apitest.Refused(t, CronJob, `{metadata: {name: c23456789012345678901234567890123456789012345678901234, namespace: ns}, spec: {jobTemplate: {spec: {`+pods+`}}}}`,
		`metadata.name: Invalid value: "c23456789012345678901234567890123456789012345678901234": must be no more than 52 characters`, "spec.schedule: Required value")
	apitest.Refused(t, CronJob, `{metadata: {name: c, namespace: ns}, spec: {schedule: "@daily", failedJobsHistoryLimit: -1, jobTemplate: {spec: {parallelism: -1, manualSelector: true, selector: {}, `+pods+`}}}}`,
		"spec.jobTemplate.spec.parallelism: Invalid value: -1: must be greater than or equal to 0",
		"spec.jobTemplate.spec.selector: Invalid value: {}: `selector` will be auto-generated",
		`spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"`,
		"spec.failedJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0")
}

func TestTimeZones(t *testing.T) {
	const explicit = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
	for zone, want := range map[string][]string{
		"UTC": nil, "Etc/GMT+3": nil,
		"Local":                  {explicit},
		"LOCAL":                  {explicit, "unknown time zone LOCAL"},
		"Mars/Olympus":           {"unknown time zone Mars/Olympus"},
		"../etc":                 {"unknown time zone ../etc"},
		"./UTC":                  {"unknown time zone ./UTC"},
		"-UTC":                   {"unknown time zone -UTC"},
		"U TC":                   {"unknown time zone U TC"},
		"Europe/Berlinberlinber": {"unknown time zone Europe/Berlinberlinber"},
	} {
		for i, why := range want {
			want[i] = `spec.timeZone: Invalid value: "` + zone + `": ` + why
		}
		apitest.Refused(t, CronJob, cronJob(`schedule: "@daily", timeZone: "`+zone+`"`), want...)
	}
}

// What was stored before a rule may stay.
func TestCronJobUpdate(t *testing.T) {
	const both = "cannot use both timeZone field and TZ or CRON_TZ in schedule"
	for _, c := range []struct {
		old, spec string
		want      []string
	}{
		{`schedule: "TZ=UTC @daily"`, `schedule: "TZ=UTC @hourly"`, nil},
		{`schedule: "TZ=UTC @daily"`, `schedule: "TZ=UTC @daily", timeZone: UTC`, []string{`spec.schedule: Invalid value: "TZ=UTC @daily": ` + both}},
		{`schedule: "@daily"`, `schedule: "TZ=UTC @daily", timeZone: UTC`, []string{`spec.schedule: Invalid value: "TZ=UTC @daily": cannot use TZ or CRON_TZ in schedule, use timeZone field instead`}},
		{`schedule: "@daily", timeZone: Mars`, `schedule: "@hourly", timeZone: Mars`, nil},
		{`schedule: "@daily", timeZone: Mars`, `schedule: "@daily", timeZone: Moon`, []string{`spec.timeZone: Invalid value: "Moon": unknown time zone Moon`}},
		{`schedule: "@daily", timeZone: UTC`, `schedule: ""`, []string{"spec.schedule: Required value"}},
	} {
		apitest.Updated(t, CronJob, cronJob(c.old), cronJob(c.spec), c.want...)
	}
	const long = `metadata: {name: c23456789012345678901234567890123456789012345678901234, namespace: ns}`
	apitest.Updated(t, CronJob, `{`+long+`, spec: {schedule: "@daily", jobTemplate: {spec: {`+pods+`}}}}`, `{`+long+`, spec: {schedule: "@hourly", jobTemplate: {spec: {`+pods+`}}}}`)
}
