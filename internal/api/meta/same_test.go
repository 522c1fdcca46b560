package meta

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
)

func specs() (a, b *corev1.PodSpec) {
	a = &corev1.PodSpec{NodeName: "n", NodeSelector: map[string]string{"a": "1", "b": "2", "c": "3"},
		Containers: []corev1.Container{{Name: "c", Image: "i", Env: []corev1.EnvVar{{Name: "A", Value: "1"}, {Name: "B", Value: "2"}}}}}
	return a, a.DeepCopy()
}

func TestSame(t *testing.T) {
	a, b := specs()
	for range 20 { // maps have no order
		if !Same(a, b) {
			t.Fatal("a copy is not the same")
		}
	}
	b.Tolerations = []corev1.Toleration{}
	if !Same(a, b) {
		t.Error("an empty list is not none")
	}
	b.Containers[0].Env[1].Value = "3" // as many bytes
	if Same(a, b) {
		t.Error("another value is the same")
	}
	b.Containers[0].Env = b.Containers[0].Env[:1]
	if Same(a, b) {
		t.Error("a shorter list is the same")
	}
}

func BenchmarkSame(b *testing.B) {
	x, y := specs()
	b.Run("bytes", func(b *testing.B) {
		for b.Loop() {
			Same(x, y)
		}
	})
	b.Run("members", func(b *testing.B) {
		for b.Loop() {
			equality.Semantic.DeepEqual(x, y)
		}
	})
}
