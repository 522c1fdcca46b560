package apps

import (
	"maps"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
	"skiff/internal/api/table"
)

// DaemonSet keeps one pod on each node.
var DaemonSet = api.Define(api.Kind[*appsv1.DaemonSet]{
	GVK: gv.WithKind("DaemonSet"), Plural: "daemonsets", Prefix: "daemonsets", Namespaced: true,
	ShortNames: []string{"ds"}, Categories: []string{"all"},
	New: api.New[appsv1.DaemonSet], NewList: api.NewList[appsv1.DaemonSetList],

	Default:       defaultDaemonSet,
	PrepareCreate: func(o *appsv1.DaemonSet) { setTemplateGeneration(o, templateGeneration(o)) },
	PrepareUpdate: func(o, old *appsv1.DaemonSet) {
		n := templateGeneration(old)
		if !equality.Semantic.DeepEqual(o.Spec.Template, old.Spec.Template) {
			n++
		}
		setTemplateGeneration(o, n)
	},
	Validate: validateDaemonSet,
	ValidateUpdate: func(o, old *appsv1.DaemonSet) field.ErrorList {
		return meta.Immutable(field.NewPath("spec", "selector"), o.Spec.Selector, old.Spec.Selector)
	},
	Warnings: func(o *appsv1.DaemonSet) []string { return pod.TemplateWarnings(&o.Spec.Template, templatePath) },
	UpdateWarnings: func(o, old *appsv1.DaemonSet) []string {
		return pod.TemplateUpdateWarnings(o, old, &o.Spec.Template, templatePath)
	},
	Spec: func(o *appsv1.DaemonSet) any { return &o.Spec },

	Parts: []api.PartOf[*appsv1.DaemonSet]{
		daemonSetStatus,
	},

	Columns: table.Of("Name", "Desired", "Current", "Ready", "Up-to-date", "Available", "Node Selector", "Age").
		Integers("Desired", "Current", "Ready", "Up-to-date", "Available").Wide("Containers", "Images", "Selector").
		Docs(map[string]string{
			"Desired":       appsv1.DaemonSetStatus{}.SwaggerDoc()["desiredNumberScheduled"],
			"Current":       appsv1.DaemonSetStatus{}.SwaggerDoc()["currentNumberScheduled"],
			"Ready":         appsv1.DaemonSetStatus{}.SwaggerDoc()["numberReady"],
			"Up-to-date":    appsv1.DaemonSetStatus{}.SwaggerDoc()["updatedNumberScheduled"],
			"Available":     appsv1.DaemonSetStatus{}.SwaggerDoc()["numberAvailable"],
			"Node Selector": corev1.PodSpec{}.SwaggerDoc()["nodeSelector"],
			"Selector":      appsv1.DaemonSetSpec{}.SwaggerDoc()["selector"],
		}),
	Row: daemonSetRow,
})

func defaultDaemonSet(o *appsv1.DaemonSet) {
	u := &o.Spec.UpdateStrategy
	meta.Fill(&u.Type, appsv1.RollingUpdateDaemonSetStrategyType)
	if u.Type == appsv1.RollingUpdateDaemonSetStrategyType {
		meta.FillPtr(&u.RollingUpdate, appsv1.RollingUpdateDaemonSet{})
		meta.FillPtr(&u.RollingUpdate.MaxUnavailable, intstr.FromInt32(1))
		meta.FillPtr(&u.RollingUpdate.MaxSurge, intstr.FromInt32(0))
	}
	meta.FillPtr(&o.Spec.RevisionHistoryLimit, revisionHistoryLimit)
	pod.DefaultTemplate(&o.Spec.Template)
}

// The generation of the template has no field in apps/v1 and lives in an
// annotation, for clients that grew up with the field.
func templateGeneration(o *appsv1.DaemonSet) int64 {
	n, err := strconv.ParseInt(o.Annotations[appsv1.DeprecatedTemplateGeneration], 10, 64)
	if err != nil || n < 1 {
		return 1
	}
	return n
}

func setTemplateGeneration(o *appsv1.DaemonSet, n int64) {
	if o.Annotations == nil {
		o.Annotations = map[string]string{}
	}
	o.Annotations[appsv1.DeprecatedTemplateGeneration] = strconv.FormatInt(n, 10)
}

// daemonSetStatus leaves the generation of the template alone, which stands in
// for a field of spec.
var daemonSetStatus = api.StatusOnly(func(dst, src *appsv1.DaemonSet) { dst.Status = src.Status }).
	Along(func(dst, src *appsv1.DaemonSet) {
		n := templateGeneration(dst)
		dst.Labels, dst.Annotations = src.Labels, maps.Clone(src.Annotations)
		setTemplateGeneration(dst, n)
	}).Validated(validateDaemonSetStatus)

