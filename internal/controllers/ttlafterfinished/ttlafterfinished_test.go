package ttlafterfinished

import (
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"skiff/internal/controllers/controllertest"

	"skiff/internal/client"
)

func TestDeletesWhenTheTimeHasCome(t *testing.T) {
	job := func(name string, ttl *int32) *batchv1.Job {
		return &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name}, Spec: batchv1.JobSpec{TTLSecondsAfterFinished: ttl}}
	}
	controllertest.Run(t, []runtime.Object{job("short", new(int32(60))), job("forever", nil), job("running", new(int32(0)))}, func(t *testing.T, c *controllertest.Cluster) {
		c.Start(func(f *client.Informers) (controllertest.Runner, error) { return New(c.Kube, f), nil })
		there := func(name string) bool {
			_, err := c.Kube.BatchV1().Jobs("ns").Get(t.Context(), name, metav1.GetOptions{})
			return !apierrors.IsNotFound(err)
		}
		for _, name := range []string{"short", "forever"} {
			j, err := c.Kube.BatchV1().Jobs("ns").Get(t.Context(), name, metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			j.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue, LastTransitionTime: metav1.Now()}}
			if _, err := c.Kube.BatchV1().Jobs("ns").UpdateStatus(t.Context(), j, metav1.UpdateOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		c.Pass(59 * time.Second)
		if !there("short") {
			t.Error("deleted too early")
		}
		c.Pass(2 * time.Second)
		if there("short") {
			t.Error("not deleted in time")
		}
		c.Pass(time.Hour)
		if !there("forever") || !there("running") {
			t.Error("deleted one that has no time, or one that has not finished")
		}
	})
}
