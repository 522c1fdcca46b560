package batch

import (
	"fmt"
	"math"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
	"skiff/internal/api/table"
)

// Job runs pods until enough have succeeded.
var Job = api.Define(api.Kind[*batchv1.Job]{
	GVK: gv.WithKind("Job"), Plural: "jobs", Prefix: "jobs", Namespaced: true,
	Categories: []string{"all"},
	New:        api.New[batchv1.Job], NewList: api.NewList[batchv1.JobList],
	OrphanByDefault: true, DeleteWarnings: deleteWarnings,

	Default: defaultJob,
	PrepareCreate: func(o *batchv1.Job) {
		dropScheduling(&o.Spec, nil)
		selectOwnPods(o)
	},
	PrepareUpdate:  func(o, old *batchv1.Job) { dropScheduling(&o.Spec, &old.Spec) },
	ValidateNew:    func(o *batchv1.Job) field.ErrorList { return validateJob(o, true) },
	ValidateUpdate: validateJobUpdate,
	Warnings: func(o *batchv1.Job) []string {
		return append(meta.PodNameWarnings(o), jobWarnings(&o.Spec, field.NewPath("spec"))...)
	},
	UpdateWarnings: func(o, old *batchv1.Job) []string {
		if equality.Semantic.DeepEqual(o.Spec, old.Spec) {
			return nil
		}
		return jobWarnings(&o.Spec, field.NewPath("spec"))
	},
	Spec: func(o *batchv1.Job) any { return &o.Spec },
	Parts: []api.PartOf[*batchv1.Job]{
		api.Status(func(dst, src *batchv1.Job) { dst.Status = src.Status }).Validated(validateJobStatus),
	},

	Columns: table.Of("Name", "Status", "Completions", "Duration", "Age").Wide("Containers", "Images", "Selector").
		Docs(map[string]string{
			"Status": "Status of the job.", "Completions": batchv1.JobStatus{}.SwaggerDoc()["succeeded"],
			"Duration": "Time required to complete the job.", "Selector": batchv1.JobSpec{}.SwaggerDoc()["selector"],
		}),
	Row: jobRow,

	FieldNames: []string{"status.successful"},
	Fields: func(o *batchv1.Job) map[string]string {
		return map[string]string{"status.successful": fmt.Sprint(o.Status.Succeeded)}
	},
})

const backoffLimit = 6

// The labels of a Job's pods from before they had a domain.
const (
	legacyUIDLabel  = "controller-uid"
	legacyNameLabel = "job-name"
)

func defaultJob(o *batchv1.Job) {
	s := &o.Spec
	// Parallelism alone makes a work queue, whose completions stay unset.
	if s.Completions == nil && s.Parallelism == nil {
		s.Completions = new(int32(1))
	}
	meta.FillPtr(&s.Parallelism, 1)
	if s.BackoffLimitPerIndex != nil {
		meta.FillPtr(&s.BackoffLimit, math.MaxInt32)
	}
	meta.FillPtr(&s.BackoffLimit, backoffLimit)
	meta.FillPtr(&s.CompletionMode, batchv1.NonIndexedCompletion)
	meta.FillPtr(&s.Suspend, false)
	meta.FillPtr(&s.ManualSelector, false)
	replace := batchv1.TerminatingOrFailed
	if s.PodFailurePolicy != nil {
		replace = batchv1.Failed
	}
	meta.FillPtr(&s.PodReplacementPolicy, replace)
	if len(o.Labels) == 0 && len(s.Template.Labels) > 0 {
		o.Labels = map[string]string{}
		for k, v := range s.Template.Labels {
			o.Labels[k] = v
		}
	}
	defaultJobTemplate(s)
}

