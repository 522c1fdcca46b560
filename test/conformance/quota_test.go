package conformance

import (
	"context"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"skiff/internal/apiserver/apitest"
)

func amounts(pairs ...string) corev1.ResourceList {
	list := corev1.ResourceList{}
	for i := 0; i < len(pairs); i += 2 {
		list[corev1.ResourceName(pairs[i])] = resource.MustParse(pairs[i+1])
	}
	return list
}

// quota makes a ResourceQuota, and waits until its status says what is hard.
func (a *admin) quota(t *testing.T, namespace, name string, hard corev1.ResourceList, scopes ...corev1.ResourceQuotaScope) {
	t.Helper()
	_, err := a.kube.CoreV1().ResourceQuotas(namespace).Create(t.Context(), &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"promise": "kept"}}, Spec: corev1.ResourceQuotaSpec{Hard: hard, Scopes: scopes},
	}, metav1.CreateOptions{})
	need(t, err)
	apitest.Eventually(t, name+" says what is hard", func(ctx context.Context) bool {
		q, err := a.kube.CoreV1().ResourceQuotas(namespace).Get(ctx, name, metav1.GetOptions{})
		return err == nil && same(q.Status.Hard, hard) && len(q.Status.Used) == len(hard)
	})
}

// same says whether all of want is in got.
func same(got, want corev1.ResourceList) bool {
	for name, amount := range want {
		if have, ok := got[name]; !ok || have.Cmp(amount) != 0 {
			return false
		}
	}
	return true
}

// uses waits until a quota's status counts what is said.
func (a *admin) uses(t *testing.T, namespace, name string, pairs ...string) {
	t.Helper()
	want := amounts(pairs...)
	var last *corev1.ResourceQuota
	defer func() {
		if t.Failed() && last != nil {
			t.Logf("%s uses %v, want %v", name, last.Status.Used, want)
		}
	}()
	apitest.Eventually(t, name+" counts what is used", func(ctx context.Context) (ok bool) {
		q, err := a.kube.CoreV1().ResourceQuotas(namespace).Get(ctx, name, metav1.GetOptions{})
		last = q
		return err == nil && same(q.Status.Used, want)
	})
}

// asking is a pod that asks for resources.
func asking(name string, pairs ...string) *corev1.Pod {
	p := simplePod(name)
	p.Spec.Containers[0].Resources = corev1.ResourceRequirements{Requests: amounts(pairs...), Limits: amounts(pairs...)}
	return p
}

func now() metav1.DeleteOptions { return *metav1.NewDeleteOptions(0) }

