package main

import (
	"encoding/json"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// pod is one of the load: 2.8 KB once stored, in protobuf, and 4.1 KB in JSON. One in a hundred carries the label rare.
func pod(name string, n int) *corev1.Pod {
	labels := map[string]string{"app": "web", "tier": "front"}
	if n%100 == 0 {
		labels["rare"] = "yes"
	}
	return &corev1.Pod{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Labels: labels,
			Annotations: map[string]string{"example.com/note": strings.Repeat("0123456789", 20)},
		},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{container("web", 8080), container("sidecar", 9090)},
			Volumes:    []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
		},
	}
}

func container(name string, port int32) corev1.Container {
	return corev1.Container{
		Name: name, Image: "registry.example.com/team/" + name + ":1.2.3",
		Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: port}},
		Env: []corev1.EnvVar{
			{Name: "LOG_LEVEL", Value: "info"}, {Name: "DATABASE_URL", Value: "postgres://db.example.com:5432/app"},
		},
		VolumeMounts: []corev1.VolumeMount{{Name: "data", MountPath: "/data"}},
	}
}

func asJSON(p *corev1.Pod) []byte {
	data, _ := json.Marshal(p)
	return data
}

// asProto is the pod in the envelope that Kubernetes' protobuf bodies have.
func asProto(p *corev1.Pod) []byte {
	raw, _ := p.Marshal()
	data, _ := (&runtime.Unknown{TypeMeta: runtime.TypeMeta{APIVersion: "v1", Kind: "Pod"}, Raw: raw}).Marshal()
	return append([]byte("k8s\x00"), data...)
}
