package resourcequota

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"skiff/internal/client"
	"skiff/internal/controllers/controllertest"
)

func TestQuotasAreCountedWhenSomethingChanges(t *testing.T) {
	hard := corev1.ResourceList{"pods": resource.MustParse("10"), "services": resource.MustParse("2"), "requests.storage": resource.MustParse("5Gi")}
	objects := []runtime.Object{
		&corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "q"}, Spec: corev1.ResourceQuotaSpec{Hard: hard}},
		&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "s"}},
		&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "other", Name: "s"}},
	}
	for i := range 3 {
		objects = append(objects, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: fmt.Sprintf("p%d", i)}})
	}
	controllertest.Run(t, objects, func(t *testing.T, c *controllertest.Cluster) {
		c.Start(func(f *client.Informers) (controllertest.Runner, error) {
			return New(client.Clients{Kube: c.Kube}, f), nil
		})
		core := c.Kube.CoreV1()
		used := func() string {
			t.Helper()
			q, err := core.ResourceQuotas("ns").Get(t.Context(), "q", metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			pods, services, storage := q.Status.Used["pods"], q.Status.Used["services"], q.Status.Used["requests.storage"]
			return pods.String() + " " + services.String() + " " + storage.String()
		}
		expect := func(want, after string) {
			t.Helper()
			c.Settle()
			if got := used(); got != want {
				t.Errorf("after %s: %s, want %s", after, got, want)
			}
		}
		expect("3 1 0", "the start")
		pod, _ := core.Pods("ns").Get(t.Context(), "p0", metav1.GetOptions{})
		pod.Status.Phase = corev1.PodFailed
		_, _ = core.Pods("ns").UpdateStatus(t.Context(), pod, metav1.UpdateOptions{})
		_ = core.Services("ns").Delete(t.Context(), "s", metav1.DeleteOptions{})
		claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "c"}}
		claim.Spec.Resources.Requests = corev1.ResourceList{"storage": resource.MustParse("1Gi")}
		_, _ = core.PersistentVolumeClaims("ns").Create(t.Context(), claim, metav1.CreateOptions{})
		expect("2 0 1Gi", "a pod ended, a Service went and a claim came")

		late, _ := core.Pods("ns").Get(t.Context(), "p1", metav1.GetOptions{})
		late.DeletionTimestamp, late.DeletionGracePeriodSeconds = &metav1.Time{Time: time.Now().Add(30 * time.Second)}, ptr.To(int64(30))
		_, _ = core.Pods("ns").Update(t.Context(), late, metav1.UpdateOptions{})
		expect("2 0 1Gi", "a deletion began")
		c.Pass(2 * time.Minute)
		expect("1 0 1Gi", "it overstayed its grace")

		before := c.Writes()
		c.Pass(time.Hour)
		if n := c.Writes() - before; n != 0 {
			t.Errorf("%d writes in an idle hour", n)
		}
	})
}
