package statefulset

import (
	"fmt"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/controllers/pods"
)

const (
	// revisionLabel of a pod is the name of its ControllerRevision.
	revisionLabel = appsv1.ControllerRevisionHashLabelKey
	// hashLabel of a ControllerRevision is the hash of its template.
	hashLabel = "controller.kubernetes.io/hash"
)

// ordinalOf is the number of a pod that is named as set's pods are; -1 for
// others.
func ordinalOf(set *appsv1.StatefulSet, p *corev1.Pod) int {
	number, ok := strings.CutPrefix(p.Name, set.Name+"-")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n < 0 || strconv.Itoa(n) != number {
		return -1
	}
	return n
}

func podName(set *appsv1.StatefulSet, ordinal int) string {
	return fmt.Sprintf("%s-%d", set.Name, ordinal)
}

func replicas(set *appsv1.StatefulSet) int {
	if set.Spec.Replicas == nil {
		return 1
	}
	return int(*set.Spec.Replicas)
}

func first(set *appsv1.StatefulSet) int {
	if set.Spec.Ordinals == nil {
		return 0
	}
	return int(set.Spec.Ordinals.Start)
}

// newPod is the pod of a number, of a template as a revision keeps it.
func newPod(set *appsv1.StatefulSet, ordinal int, revision string, template *corev1.PodTemplateSpec) *corev1.Pod {
	p := pods.FromTemplate(template, set, *metav1.NewControllerRef(set, kind))
	p.GenerateName = ""
	p.Name = podName(set, ordinal)
	if p.Labels == nil {
		p.Labels = map[string]string{}
	}
	p.Labels[revisionLabel] = revision
	p.Spec.Hostname, p.Spec.Subdomain = p.Name, set.Spec.ServiceName
	identify(set, p)
	return p
}

// identify gives a pod what tells it from its siblings and can be mended in
// one that lost it, and says whether it lacked something.
func identify(set *appsv1.StatefulSet, p *corev1.Pod) (changed bool) {
	if p.Labels == nil {
		p.Labels = map[string]string{}
	}
	for key, want := range map[string]string{
		appsv1.StatefulSetPodNameLabel: p.Name, appsv1.PodIndexLabel: strconv.Itoa(ordinalOf(set, p)),
	} {
		if p.Labels[key] != want {
			p.Labels[key], changed = want, true
		}
	}
	return mount(set, p) || changed
}

// mount makes the pod's claims its volumes; they take the place of volumes of
// the same name in the template.
func mount(set *appsv1.StatefulSet, p *corev1.Pod) (changed bool) {
	for i := range set.Spec.VolumeClaimTemplates {
		t := &set.Spec.VolumeClaimTemplates[i]
		name := claimName(set, t.Name, ordinalOf(set, p))
		volume := corev1.Volume{Name: t.Name, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: name},
		}}
		found := false
		for j := range p.Spec.Volumes {
			v := &p.Spec.Volumes[j]
			if v.Name != t.Name {
				continue
			}
			found = true
			if v.PersistentVolumeClaim == nil || v.PersistentVolumeClaim.ClaimName != name {
				*v, changed = volume, true
			}
		}
		if !found {
			p.Spec.Volumes, changed = append(p.Spec.Volumes, volume), true
		}
	}
	return changed
}