func validateDaemonSet(o *appsv1.DaemonSet) field.ErrorList {
	s, p := &o.Spec, field.NewPath("spec")
	sp, tp := p.Child("selector"), p.Child("template")
	errs := meta.Selector(sp, s.Selector)
	if selector, err := metav1.LabelSelectorAsSelector(s.Selector); err == nil {
		errs = append(errs, selects(selector, &s.Template, tp)...)
	}
	errs = append(errs, notEmpty(sp, s.Selector, "daemonset")...)
	errs = append(errs, pod.ValidateTemplate(&s.Template, tp)...)
	errs = append(errs, endless(&s.Template, tp, "DaemonSet")...)
	errs = append(errs, meta.NonNegative(p.Child("minReadySeconds"), s.MinReadySeconds)...)
	errs = append(errs, validateDaemonStrategy(&s.UpdateStrategy, p.Child("updateStrategy"))...)
	return append(errs, meta.NonNegativeOr(p.Child("revisionHistoryLimit"), s.RevisionHistoryLimit)...)
}

func validateDaemonStrategy(s *appsv1.DaemonSetUpdateStrategy, p *field.Path) field.ErrorList {
	switch {
	case s.Type == appsv1.OnDeleteDaemonSetStrategyType:
		return nil
	case s.Type != appsv1.RollingUpdateDaemonSetStrategyType:
		return field.ErrorList{field.NotSupported(p, s, []appsv1.DaemonSetUpdateStrategyType{
			appsv1.RollingUpdateDaemonSetStrategyType, appsv1.OnDeleteDaemonSetStrategyType})}
	case s.RollingUpdate == nil:
		return field.ErrorList{field.Required(p.Child("rollingUpdate"), "")}
	}
	return validateDaemonRolling(s.RollingUpdate, p.Child("rollingUpdate"))
}

// validateDaemonRolling: of the two, exactly one moves the update.
func validateDaemonRolling(r *appsv1.RollingUpdateDaemonSet, p *field.Path) field.ErrorList {
	up, sp := p.Child("maxUnavailable"), p.Child("maxSurge")
	errs := meta.IntOrPercent(up, r.MaxUnavailable)
	errs = append(errs, meta.IntOrPercent(sp, r.MaxSurge)...)
	errs = append(errs, meta.AtMostAll(up, r.MaxUnavailable)...)
	errs = append(errs, meta.AtMostAll(sp, r.MaxSurge)...)
	switch u, s := meta.Zero(r.MaxUnavailable), meta.Zero(r.MaxSurge); {
	case u && s:
		errs = append(errs, field.Required(up, "cannot be 0 when maxSurge is 0"))
	case !u && !s:
		errs = append(errs, field.Invalid(sp, r.MaxSurge, "may not be set when maxUnavailable is non-zero"))
	}
	return errs
}

func validateDaemonSetStatus(o, old *appsv1.DaemonSet) field.ErrorList {
	s, p := &o.Status, field.NewPath("status")
	errs := meta.NonNegatives(p,
		meta.CountOf("currentNumberScheduled", &s.CurrentNumberScheduled), meta.CountOf("numberMisscheduled", &s.NumberMisscheduled),
		meta.CountOf("desiredNumberScheduled", &s.DesiredNumberScheduled), meta.CountOf("numberReady", &s.NumberReady),
		meta.CountOf("observedGeneration", &s.ObservedGeneration), meta.CountOf("updatedNumberScheduled", &s.UpdatedNumberScheduled),
		meta.CountOf("numberAvailable", &s.NumberAvailable), meta.CountOf("numberUnavailable", &s.NumberUnavailable),
		meta.CountOf("collisionCount", s.CollisionCount))
	return append(errs, collisions(p, s.CollisionCount, old.Status.CollisionCount)...)
}

func daemonSetRow(o *appsv1.DaemonSet) []any {
	names, images := table.Containers(o.Spec.Template.Spec.Containers)
	s := o.Status
	return []any{
		o.Name, int64(s.DesiredNumberScheduled), int64(s.CurrentNumberScheduled), int64(s.NumberReady),
		int64(s.UpdatedNumberScheduled), int64(s.NumberAvailable), table.Labels(o.Spec.Template.Spec.NodeSelector),
		table.Age(o.CreationTimestamp), names, images, table.Selector(o.Spec.Selector),
	}
}
