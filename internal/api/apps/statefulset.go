package apps

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/pod"
	"skiff/internal/api/table"
)

// StatefulSet keeps numbered pods, each with its own storage.
var StatefulSet = api.Define(api.Kind[*appsv1.StatefulSet]{
	GVK: gv.WithKind("StatefulSet"), Plural: "statefulsets", Prefix: "statefulsets", Namespaced: true,
	ShortNames: []string{"sts"}, Categories: []string{"all"},
	New: api.New[appsv1.StatefulSet], NewList: api.NewList[appsv1.StatefulSetList],

	Default:        defaultStatefulSet,
	Validate:       validateStatefulSet,
	ValidateUpdate: validateStatefulSetUpdate,
	Spec:           func(o *appsv1.StatefulSet) any { return o.Spec },

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

func validateStatefulSet(o *appsv1.StatefulSet) field.ErrorList {
	s, p := &o.Spec, field.NewPath("spec")
	var errs field.ErrorList
	switch s.PodManagementPolicy {
	case appsv1.OrderedReadyPodManagement, appsv1.ParallelPodManagement:
	case "":
		errs = append(errs, field.Required(p.Child("podManagementPolicy"), ""))
	default:
		errs = append(errs, field.Invalid(p.Child("podManagementPolicy"), s.PodManagementPolicy, fmt.Sprintf("must be '%s' or '%s'",
			appsv1.OrderedReadyPodManagement, appsv1.ParallelPodManagement)))
	}
	up := p.Child("updateStrategy")
	switch r := s.UpdateStrategy.RollingUpdate; s.UpdateStrategy.Type {
	case appsv1.OnDeleteStatefulSetStrategyType:
		if r != nil {
			errs = append(errs, field.Invalid(up.Child("rollingUpdate"), r, "only allowed for updateStrategy 'RollingUpdate'"))
		}
	case appsv1.RollingUpdateStatefulSetStrategyType:
		if r != nil {
			errs = append(errs, meta.NonNegativeOr(up.Child("rollingUpdate", "partition"), r.Partition)...)
			errs = append(errs, intOrPercent(up.Child("rollingUpdate", "maxUnavailable"), r.MaxUnavailable)...)
			if r.MaxUnavailable != nil && zero(r.MaxUnavailable) {
				errs = append(errs, field.Invalid(up.Child("rollingUpdate", "maxUnavailable"), *r.MaxUnavailable, "cannot be 0"))
			}
			errs = append(errs, atMostAll(up.Child("rollingUpdate", "maxUnavailable"), r.MaxUnavailable)...)
		}
	case "":
		errs = append(errs, field.Required(up, ""))
	default:
		errs = append(errs, field.Invalid(up, s.UpdateStrategy, fmt.Sprintf("must be '%s' or '%s'",
			appsv1.RollingUpdateStatefulSetStrategyType, appsv1.OnDeleteStatefulSetStrategyType)))
	}
	if c := s.PersistentVolumeClaimRetentionPolicy; c != nil {
		cp := p.Child("persistentVolumeClaimRetentionPolicy")
		policies := []appsv1.PersistentVolumeClaimRetentionPolicyType{
			appsv1.RetainPersistentVolumeClaimRetentionPolicyType, appsv1.DeletePersistentVolumeClaimRetentionPolicyType,
		}
		errs = append(errs, meta.OneOf(cp.Child("whenDeleted"), c.WhenDeleted, policies...)...)
		errs = append(errs, meta.OneOf(cp.Child("whenScaled"), c.WhenScaled, policies...)...)
	}
	errs = append(errs, meta.NonNegativeOr(p.Child("replicas"), s.Replicas)...)
	errs = append(errs, meta.NonNegative(p.Child("minReadySeconds"), s.MinReadySeconds)...)
	errs = append(errs, meta.NonNegativeOr(p.Child("revisionHistoryLimit"), s.RevisionHistoryLimit)...)
	if s.Ordinals != nil {
		errs = append(errs, meta.NonNegative(p.Child("ordinals.start"), s.Ordinals.Start)...)
	}
	w := workload{"StatefulSet", s.Selector, withClaimVolumes(o), "statefulset"}
	return append(errs, w.validate(p)...)
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
	s := old.Spec // a copy; what may change is taken from o
	s.Replicas, s.Ordinals, s.Template = o.Spec.Replicas, o.Spec.Ordinals, o.Spec.Template
	s.UpdateStrategy, s.RevisionHistoryLimit = o.Spec.UpdateStrategy, o.Spec.RevisionHistoryLimit
	s.PersistentVolumeClaimRetentionPolicy, s.MinReadySeconds = o.Spec.PersistentVolumeClaimRetentionPolicy, o.Spec.MinReadySeconds
	if !equality.Semantic.DeepEqual(s, o.Spec) {
		return field.ErrorList{field.Forbidden(field.NewPath("spec"), statefulSetMessage)}
	}
	return nil
}

func validateStatefulSetStatus(o, old *appsv1.StatefulSet) field.ErrorList {
	s, p := &o.Status, field.NewPath("status")
	errs := replicaCounts(p, s.Replicas, map[string]int32{
		"readyReplicas": s.ReadyReplicas, "currentReplicas": s.CurrentReplicas, "updatedReplicas": s.UpdatedReplicas,
		"availableReplicas": s.AvailableReplicas,
	})
	if s.AvailableReplicas > s.ReadyReplicas {
		errs = append(errs, field.Invalid(p.Child("availableReplicas"), s.AvailableReplicas, "cannot be greater than status.readyReplicas"))
	}
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