func TestQuotaCountsObjects(t *testing.T) {
	ctx, a := t.Context(), startWithControllers(t)
	core := a.kube.CoreV1()
	promise(t, "[sig-api-machinery] ResourceQuota should create a ResourceQuota and ensure its status is promptly calculated.", func(t *testing.T) {
		ns := a.home(t, "prompt")
		a.quota(t, ns, "q", amounts("resourcequotas", "1", "pods", "5", "secrets", "10"))
		a.uses(t, ns, "q", "resourcequotas", "1", "pods", "0", "secrets", "0")
	})
	promise(t, "[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a secret.", func(t *testing.T) {
		ns := a.home(t, "secrets")
		a.quota(t, ns, "q", amounts("resourcequotas", "1", "secrets", "10"))
		_, err := core.Secrets(ns).Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "s"}}, metav1.CreateOptions{})
		need(t, err)
		a.uses(t, ns, "q", "resourcequotas", "1", "secrets", "1")
		need(t, core.Secrets(ns).Delete(ctx, "s", now()))
		a.uses(t, ns, "q", "secrets", "0")
	})
	promise(t, "[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a configMap.", func(t *testing.T) {
		ns := a.home(t, "configmaps")
		apitest.Eventually(t, "the root CA is published", func(ctx context.Context) bool {
			_, err := core.ConfigMaps(ns).Get(ctx, "kube-root-ca.crt", metav1.GetOptions{})
			return err == nil
		})
		a.quota(t, ns, "q", amounts("configmaps", "10"))
		a.uses(t, ns, "q", "configmaps", "1")
		_, err := core.ConfigMaps(ns).Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "c"}}, metav1.CreateOptions{})
		need(t, err)
		a.uses(t, ns, "q", "configmaps", "2")
		need(t, core.ConfigMaps(ns).Delete(ctx, "c", now()))
		a.uses(t, ns, "q", "configmaps", "1")
	})
	promise(t, "[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a service.", func(t *testing.T) {
		ns := a.home(t, "services")
		a.quota(t, ns, "q", amounts("services", "10", "services.nodeports", "1", "services.loadbalancers", "1"))
		for _, kind := range []corev1.ServiceType{corev1.ServiceTypeClusterIP, corev1.ServiceTypeNodePort} {
			_, err := core.Services(ns).Create(ctx, &corev1.Service{
				ObjectMeta: metav1.ObjectMeta{GenerateName: "s-"}, Spec: corev1.ServiceSpec{Type: kind, Ports: []corev1.ServicePort{{Port: 80}}},
			}, metav1.CreateOptions{})
			need(t, err)
		}
		_, err := core.Services(ns).Create(ctx, &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: "much"}, Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeNodePort, Ports: []corev1.ServicePort{{Port: 80}}},
		}, metav1.CreateOptions{})
		if !apierrors.IsForbidden(err) {
			t.Errorf("a second node port: %v", err)
		}
		a.uses(t, ns, "q", "services", "2", "services.nodeports", "1", "services.loadbalancers", "0")
		list, err := core.Services(ns).List(ctx, metav1.ListOptions{})
		need(t, err)
		for _, s := range list.Items {
			need(t, core.Services(ns).Delete(ctx, s.Name, now()))
		}
		a.uses(t, ns, "q", "services", "0", "services.nodeports", "0")
	})
	promise(t, "[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a replication controller.", func(t *testing.T) {
		ns := a.home(t, "replicationcontrollers")
		a.quota(t, ns, "q", amounts("replicationcontrollers", "10"))
		a.replicated(t, ns, "rc", 0)
		a.uses(t, ns, "q", "replicationcontrollers", "1")
		need(t, core.ReplicationControllers(ns).Delete(ctx, "rc", by(metav1.DeletePropagationBackground)))
		a.uses(t, ns, "q", "replicationcontrollers", "0")
	})
	promise(t, "[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a replica set.", func(t *testing.T) {
		ns, none := a.home(t, "replicasets"), int32(0)
		a.quota(t, ns, "q", amounts("count/replicasets.apps", "5"))
		_, err := a.kube.AppsV1().ReplicaSets(ns).Create(ctx, &appsv1.ReplicaSet{
			ObjectMeta: metav1.ObjectMeta{Name: "rs"},
			Spec:       appsv1.ReplicaSetSpec{Replicas: &none, Selector: &metav1.LabelSelector{MatchLabels: app}, Template: template()},
		}, metav1.CreateOptions{})
		need(t, err)
		a.uses(t, ns, "q", "count/replicasets.apps", "1")
		need(t, a.kube.AppsV1().ReplicaSets(ns).Delete(ctx, "rs", by(metav1.DeletePropagationBackground)))
		a.uses(t, ns, "q", "count/replicasets.apps", "0")
	})
}

