package apps

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
	"skiff/internal/api/table"
	"skiff/internal/api/volume"
)

// StatefulSet keeps numbered pods, each with its own storage.
var StatefulSet = api.Define(api.Kind[*appsv1.StatefulSet]{
	GVK: gv.WithKind("StatefulSet"), Plural: "statefulsets", Prefix: "statefulsets", Namespaced: true,
	ShortNames: []string{"sts"}, Categories: []string{"all"},
	New: api.New[appsv1.StatefulSet], NewList: api.NewList[appsv1.StatefulSetList],

	ValidateNameOf: statefulSetName,
	Default:        defaultStatefulSet,
	ValidateNew:    func(o *appsv1.StatefulSet) field.ErrorList { return validateStatefulSet(o, forNew) },
	ValidateUpdate: validateStatefulSetUpdate,
	Warnings: func(o *appsv1.StatefulSet) []string {
		return append(pod.TemplateWarnings(&o.Spec.Template, templatePath), statefulSetWarnings(o)...)
	},
	UpdateWarnings: func(o, old *appsv1.StatefulSet) []string {
		return append(pod.TemplateUpdateWarnings(o, old, &o.Spec.Template, templatePath), statefulSetWarnings(o)...)
	},
	Spec: func(o *appsv1.StatefulSet) any { return &o.Spec },

	Parts: []api.PartOf[*appsv1.StatefulSet]{
		api.Status(func(dst, src *appsv1.StatefulSet) { dst.Status = src.Status }).Validated(validateStatefulSetStatus),
	},
	Scale: &api.ScaleOf[*appsv1.StatefulSet]{
		Get: func(o *appsv1.StatefulSet) *autoscalingv1.Scale {
			return api.ScaleObject(o, o.Spec.Replicas, o.Status.Replicas, api.SelectorString(o.Spec.Selector))
		},
		Set: func(o *appsv1.StatefulSet, replicas int32) { o.Spec.Replicas = &replicas },
	},

	Columns: table.Of("Name", "Ready", "Age").Wide("Containers", "Images").
		Docs(map[string]string{"Ready": "Number of the pod with ready state"}),
	Row: statefulSetRow,
})

func defaultStatefulSet(o *appsv1.StatefulSet) {
	s := &o.Spec
	meta.FillPtr(&s.Replicas, 1)
	meta.FillPtr(&s.RevisionHistoryLimit, revisionHistoryLimit)
	meta.Fill(&s.PodManagementPolicy, appsv1.OrderedReadyPodManagement)
	if s.UpdateStrategy.Type == "" {
		s.UpdateStrategy.Type = appsv1.RollingUpdateStatefulSetStrategyType
		meta.FillPtr(&s.UpdateStrategy.RollingUpdate, appsv1.RollingUpdateStatefulSetStrategy{})
	}
	if r := s.UpdateStrategy.RollingUpdate; r != nil && s.UpdateStrategy.Type == appsv1.RollingUpdateStatefulSetStrategyType {
		meta.FillPtr(&r.Partition, 0)
		meta.FillPtr(&r.MaxUnavailable, intstr.FromInt32(1))
	}
	meta.FillPtr(&s.PersistentVolumeClaimRetentionPolicy, appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{})
	meta.Fill(&s.PersistentVolumeClaimRetentionPolicy.WhenDeleted, appsv1.RetainPersistentVolumeClaimRetentionPolicyType)
	meta.Fill(&s.PersistentVolumeClaimRetentionPolicy.WhenScaled, appsv1.RetainPersistentVolumeClaimRetentionPolicyType)
	for i := range s.VolumeClaimTemplates {
		c := &s.VolumeClaimTemplates[i]
		c.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("PersistentVolumeClaim"))
		meta.FillPtr(&c.Spec.VolumeMode, corev1.PersistentVolumeFilesystem)
		meta.Fill(&c.Status.Phase, corev1.ClaimPending)
	}
	pod.DefaultTemplate(&s.Template)
}

// statefulSetName: the pods' names begin with it. Sets from when any subdomain
// would do can still be updated, if only to be rid of them.
func statefulSetName(o *appsv1.StatefulSet) func(string, bool) []string {
	if o.ResourceVersion != "" {
		return meta.PathSegment
	}
	return meta.Label
}

