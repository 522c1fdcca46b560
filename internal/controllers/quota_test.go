package controllers

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/apiserver/apitest"
)

// TestQuotasCountAnyKind: kinds that no informer follows are counted from when
// a quota names them, with the controller's own rights.
func TestQuotasCountAnyKind(t *testing.T) {
	kube, ctx := start(t), t.Context()
	q := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "q"}, Spec: corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{
		"secrets": resource.MustParse("5"), "count/leases.coordination.k8s.io": resource.MustParse("5"),
	}}}
	quotas, secrets := kube.CoreV1().ResourceQuotas("default"), kube.CoreV1().Secrets("default")
	if _, err := secrets.Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "a"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := quotas.Create(ctx, q, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	uses := func(want string) {
		t.Helper()
		apitest.Eventually(t, want+" secrets are in use", func(ctx context.Context) bool {
			q, err := quotas.Get(ctx, "q", metav1.GetOptions{})
			used, leases := q.Status.Used["secrets"], q.Status.Used["count/leases.coordination.k8s.io"]
			return err == nil && len(q.Status.Used) == 2 && used.String() == want && leases.IsZero()
		})
	}
	uses("1")
	if _, err := secrets.Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "b"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	uses("2")
	if err := secrets.Delete(ctx, "a", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	uses("1")
}