func TestQuotaMeasuresPods(t *testing.T) {
	ctx, a := t.Context(), startWithControllers(t)
	core := a.kube.CoreV1()
	promise(t, "[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a pod.", func(t *testing.T) {
		ns := a.home(t, "pods")
		a.quota(t, ns, "q", amounts("pods", "5", "cpu", "1", "memory", "500Mi", "requests.ephemeral-storage", "50Gi", "requests.example.com/dongle", "3"))
		pod := asking("p", "cpu", "500m", "memory", "252Mi", "ephemeral-storage", "30Gi", "example.com/dongle", "2")
		_, err := core.Pods(ns).Create(ctx, pod, metav1.CreateOptions{})
		need(t, err)
		used := []string{"pods", "1", "cpu", "500m", "memory", "252Mi", "requests.ephemeral-storage", "30Gi", "requests.example.com/dongle", "2"}
		a.uses(t, ns, "q", used...)
		for _, much := range []*corev1.Pod{
			asking("cpu", "cpu", "600m", "memory", "100Mi", "ephemeral-storage", "1Gi"),
			asking("dongle", "cpu", "100m", "memory", "100Mi", "ephemeral-storage", "1Gi", "example.com/dongle", "2"),
		} {
			if _, err := core.Pods(ns).Create(ctx, much, metav1.CreateOptions{}); !apierrors.IsForbidden(err) {
				t.Errorf("%s: %v", much.Name, err)
			}
		}
		patched, err := core.Pods(ns).Patch(ctx, "p", types.MergePatchType, []byte(`{"metadata":{"labels":{"a":"b"}}}`), metav1.PatchOptions{})
		need(t, err)
		a.uses(t, ns, "q", used...)
		need(t, core.Pods(ns).Delete(ctx, patched.Name, now()))
		a.uses(t, ns, "q", "pods", "0", "cpu", "0", "memory", "0", "requests.ephemeral-storage", "0", "requests.example.com/dongle", "0")
	})
	promise(t, "[sig-api-machinery] ResourceQuota should verify ResourceQuota with best effort scope.", func(t *testing.T) {
		ns := a.home(t, "best-effort")
		a.quota(t, ns, "best", amounts("pods", "5"), corev1.ResourceQuotaScopeBestEffort)
		a.quota(t, ns, "not", amounts("pods", "5"), corev1.ResourceQuotaScopeNotBestEffort)
		for _, pod := range []*corev1.Pod{simplePod("p"), asking("p", "cpu", "500m", "memory", "200Mi")} {
			in, out := "best", "not"
			if len(pod.Spec.Containers[0].Resources.Requests) > 0 {
				in, out = out, in
			}
			_, err := core.Pods(ns).Create(ctx, pod, metav1.CreateOptions{})
			need(t, err)
			a.uses(t, ns, in, "pods", "1")
			a.uses(t, ns, out, "pods", "0")
			need(t, core.Pods(ns).Delete(ctx, "p", now()))
			a.uses(t, ns, in, "pods", "0")
		}
	})
	promise(t, "[sig-api-machinery] ResourceQuota should verify ResourceQuota with terminating scopes.", func(t *testing.T) {
		ns, soon := a.home(t, "terminating"), int64(3600)
		hard := amounts("pods", "5", "requests.cpu", "1", "requests.memory", "500Mi", "limits.cpu", "2", "limits.memory", "1Gi")
		a.quota(t, ns, "ends", hard, corev1.ResourceQuotaScopeTerminating)
		a.quota(t, ns, "stays", hard, corev1.ResourceQuotaScopeNotTerminating)
		for _, deadline := range []*int64{nil, &soon} {
			pod := asking("p", "cpu", "500m", "memory", "200Mi")
			pod.Spec.ActiveDeadlineSeconds = deadline
			in, out := "stays", "ends"
			if deadline != nil {
				in, out = out, in
			}
			_, err := core.Pods(ns).Create(ctx, pod, metav1.CreateOptions{})
			need(t, err)
			a.uses(t, ns, in, "pods", "1", "requests.cpu", "500m", "requests.memory", "200Mi", "limits.cpu", "500m", "limits.memory", "200Mi")
			a.uses(t, ns, out, "pods", "0", "requests.cpu", "0")
			need(t, core.Pods(ns).Delete(ctx, "p", now()))
			a.uses(t, ns, in, "pods", "0", "requests.cpu", "0", "limits.memory", "0")
		}
	})
}

