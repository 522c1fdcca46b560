package job

import (
	"fmt"
	"strconv"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/controllers/pods"
)

const indexVariable = "JOB_COMPLETION_INDEX"

// newPod is a pod of job; index is its completion index, or -1; failures is
// how often that index has failed.
func newPod(job *batchv1.Job, index, failures int) *corev1.Pod {
	p := pods.FromTemplate(&job.Spec.Template, job, *metav1.NewControllerRef(job, kind))
	p.Finalizers = append(p.Finalizers, batchv1.JobTrackingFinalizer)
	if index < 0 {
		return p
	}
	number := strconv.Itoa(index)
	set(&p.Labels, batchv1.JobCompletionIndexAnnotation, number)
	set(&p.Annotations, batchv1.JobCompletionIndexAnnotation, number)
	if job.Spec.BackoffLimitPerIndex != nil {
		set(&p.Annotations, batchv1.JobIndexFailureCountAnnotation, strconv.Itoa(failures))
	}
	p.GenerateName = indexedName(job.Name, number)
	p.Spec.Hostname = fmt.Sprintf("%s-%d", job.Name, index)
	tellIndex(p.Spec.InitContainers)
	tellIndex(p.Spec.Containers)
	return p
}

func set(m *map[string]string, key, value string) {
	if *m == nil {
		*m = map[string]string{}
	}
	(*m)[key] = value
}

// indexedName leaves room for the index in names that are as long as can be.
func indexedName(name, index string) string {
	const room = 63 - 5 // of which the API server takes 5 for what it generates
	suffix := "-" + index + "-"
	return name[:min(len(name), room-len(suffix))] + suffix
}

func tellIndex(list []corev1.Container) {
	for i := range list {
		list[i].Env = append(list[i].Env, corev1.EnvVar{Name: indexVariable, ValueFrom: &corev1.EnvVarSource{
			FieldRef: &corev1.ObjectFieldSelector{FieldPath: fmt.Sprintf("metadata.labels['%s']", batchv1.JobCompletionIndexAnnotation)},
		}})
	}
}

// tracked says whether the pod is still to be counted.
func tracked(p *corev1.Pod) bool {
	for _, f := range p.Finalizers {
		if f == batchv1.JobTrackingFinalizer {
			return true
		}
	}
	return false
}
