package storageprotection

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"skiff/internal/api/core"
	"skiff/internal/controllers/controllertest"

	"skiff/internal/client"
)

func going(name string, finalizers ...string) metav1.ObjectMeta {
	now := metav1.Now()
	return metav1.ObjectMeta{Namespace: "ns", Name: name, DeletionTimestamp: &now, Finalizers: append(finalizers, "mine/x")}
}

func podWith(name, node, claim string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name}, Spec: corev1.PodSpec{NodeName: node, Volumes: []corev1.Volume{
		{Name: "v", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim}}},
		{Name: "own", VolumeSource: corev1.VolumeSource{Ephemeral: &corev1.EphemeralVolumeSource{}}},
		{Name: "none"},
	}}}
}

func TestClaimsStayWhileTheyAreUsed(t *testing.T) {
	objects := []runtime.Object{
		&corev1.PersistentVolumeClaim{ObjectMeta: going("used", core.ClaimProtectionFinalizer)},
		&corev1.PersistentVolumeClaim{ObjectMeta: going("p-own", core.ClaimProtectionFinalizer)},
		&corev1.PersistentVolumeClaim{ObjectMeta: going("waiting", core.ClaimProtectionFinalizer)},
		&corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "old"}},
		podWith("p", "n1", "used"), podWith("unscheduled", "", "waiting"),
	}
	controllertest.Run(t, objects, func(t *testing.T, c *controllertest.Cluster) {
		c.Start(func(f *client.Informers) (controllertest.Runner, error) {
			return NewClaims(c.Kube, f), nil
		})
		protected := func(name string) bool {
			t.Helper()
			claim, err := c.Kube.CoreV1().PersistentVolumeClaims("ns").Get(t.Context(), name, metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			return slices.Contains(claim.Finalizers, core.ClaimProtectionFinalizer)
		}
		for name, want := range map[string]bool{"used": true, "p-own": true, "waiting": false, "old": true} {
			if protected(name) != want {
				t.Errorf("%s is protected: %v", name, !want)
			}
		}
		if err := c.Kube.CoreV1().Pods("ns").Delete(t.Context(), "p", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		c.Settle()
		if protected("used") || protected("p-own") {
			t.Error("claims are kept though their pod has gone")
		}
	})
}

func TestVolumesStayWhileTheyAreBound(t *testing.T) {
	bound := &corev1.PersistentVolume{ObjectMeta: going("bound", core.VolumeProtectionFinalizer), Status: corev1.PersistentVolumeStatus{Phase: corev1.VolumeBound}}
	free := &corev1.PersistentVolume{ObjectMeta: going("free", core.VolumeProtectionFinalizer)}
	bound.Namespace, free.Namespace = "", ""
	controllertest.Run(t, []runtime.Object{bound, free}, func(t *testing.T, c *controllertest.Cluster) {
		c.Start(func(f *client.Informers) (controllertest.Runner, error) {
			return NewVolumes(c.Kube, f), nil
		})
		for name, want := range map[string]int{"bound": 2, "free": 1} {
			v, err := c.Kube.CoreV1().PersistentVolumes().Get(t.Context(), name, metav1.GetOptions{})
			if err != nil || len(v.Finalizers) != want {
				t.Errorf("%s: %v, %v", name, v.Finalizers, err)
			}
		}
	})
}
