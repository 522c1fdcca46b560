package builtin_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// bounded makes a quota whose usage is known: as the quota controller would.
func bounded(t *testing.T, kube kubernetes.Interface, hard map[corev1.ResourceName]string) {
	t.Helper()
	q := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "q"}}
	q.Spec.Hard, q.Status.Used = corev1.ResourceList{}, corev1.ResourceList{}
	for name, amount := range hard {
		q.Spec.Hard[name], q.Status.Used[name] = resource.MustParse(amount), resource.Quantity{}
	}
	made := must[*corev1.ResourceQuota](t)(kube.CoreV1().ResourceQuotas("default").Create(t.Context(), q.DeepCopy(), metav1.CreateOptions{}))
	made.Status = corev1.ResourceQuotaStatus{Hard: q.Spec.Hard, Used: q.Status.Used}
	must[*corev1.ResourceQuota](t)(kube.CoreV1().ResourceQuotas("default").UpdateStatus(t.Context(), made, metav1.UpdateOptions{}))
}

func inUse(t *testing.T, kube kubernetes.Interface, name corev1.ResourceName) string {
	t.Helper()
	q := must[*corev1.ResourceQuota](t)(kube.CoreV1().ResourceQuotas("default").Get(t.Context(), "q", metav1.GetOptions{}))
	used := q.Status.Used[name]
	return used.String()
}

func configMap(name string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}
}

func TestQuotaIsNeverGivenTwice(t *testing.T) {
	ctx, kube := t.Context(), start(t).admin(t)
	bounded(t, kube, map[corev1.ResourceName]string{"configmaps": "5", "count/secrets": "1"})
	var made, refused atomic.Int32
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			_, err := kube.CoreV1().ConfigMaps("default").Create(ctx, configMap(fmt.Sprintf("c%d", i)), metav1.CreateOptions{})
			switch {
			case err == nil:
				made.Add(1)
			case apierrors.IsForbidden(err) && strings.Contains(err.Error(), "is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=5, limited: configmaps=5"):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 5 || refused.Load() != 15 || inUse(t, kube, "configmaps") != "5" {
		t.Errorf("%d made, %d refused, %s in use; want 5, 15, 5", made.Load(), refused.Load(), inUse(t, kube, "configmaps"))
	}
}

func TestWhatIsNotStoredUsesNoQuota(t *testing.T) {
	ctx, kube := t.Context(), start(t).admin(t)
	bounded(t, kube, map[corev1.ResourceName]string{"configmaps": "3"})
	maps := kube.CoreV1().ConfigMaps("default")
	must[*corev1.ConfigMap](t)(maps.Create(ctx, configMap("a"), metav1.CreateOptions{}))
	if _, err := maps.Create(ctx, configMap("a"), metav1.CreateOptions{}); !apierrors.IsAlreadyExists(err) {
		t.Error(err)
	}
	must[*corev1.ConfigMap](t)(maps.Create(ctx, configMap("dry"), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}))
	if got := inUse(t, kube, "configmaps"); got != "1" {
		t.Errorf("%s in use, want 1", got)
	}
}

func TestQuotaOfPodsAndServices(t *testing.T) {
	ctx, kube := t.Context(), start(t).admin(t)
	bounded(t, kube, map[corev1.ResourceName]string{"pods": "2", "limits.cpu": "1", "services.nodeports": "1"})
	must[*corev1.ServiceAccount](t)(kube.CoreV1().ServiceAccounts("default").Create(ctx,
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}, metav1.CreateOptions{}))
	pod := func(name, cpu string) *corev1.Pod {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}}
		if cpu != "" {
			p.Spec.Containers[0].Resources.Limits = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu)}
		}
		return p
	}
	pods := kube.CoreV1().Pods("default")
	refuse := func(p *corev1.Pod, want string) {
		t.Helper()
		if _, err := pods.Create(ctx, p, metav1.CreateOptions{}); !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	refuse(pod("none", ""), `pods "none" is forbidden: failed quota: q: must specify limits.cpu for: c`)
	must[*corev1.Pod](t)(pods.Create(ctx, pod("a", "600m"), metav1.CreateOptions{}))
	refuse(pod("big", "500m"), `pods "big" is forbidden: exceeded quota: q, requested: limits.cpu=500m, used: limits.cpu=600m, limited: limits.cpu=1`)
	must[*corev1.Service](t)(kube.CoreV1().Services("default").Create(ctx, nodePort("a"), metav1.CreateOptions{}))
	if _, err := kube.CoreV1().Services("default").Create(ctx, nodePort("b"), metav1.CreateOptions{}); !apierrors.IsForbidden(err) {
		t.Error(err)
	}
	if pods, ports := inUse(t, kube, "pods"), inUse(t, kube, "services.nodeports"); pods != "1" || ports != "1" {
		t.Errorf("%s pods, %s node ports in use", pods, ports)
	}
}
