package controllers

import (
	"context"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"skiff/internal/apiserver/apitest"
)

// TestWorkloads: against the real API, with the roles that Kubernetes gives
// them, each workload makes its pods, and status counts them.
func TestWorkloads(t *testing.T) {
	kube := start(t)
	ctx := t.Context()
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	template := func(app string, restart corev1.RestartPolicy) corev1.PodTemplateSpec {
		return corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": app}},
			Spec:       corev1.PodSpec{RestartPolicy: restart, Containers: []corev1.Container{{Name: "c", Image: "i"}}},
		}
	}
	selector := func(app string) *metav1.LabelSelector {
		return &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}}
	}
	must(kube.CoreV1().Nodes().Create(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n1"}}, metav1.CreateOptions{}))
	ready := `{"status":{"conditions":[{"type":"Ready","status":"True"}]}}`
	must(kube.CoreV1().Nodes().Patch(ctx, "n1", types.StrategicMergePatchType, []byte(ready), metav1.PatchOptions{}, "status"))
	apitest.Eventually(t, "the namespace is ready", func(ctx context.Context) bool {
		_, err := kube.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		return err == nil
	})
	must(kube.AppsV1().DaemonSets("default").Create(ctx, &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Name: "ds"},
		Spec:       appsv1.DaemonSetSpec{Selector: selector("ds"), Template: template("ds", "")},
	}, metav1.CreateOptions{}))
	must(kube.AppsV1().StatefulSets("default").Create(ctx, &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: "sts"},
		Spec: appsv1.StatefulSetSpec{
			Selector: selector("sts"), Template: template("sts", ""), ServiceName: "sts",
			PersistentVolumeClaimRetentionPolicy: &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{WhenDeleted: appsv1.DeletePersistentVolumeClaimRetentionPolicyType},
			VolumeClaimTemplates: []corev1.PersistentVolumeClaim{{
				ObjectMeta: metav1.ObjectMeta{Name: "data"},
				Spec: corev1.PersistentVolumeClaimSpec{
					AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
					Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Mi")}},
				},
			}},
		},
	}, metav1.CreateOptions{}))
	rc := template("rc", "")
	must(kube.CoreV1().ReplicationControllers("default").Create(ctx, &corev1.ReplicationController{
		ObjectMeta: metav1.ObjectMeta{Name: "rc"}, Spec: corev1.ReplicationControllerSpec{Template: &rc},
	}, metav1.CreateOptions{}))
	must(kube.BatchV1().Jobs("default").Create(ctx, &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: "job"},
		Spec:       batchv1.JobSpec{Template: template("job", corev1.RestartPolicyNever), TTLSecondsAfterFinished: new(int32(0))},
	}, metav1.CreateOptions{}))
	must(kube.BatchV1().CronJobs("default").Create(ctx, &batchv1.CronJob{
		ObjectMeta: metav1.ObjectMeta{Name: "cron"},
		Spec:       batchv1.CronJobSpec{Schedule: "@every 1s", JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: template("cron", corev1.RestartPolicyNever)}}},
	}, metav1.CreateOptions{}))
	must(kube.PolicyV1().PodDisruptionBudgets("default").Create(ctx, &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: "pdb"},
		Spec:       policyv1.PodDisruptionBudgetSpec{Selector: selector("sts"), MaxUnavailable: new(intstr.FromInt32(1))},
	}, metav1.CreateOptions{}))

	apitest.Eventually(t, "every workload has its pod", func(ctx context.Context) bool {
		for _, app := range []string{"ds", "sts", "rc", "job", "cron"} {
			l, err := kube.CoreV1().Pods("default").List(ctx, metav1.ListOptions{LabelSelector: "app=" + app})
			if err != nil || len(l.Items) == 0 {
				return false
			}
		}
		return true
	})
	apitest.Eventually(t, "every status says so", func(ctx context.Context) bool {
		ds, e1 := kube.AppsV1().DaemonSets("default").Get(ctx, "ds", metav1.GetOptions{})
		sts, e2 := kube.AppsV1().StatefulSets("default").Get(ctx, "sts", metav1.GetOptions{})
		rc, e3 := kube.CoreV1().ReplicationControllers("default").Get(ctx, "rc", metav1.GetOptions{})
		job, e4 := kube.BatchV1().Jobs("default").Get(ctx, "job", metav1.GetOptions{})
		pdb, e5 := kube.PolicyV1().PodDisruptionBudgets("default").Get(ctx, "pdb", metav1.GetOptions{})
		return e1 == nil && e2 == nil && e3 == nil && e4 == nil && e5 == nil &&
			ds.Status.CurrentNumberScheduled == 1 && sts.Status.Replicas == 1 && rc.Status.Replicas == 1 &&
			job.Status.Active == 1 && pdb.Status.ExpectedPods == 1
	})
	claim, err := kube.CoreV1().PersistentVolumeClaims("default").Get(ctx, "data-sts-0", metav1.GetOptions{})
	if err != nil || len(claim.OwnerReferences) != 1 {
		t.Errorf("claim %v, %v", claim, err)
	}

	l, err := kube.CoreV1().Pods("default").List(ctx, metav1.ListOptions{LabelSelector: "app=job"})
	if err != nil || len(l.Items) != 1 {
		t.Fatal(l, err)
	}
	l.Items[0].Status.Phase = corev1.PodSucceeded
	must(kube.CoreV1().Pods("default").UpdateStatus(ctx, &l.Items[0], metav1.UpdateOptions{}))
	apitest.Eventually(t, "the Job is done, and its time after that is over", func(ctx context.Context) bool {
		j, err := kube.BatchV1().Jobs("default").Get(ctx, "job", metav1.GetOptions{})
		return err != nil || j.DeletionTimestamp != nil && j.Status.Succeeded == 1
	})
}
