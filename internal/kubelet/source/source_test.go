package source

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
)

func mapVolume(name string) corev1.Volume {
	return corev1.Volume{Name: "v", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: name}}}}
}

func TestWatchesWhatPodsReferTo(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	client := fake.NewClientset()
	told := make(chan types.UID, 10)
	s := New(ctx, client, func(uid types.UID) { told <- uid }, slog.New(slog.NewTextHandler(io.Discard, nil)))
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: "u1", Namespace: "ns"}, Spec: corev1.PodSpec{Volumes: []corev1.Volume{mapVolume("cm")}}}
	s.Register(pod)

	if _, err := s.ConfigMap(ctx, "ns", "cm"); !apierrors.IsNotFound(err) {
		t.Fatalf("before it is made: %v", err)
	}
	cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "cm", Namespace: "ns"}, Data: map[string]string{"k": "1"}}
	if _, err := client.CoreV1().ConfigMaps("ns").Create(ctx, cm, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if uid := <-told; uid != "u1" {
		t.Errorf("told %s", uid)
	}
	got, err := s.ConfigMap(ctx, "ns", "cm")
	if err != nil || got.Data["k"] != "1" {
		t.Fatalf("got %v, %v", got, err)
	}

	s.Unregister("u1")
	s.mu.Lock()
	left := len(s.watches) + len(s.refs)
	s.mu.Unlock()
	if left != 0 {
		t.Errorf("%d watches and pods are left", left)
	}
	if got, err := s.ConfigMap(ctx, "ns", "cm"); err != nil || got.Data["k"] != "1" {
		t.Errorf("unwatched: %v, %v", got, err)
	}
	cancel()
	s.Wait()
}

func TestImmutableIsNotWatched(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	yes := true
	client := fake.NewClientset(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "cm", Namespace: "ns"}, Immutable: &yes, Data: map[string]string{"k": "1"}})
	s := New(ctx, client, func(types.UID) {}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	s.Register(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: "u1", Namespace: "ns"}, Spec: corev1.PodSpec{Volumes: []corev1.Volume{mapVolume("cm")}}})
	s.Wait() // the watch ends although the pod still refers to the object
	if got, err := s.ConfigMap(ctx, "ns", "cm"); err != nil || got.Data["k"] != "1" {
		t.Errorf("got %v, %v", got, err)
	}
	if ctx.Err() != nil {
		t.Error("the watch went on")
	}
}

func TestRefs(t *testing.T) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns"}, Spec: corev1.PodSpec{
		Volumes: []corev1.Volume{
			mapVolume("a"), mapVolume("a"),
			{VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "b"}}},
			{VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
				{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "c"}}}}}}},
		},
		Containers: []corev1.Container{{
			EnvFrom: []corev1.EnvFromSource{{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "d"}}}},
			Env: []corev1.EnvVar{{Name: "X", Value: "1"}, {Name: "Y", ValueFrom: &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{
				LocalObjectReference: corev1.LocalObjectReference{Name: "e"}}}}},
		}},
	}}
	got := Refs(pod)
	want := []Ref{{ConfigMap, "ns", "a"}, {Secret, "ns", "b"}, {ConfigMap, "ns", "c"}, {Secret, "ns", "d"}, {ConfigMap, "ns", "e"}}
	if len(got) != len(want) {
		t.Fatalf("got %v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%d: got %v, want %v", i, got[i], want[i])
		}
	}
}