// setRules are the rules that not every StatefulSet must obey: those that came
// late do not bind what was stored before them.
type setRules struct{ names, claims, pods bool }

var forNew = setRules{names: true, claims: true, pods: true}

func validateStatefulSet(o *appsv1.StatefulSet, rules setRules) field.ErrorList {
	s, p := &o.Spec, field.NewPath("spec")
	errs := validatePodManagement(s.PodManagementPolicy, p.Child("podManagementPolicy"))
	errs = append(errs, validateSetStrategy(&s.UpdateStrategy, p.Child("updateStrategy"))...)
	errs = append(errs, validateRetention(s.PersistentVolumeClaimRetentionPolicy, p.Child("persistentVolumeClaimRetentionPolicy"))...)
	for i := range s.VolumeClaimTemplates {
		if rules.claims {
			errs = append(errs, volume.ValidateClaimSpec(&s.VolumeClaimTemplates[i].Spec, p.Child("volumeClaimTemplates").Index(i).Child("spec"))...)
		}
	}
	errs = append(errs, meta.NonNegativeOr(p.Child("replicas"), s.Replicas)...)
	errs = append(errs, meta.NonNegative(p.Child("minReadySeconds"), s.MinReadySeconds)...)
	if s.Ordinals != nil {
		errs = append(errs, meta.NonNegative(p.Child("ordinals.start"), s.Ordinals.Start)...)
	}
	if rules.names {
		errs = append(errs, meta.Optional(p.Child("serviceName"), s.ServiceName, validation.IsDNS1123Label)...)
	}
	return append(errs, validateSetPods(o, p, rules.pods)...)
}

func validatePodManagement(m appsv1.PodManagementPolicyType, p *field.Path) field.ErrorList {
	switch m {
	case appsv1.OrderedReadyPodManagement, appsv1.ParallelPodManagement:
		return nil
	case "":
		return field.ErrorList{field.Required(p, "")}
	}
	return field.ErrorList{field.Invalid(p, m, "must be 'OrderedReady' or 'Parallel'")}
}

func validateSetStrategy(s *appsv1.StatefulSetUpdateStrategy, p *field.Path) field.ErrorList {
	rp := p.Child("rollingUpdate")
	switch r := s.RollingUpdate; s.Type {
	case appsv1.OnDeleteStatefulSetStrategyType:
		if r != nil {
			return field.ErrorList{field.Invalid(rp, r, "only allowed for updateStrategy 'RollingUpdate'")}
		}
		return nil
	case appsv1.RollingUpdateStatefulSetStrategyType:
		if r != nil {
			return validateSetRolling(r, rp)
		}
		return nil
	case "":
		return field.ErrorList{field.Required(p, "")}
	}
	return field.ErrorList{field.Invalid(p, s, "must be 'RollingUpdate' or 'OnDelete'")}
}

func validateSetRolling(r *appsv1.RollingUpdateStatefulSetStrategy, p *field.Path) field.ErrorList {
	up := p.Child("maxUnavailable")
	errs := meta.NonNegativeOr(p.Child("partition"), r.Partition)
	if r.MaxUnavailable == nil {
		return errs
	}
	errs = append(errs, meta.IntOrPercent(up, r.MaxUnavailable)...)
	if meta.Zero(r.MaxUnavailable) {
		errs = append(errs, field.Invalid(up, *r.MaxUnavailable, "cannot be 0"))
	}
	return append(errs, meta.AtMostAll(up, r.MaxUnavailable)...)
}

// validateRetention judges what becomes of the claims of pods that go.
func validateRetention(c *appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy, p *field.Path) field.ErrorList {
	if c == nil {
		return nil
	}
	policies := []appsv1.PersistentVolumeClaimRetentionPolicyType{
		appsv1.RetainPersistentVolumeClaimRetentionPolicyType, appsv1.DeletePersistentVolumeClaimRetentionPolicyType,
	}
	errs := meta.OneOf(p.Child("whenDeleted"), c.WhenDeleted, policies...)
	return append(errs, meta.OneOf(p.Child("whenScaled"), c.WhenScaled, policies...)...)
}

