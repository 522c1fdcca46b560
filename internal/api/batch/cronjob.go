package batch

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"skiff/internal/api"
	"skiff/internal/api/cron"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// CronJob makes Jobs at set times.
var CronJob = api.Define(api.Kind[*batchv1.CronJob]{
	GVK: gv.WithKind("CronJob"), Plural: "cronjobs", Prefix: "cronjobs", Namespaced: true,
	ShortNames: []string{"cj"}, Categories: []string{"all"},
	New: api.New[batchv1.CronJob], NewList: api.NewList[batchv1.CronJobList],

	Default: func(o *batchv1.CronJob) {
		meta.Fill(&o.Spec.ConcurrencyPolicy, batchv1.AllowConcurrent)
		meta.FillPtr(&o.Spec.Suspend, false)
		meta.FillPtr(&o.Spec.SuccessfulJobsHistoryLimit, 3)
		meta.FillPtr(&o.Spec.FailedJobsHistoryLimit, 1)
		defaultJobTemplate(&o.Spec.JobTemplate.Spec)
	},
	PrepareCreate: func(o *batchv1.CronJob) { dropScheduling(&o.Spec.JobTemplate.Spec, nil) },
	PrepareUpdate: func(o, old *batchv1.CronJob) {
		dropScheduling(&o.Spec.JobTemplate.Spec, &old.Spec.JobTemplate.Spec)
	},
	ValidateNew:    validateNewCronJob,
	ValidateUpdate: validateCronJobUpdate,
	Warnings: func(o *batchv1.CronJob) []string {
		return append(meta.PodNameWarnings(o), jobWarnings(&o.Spec.JobTemplate.Spec, jobTemplate)...)
	},
	UpdateWarnings: cronJobUpdateWarnings,
	Spec:           func(o *batchv1.CronJob) any { return &o.Spec },
	Parts: []api.PartOf[*batchv1.CronJob]{
		api.Status(func(dst, src *batchv1.CronJob) { dst.Status = src.Status }),
	},

	Columns: table.Of("Name", "Schedule", "Timezone", "Suspend", "Active", "Last Schedule", "Age").
		Booleans("Suspend").Integers("Active").Wide("Containers", "Images", "Selector").
		Docs(map[string]string{
			"Schedule":      batchv1.CronJobSpec{}.SwaggerDoc()["schedule"],
			"Timezone":      batchv1.CronJobSpec{}.SwaggerDoc()["timeZone"],
			"Suspend":       batchv1.CronJobSpec{}.SwaggerDoc()["suspend"],
			"Active":        batchv1.CronJobStatus{}.SwaggerDoc()["active"],
			"Last Schedule": batchv1.CronJobStatus{}.SwaggerDoc()["lastScheduleTime"],
			"Selector":      batchv1.JobSpec{}.SwaggerDoc()["selector"],
		}),
	Row: cronJobRow,
})

// The names of a CronJob's Jobs are its own and 11 more characters.
const maxCronJobName = 63 - 11

func validateNewCronJob(o *batchv1.CronJob) field.ErrorList {
	errs := validateCronJobSpec(&o.Spec, nil)
	if len(o.Name) > maxCronJobName {
		errs = append(errs, field.Invalid(field.NewPath("metadata", "name"), o.Name, fmt.Sprintf("must be no more than %d characters", maxCronJobName)))
	}
	return append(errs, validateHasSchedule(o)...)
}

func validateCronJobUpdate(o, old *batchv1.CronJob) field.ErrorList {
	return append(validateCronJobSpec(&o.Spec, &old.Spec), validateHasSchedule(o)...)
}

func validateHasSchedule(o *batchv1.CronJob) field.ErrorList {
	return meta.Required(field.NewPath("spec", "schedule"), o.Spec.Schedule, nil)
}

var jobTemplate = field.NewPath("spec", "jobTemplate", "spec")