// defaultJobTemplate are the defaults that the template of a CronJob has too.
func defaultJobTemplate(s *batchv1.JobSpec) {
	if s.PodFailurePolicy != nil {
		for i := range s.PodFailurePolicy.Rules {
			for j := range s.PodFailurePolicy.Rules[i].OnPodConditions {
				meta.Fill(&s.PodFailurePolicy.Rules[i].OnPodConditions[j].Status, corev1.ConditionTrue)
			}
		}
	}
	pod.DefaultTemplate(&s.Template)
}

// dropScheduling: Jobs are not scheduled as workloads yet. What was stored keeps
// what it has.
func dropScheduling(s, old *batchv1.JobSpec) {
	if old == nil || old.Scheduling == nil {
		s.Scheduling = nil
	}
}

// selectOwnPods gives the Job's pods labels that no other's have, and selects
// them, unless the user does it by hand.
func selectOwnPods(o *batchv1.Job) {
	if m := o.Spec.ManualSelector; m != nil && *m {
		return
	}
	if o.Spec.Template.Labels == nil {
		o.Spec.Template.Labels = map[string]string{}
	}
	uid := string(o.UID)
	labels := map[string]string{batchv1.ControllerUidLabel: uid, legacyUIDLabel: uid}
	if o.Name != "" { // a name that is still to be generated is no label
		labels[batchv1.JobNameLabel], labels[legacyNameLabel] = o.Name, o.Name
	}
	for key, value := range labels {
		if _, there := o.Spec.Template.Labels[key]; !there {
			o.Spec.Template.Labels[key] = value
		}
	}
	if o.Spec.Selector == nil {
		o.Spec.Selector = &metav1.LabelSelector{}
	}
	if o.Spec.Selector.MatchLabels == nil {
		o.Spec.Selector.MatchLabels = map[string]string{}
	}
	if _, there := o.Spec.Selector.MatchLabels[batchv1.ControllerUidLabel]; !there {
		o.Spec.Selector.MatchLabels[batchv1.ControllerUidLabel] = uid
	}
}

// deleteWarnings: most who delete a Job would be rid of its pods too.
func deleteWarnings(o *metav1.DeleteOptions) []string {
	if o.PropagationPolicy != nil || o.OrphanDependents != nil {
		return nil
	}
	return []string{"child pods are preserved by default when jobs are deleted; " +
		"set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning"}
}

func jobRow(o *batchv1.Job) []any {
	names, images := table.Containers(o.Spec.Template.Spec.Containers)
	took := ""
	switch {
	case o.Status.StartTime == nil:
	case o.Status.CompletionTime == nil:
		took = duration.HumanDuration(time.Since(o.Status.StartTime.Time))
	default:
		took = duration.HumanDuration(o.Status.CompletionTime.Sub(o.Status.StartTime.Time))
	}
	return []any{
		o.Name, jobStatus(o), completions(o), took, table.Age(o.CreationTimestamp),
		names, images, table.Selector(o.Spec.Selector),
	}
}

func completions(o *batchv1.Job) string {
	switch s := &o.Spec; {
	case s.Completions != nil:
		return fmt.Sprintf("%d/%d", o.Status.Succeeded, *s.Completions)
	case s.Parallelism != nil && *s.Parallelism > 1:
		return fmt.Sprintf("%d/1 of %d", o.Status.Succeeded, *s.Parallelism)
	}
	return fmt.Sprintf("%d/1", o.Status.Succeeded)
}

func jobStatus(o *batchv1.Job) string {
	has := func(t batchv1.JobConditionType) bool {
		for _, c := range o.Status.Conditions {
			if c.Type == t {
				return c.Status == corev1.ConditionTrue
			}
		}
		return false
	}
	switch {
	case has(batchv1.JobComplete):
		return "Complete"
	case has(batchv1.JobFailed):
		return "Failed"
	case o.DeletionTimestamp != nil:
		return "Terminating"
	case has(batchv1.JobSuspended):
		return "Suspended"
	case has(batchv1.JobFailureTarget):
		return "FailureTarget"
	case has(batchv1.JobSuccessCriteriaMet):
		return "SuccessCriteriaMet"
	}
	return "Running"
}