// validateSetPods judges the selector, and the template if withSpec is set.
func validateSetPods(o *appsv1.StatefulSet, p *field.Path, withSpec bool) field.ErrorList {
	s, sp, tp := &o.Spec, p.Child("selector"), p.Child("template")
	errs := selectorRules(sp, s.Selector, "statefulset")
	if selector, err := metav1.LabelSelectorAsSelector(s.Selector); err != nil {
		errs = append(errs, field.Invalid(sp, s.Selector, ""))
	} else {
		errs = append(errs, selects(selector, &s.Template, tp)...)
		if withSpec {
			errs = append(errs, pod.ValidateTemplate(withClaimVolumes(o), tp)...)
		}
	}
	return append(errs, endless(&s.Template, tp, "StatefulSet")...)
}

func statefulSetWarnings(o *appsv1.StatefulSet) []string {
	if n := o.Spec.RevisionHistoryLimit; n != nil && *n < 0 {
		return []string{"spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended"}
	}
	return nil
}

// withClaimVolumes is the template with the volumes that the pods will get from
// their claims, so that mounts of them are found.
func withClaimVolumes(o *appsv1.StatefulSet) *corev1.PodTemplateSpec {
	if len(o.Spec.VolumeClaimTemplates) == 0 {
		return &o.Spec.Template
	}
	t := o.Spec.Template.DeepCopy()
	given := map[string]bool{}
	for _, c := range o.Spec.VolumeClaimTemplates {
		given[c.Name] = true
	}
	volumes := t.Spec.Volumes
	t.Spec.Volumes = nil
	for _, v := range volumes {
		if !given[v.Name] {
			t.Spec.Volumes = append(t.Spec.Volumes, v)
		}
	}
	for _, c := range o.Spec.VolumeClaimTemplates {
		t.Spec.Volumes = append(t.Spec.Volumes, corev1.Volume{Name: c.Name, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: c.Name},
		}})
	}
	return t
}

const statefulSetMessage = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', " +
	"'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"

func validateStatefulSetUpdate(o, old *appsv1.StatefulSet) field.ErrorList {
	errs := validateStatefulSet(o, setRules{pods: len(validateStatefulSet(old, setRules{pods: true})) == 0})
	s := old.Spec // a copy; what may change is taken from o
	s.Replicas, s.Ordinals, s.Template = o.Spec.Replicas, o.Spec.Ordinals, o.Spec.Template
	s.UpdateStrategy, s.RevisionHistoryLimit = o.Spec.UpdateStrategy, o.Spec.RevisionHistoryLimit
	s.PersistentVolumeClaimRetentionPolicy, s.MinReadySeconds = o.Spec.PersistentVolumeClaimRetentionPolicy, o.Spec.MinReadySeconds
	if !equality.Semantic.DeepEqual(s, o.Spec) {
		errs = append(errs, field.Forbidden(field.NewPath("spec"), statefulSetMessage))
	}
	return errs
}

func validateStatefulSetStatus(o, old *appsv1.StatefulSet) field.ErrorList {
	s, p := &o.Status, field.NewPath("status")
	ready, current := meta.CountOf("readyReplicas", &s.ReadyReplicas), meta.CountOf("currentReplicas", &s.CurrentReplicas)
	updated, available := meta.CountOf("updatedReplicas", &s.UpdatedReplicas), meta.CountOf("availableReplicas", &s.AvailableReplicas)
	errs := meta.NonNegatives(p, meta.CountOf("replicas", &s.Replicas), ready, current, updated, available,
		meta.CountOf("observedGeneration", &s.ObservedGeneration), meta.CountOf("collisionCount", s.CollisionCount))
	errs = append(errs, meta.NotAbove(p, s.Replicas, "status.replicas", ready, current, updated, available)...)
	errs = append(errs, meta.NotAbove(p, s.ReadyReplicas, "status.readyReplicas", available)...)
	return append(errs, collisions(p, s.CollisionCount, old.Status.CollisionCount)...)
}

func statefulSetRow(o *appsv1.StatefulSet) []any {
	names, images := table.Containers(o.Spec.Template.Spec.Containers)
	var want int32
	if o.Spec.Replicas != nil {
		want = *o.Spec.Replicas
	}
	return []any{o.Name, fmt.Sprintf("%d/%d", o.Status.ReadyReplicas, want), table.Age(o.CreationTimestamp), names, images}
}
