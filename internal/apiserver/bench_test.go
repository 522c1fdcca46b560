package apiserver_test

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"skiff/internal/apiserver/apitest"
)

func pod(name string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "web", "tier": "front"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "nginx", Env: []corev1.EnvVar{{Name: "A", Value: "b"}}}}},
	}
}

func BenchmarkWrites(b *testing.B) {
	s := apitest.Start(b)
	config := rest.CopyConfig(s.Admin())
	config.ContentType, config.AcceptContentTypes = "application/vnd.kubernetes.protobuf", "application/vnd.kubernetes.protobuf"
	c := kubernetes.NewForConfigOrDie(config).CoreV1().Pods("default")
	if _, err := c.Create(b.Context(), pod("p"), metav1.CreateOptions{}); err != nil {
		b.Fatal(err)
	}
	b.Run("create", func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			if _, err := c.Create(b.Context(), pod(fmt.Sprintf("p%d-%d", b.N, i)), metav1.CreateOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("patch", func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			data := fmt.Appendf(nil, `{"metadata":{"labels":{"n":"%d"}}}`, i)
			if _, err := c.Patch(b.Context(), "p", types.StrategicMergePatchType, data, metav1.PatchOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("get", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			if _, err := c.Get(b.Context(), "p", metav1.GetOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkFirstWrite(b *testing.B) {
	for range b.N {
		b.StopTimer()
		s := apitest.Start(b)
		c := kubernetes.NewForConfigOrDie(s.Admin()).CoreV1().Pods("default")
		b.StartTimer()
		if _, err := c.Create(b.Context(), pod("p"), metav1.CreateOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