func TestQuotaItself(t *testing.T) {
	ctx, a := t.Context(), startWithControllers(t)
	core := a.kube.CoreV1()
	promise(t, "[sig-api-machinery] ResourceQuota should be able to update and delete ResourceQuota.", func(t *testing.T) {
		ns := a.home(t, "updated")
		a.quota(t, ns, "q", amounts("cpu", "1", "memory", "500Mi"))
		q, err := core.ResourceQuotas(ns).Get(ctx, "q", metav1.GetOptions{})
		need(t, err)
		q.Spec.Hard = amounts("cpu", "2", "memory", "1Gi")
		q, err = core.ResourceQuotas(ns).Update(ctx, q, metav1.UpdateOptions{})
		if err != nil || !same(q.Spec.Hard, amounts("cpu", "2", "memory", "1Gi")) {
			t.Errorf("%v, %v", q, err)
		}
		need(t, core.ResourceQuotas(ns).Delete(ctx, "q", metav1.DeleteOptions{}))
		if _, err := core.ResourceQuotas(ns).Get(ctx, "q", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			t.Error(err)
		}
	})
	promise(t, "[sig-api-machinery] ResourceQuota should manage the lifecycle of a ResourceQuota", func(t *testing.T) {
		ns := a.home(t, "managed")
		a.quota(t, ns, "q", amounts("cpu", "1", "memory", "500Mi"))
		if all, err := core.ResourceQuotas("").List(ctx, kept); err != nil || len(all.Items) != 1 {
			t.Errorf("%v, %v", all, err)
		}
		patched, err := core.ResourceQuotas(ns).Patch(ctx, "q", types.StrategicMergePatchType, []byte(`{"spec":{"hard":{"memory":"750Mi"}}}`), metav1.PatchOptions{})
		if err != nil || !same(patched.Spec.Hard, amounts("cpu", "1", "memory", "750Mi")) {
			t.Errorf("%v, %v", patched, err)
		}
		need(t, core.ResourceQuotas(ns).DeleteCollection(ctx, metav1.DeleteOptions{}, kept))
		if all, err := core.ResourceQuotas("").List(ctx, kept); err != nil || len(all.Items) != 0 {
			t.Errorf("%v, %v", all, err)
		}
	})
	promise(t, "[sig-api-machinery] ResourceQuota should apply changes to a resourcequota status", func(t *testing.T) {
		ns := a.home(t, "status")
		a.quota(t, ns, "q", amounts("cpu", "500m", "memory", "500Mi"))
		_, err := core.ResourceQuotas(ns).Patch(ctx, "q", types.MergePatchType, []byte(`{"spec":{"hard":{"cpu":"1","memory":"1Gi"}}}`), metav1.PatchOptions{})
		need(t, err)
		apitest.Eventually(t, "the status follows the spec", func(ctx context.Context) bool {
			q, err := core.ResourceQuotas(ns).Get(ctx, "q", metav1.GetOptions{})
			return err == nil && same(q.Status.Hard, amounts("cpu", "1", "memory", "1Gi"))
		})
		// What others write into the status is taken, and mended.
		written, err := core.ResourceQuotas(ns).Patch(ctx, "q", types.MergePatchType, []byte(`{"status":{"hard":{"cpu":"2","memory":"2Gi"}}}`), metav1.PatchOptions{}, "status")
		if err != nil || !same(written.Status.Hard, amounts("cpu", "2", "memory", "2Gi")) || !same(written.Spec.Hard, amounts("cpu", "1", "memory", "1Gi")) {
			t.Errorf("%v, %v", written, err)
		}
		apitest.Eventually(t, "the status is that of the spec again", func(ctx context.Context) bool {
			q, err := core.ResourceQuotas(ns).Get(ctx, "q", metav1.GetOptions{})
			return err == nil && same(q.Status.Hard, amounts("cpu", "1", "memory", "1Gi"))
		})
	})
}
