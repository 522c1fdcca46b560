package cluster_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"skiff/internal/apiserver/apitest/cluster"
)

func TestComponentsHaveTheirOwnRights(t *testing.T) {
	s := cluster.Start(t)
	ctx := t.Context()
	admin := kubernetes.NewForConfigOrDie(s.Admin()).CoreV1()
	svc, err := admin.Services("default").Get(ctx, "kubernetes", metav1.GetOptions{})
	if err != nil || svc.Spec.ClusterIP != "10.96.0.1" {
		t.Errorf("the service of the API: %+v, %v", svc, err)
	}
	made, err := admin.Services("default").Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeNodePort, Ports: []corev1.ServicePort{{Port: 80}}},
	}, metav1.CreateOptions{})
	if err != nil || !strings.HasPrefix(made.Spec.ClusterIP, "10.96.") || made.Spec.Ports[0].NodePort < 30000 {
		t.Errorf("a service: %+v, %v", made, err)
	}
	scheduler := kubernetes.NewForConfigOrDie(s.Config("system:kube-scheduler")).CoreV1()
	if _, err := scheduler.Pods("").List(ctx, metav1.ListOptions{}); err != nil {
		t.Errorf("the scheduler lists pods: %v", err)
	}
	if _, err := scheduler.Secrets("").List(ctx, metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("the scheduler lists secrets: %v", err)
	}
	nobody := kubernetes.NewForConfigOrDie(s.Config("nobody")).CoreV1()
	if _, err := nobody.Pods("none").Create(ctx, &corev1.Pod{}, metav1.CreateOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("nobody makes a pod: %v", err)
	}
}
