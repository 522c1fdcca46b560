package downward

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestField(t *testing.T) {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "ns", Labels: map[string]string{"b": "2", "a": `x"y`, "k.io/c": "3"}},
		Status:     corev1.PodStatus{PodIPs: []corev1.PodIP{{IP: "10.0.0.1"}, {IP: "fd00::1"}}},
	}
	for path, want := range map[string]string{
		"metadata.name":             "p",
		"metadata.labels":           "a=\"x\\\"y\"\nb=\"2\"\nk.io/c=\"3\"",
		"metadata.labels['k.io/c']": "3",
		"metadata.labels['none']":   "",
		"status.podIPs":             "10.0.0.1,fd00::1",
	} {
		if got, err := Field(pod, path); err != nil || got != want {
			t.Errorf("%s = %q, %v; want %q", path, got, err, want)
		}
	}
	if _, err := Field(pod, "spec.containers"); err == nil {
		t.Error("spec.containers was answered")
	}
}

func TestResource(t *testing.T) {
	pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Resources: corev1.ResourceRequirements{
		Requests: corev1.ResourceList{"cpu": resource.MustParse("1500m"), "memory": resource.MustParse("100Mi")},
	}}}}}
	node := corev1.ResourceList{"memory": resource.MustParse("2Gi")}
	for _, c := range []struct{ res, divisor, want string }{
		{"requests.cpu", "0", "2"},
		{"requests.cpu", "1m", "1500"},
		{"requests.memory", "1Mi", "100"},
		{"limits.memory", "1Gi", "2"},
	} {
		ref := &corev1.ResourceFieldSelector{ContainerName: "c", Resource: c.res, Divisor: resource.MustParse(c.divisor)}
		if got, err := Resource(pod, nil, ref, node); err != nil || got != c.want {
			t.Errorf("%s / %s = %q, %v; want %q", c.res, c.divisor, got, err, c.want)
		}
	}
}
