package batch

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/cron"
	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
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
		pod.DefaultTemplate(&o.Spec.JobTemplate.Spec.Template)
	},
	Validate:    validateCronJob,
	ValidateNew: validateCronJobName,
	Spec:        func(o *batchv1.CronJob) any { return o.Spec },
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

func validateCronJobName(o *batchv1.CronJob) field.ErrorList {
	if len(o.Name) > maxCronJobName {
		return field.ErrorList{field.Invalid(field.NewPath("metadata", "name"), o.Name, fmt.Sprintf("must be no more than %d characters", maxCronJobName))}
	}
	return nil
}

func validateCronJob(o *batchv1.CronJob) field.ErrorList {
	s, p := &o.Spec, field.NewPath("spec")
	errs := validateSchedule(p.Child("schedule"), s.Schedule)
	if z := s.TimeZone; z != nil {
		errs = append(errs, validateZone(p.Child("timeZone"), *z)...)
	}
	errs = append(errs, meta.NonNegativeOr(p.Child("startingDeadlineSeconds"), s.StartingDeadlineSeconds)...)
	errs = append(errs, meta.Enum(p.Child("concurrencyPolicy"), s.ConcurrencyPolicy,
		batchv1.AllowConcurrent, batchv1.ForbidConcurrent, batchv1.ReplaceConcurrent)...)
	jp := p.Child("jobTemplate", "spec")
	errs = append(errs, validateJobSpec(&s.JobTemplate.Spec, jp)...)
	if sel := s.JobTemplate.Spec.Selector; sel != nil {
		errs = append(errs, field.Invalid(jp.Child("selector"), sel, "`selector` will be auto-generated"))
	}
	if m := s.JobTemplate.Spec.ManualSelector; m != nil && *m {
		errs = append(errs, field.NotSupported(jp.Child("manualSelector"), "true", []string{"nil", "false"}))
	}
	errs = append(errs, meta.NonNegativeOr(p.Child("successfulJobsHistoryLimit"), s.SuccessfulJobsHistoryLimit)...)
	return append(errs, meta.NonNegativeOr(p.Child("failedJobsHistoryLimit"), s.FailedJobsHistoryLimit)...)
}

func validateSchedule(p *field.Path, schedule string) field.ErrorList {
	switch {
	case schedule == "":
		return field.ErrorList{field.Required(p, "")}
	case strings.Contains(schedule, "TZ="):
		return field.ErrorList{field.Invalid(p, schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead")}
	}
	if _, err := cron.Parse(schedule); err != nil {
		return field.ErrorList{field.Invalid(p, schedule, err.Error())}
	}
	return nil
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