// validateCronJobSpec judges s, which changes old, if there is one.
func validateCronJobSpec(s, old *batchv1.CronJobSpec) field.ErrorList {
	p := field.NewPath("spec")
	var errs field.ErrorList
	if s.Schedule != "" {
		errs = validateSchedule(p.Child("schedule"), s, old != nil && strings.Contains(old.Schedule, "TZ"))
	}
	errs = append(errs, meta.NonNegativeOr(p.Child("startingDeadlineSeconds"), s.StartingDeadlineSeconds)...)
	if s.TimeZone != nil && (old == nil || !ptr.Equal(s.TimeZone, old.TimeZone)) {
		errs = append(errs, validateZone(p.Child("timeZone"), *s.TimeZone)...)
	}
	errs = append(errs, meta.Enum(p.Child("concurrencyPolicy"), s.ConcurrencyPolicy,
		batchv1.AllowConcurrent, batchv1.ForbidConcurrent, batchv1.ReplaceConcurrent)...)
	errs = append(errs, validateJobTemplate(&s.JobTemplate.Spec, jobTemplate)...)
	errs = append(errs, meta.NonNegativeOr(p.Child("successfulJobsHistoryLimit"), s.SuccessfulJobsHistoryLimit)...)
	return append(errs, meta.NonNegativeOr(p.Child("failedJobsHistoryLimit"), s.FailedJobsHistoryLimit)...)
}

// validateJobTemplate: each of the Jobs selects its pods by itself.
func validateJobTemplate(s *batchv1.JobSpec, p *field.Path) field.ErrorList {
	errs := validateJobSpec(s, p)
	if s.Selector != nil {
		errs = append(errs, field.Invalid(p.Child("selector"), s.Selector, "`selector` will be auto-generated"))
	}
	if ptr.Deref(s.ManualSelector, false) {
		errs = append(errs, field.NotSupported(p.Child("manualSelector"), s.ManualSelector, []string{"nil", "false"}))
	}
	return errs
}

// validateSchedule: a time zone in it was never meant to work, and is left alone
// only where it was before.
func validateSchedule(p *field.Path, s *batchv1.CronJobSpec, zoned bool) field.ErrorList {
	var errs field.ErrorList
	if _, err := cron.Parse(s.Schedule); err != nil {
		errs = append(errs, field.Invalid(p, s.Schedule, err.Error()))
	}
	switch has := strings.Contains(s.Schedule, "TZ"); {
	case has && !zoned:
		errs = append(errs, field.Invalid(p, s.Schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"))
	case has && s.TimeZone != nil:
		errs = append(errs, field.Invalid(p, s.Schedule, "cannot use both timeZone field and TZ or CRON_TZ in schedule"))
	}
	return errs
}

func cronJobUpdateWarnings(o, old *batchv1.CronJob) []string {
	var out []string
	if !equality.Semantic.DeepEqual(o.Spec, old.Spec) {
		out = jobWarnings(&o.Spec.JobTemplate.Spec, jobTemplate)
	}
	if strings.Contains(o.Spec.Schedule, "TZ") {
		out = append(out, "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, "+
			"see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details")
	}
	return out
}

// zonePart is one part of the name of a time zone.
var zonePart = regexp.MustCompile(`^[A-Za-z\.\-_0-9+]{1,14}$`)

// validateZone wants the name of a time zone that there is.
func validateZone(p *field.Path, zone string) field.ErrorList {
	if zone == "" {
		return field.ErrorList{field.Invalid(p, zone, "timeZone must be nil or non-empty string")}
	}
	for part := range strings.SplitSeq(zone, "/") {
		if part == "." || part == ".." || strings.HasPrefix(part, "-") || !zonePart.MatchString(part) {
			return field.ErrorList{field.Invalid(p, zone, "unknown time zone "+zone)}
		}
	}
	var errs field.ErrorList
	if strings.EqualFold(zone, "Local") {
		errs = append(errs, field.Invalid(p, zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"))
	}
	if _, err := time.LoadLocation(zone); err != nil {
		errs = append(errs, field.Invalid(p, zone, err.Error()))
	}
	return errs
}

func cronJobRow(o *batchv1.CronJob) []any {
	names, images := table.Containers(o.Spec.JobTemplate.Spec.Template.Spec.Containers)
	last, zone, suspend := table.None, table.None, table.Unset
	if t := o.Status.LastScheduleTime; t != nil {
		last = duration.HumanDuration(time.Since(t.Time))
	}
	if o.Spec.TimeZone != nil {
		zone = *o.Spec.TimeZone
	}
	if s := o.Spec.Suspend; s != nil {
		suspend = "False"
		if *s {
			suspend = "True"
		}
	}
	return []any{
		o.Name, o.Spec.Schedule, zone, suspend, int64(len(o.Status.Active)), last, table.Age(o.CreationTimestamp),
		names, images, table.Selector(o.Spec.JobTemplate.Spec.Selector),
	}
}
