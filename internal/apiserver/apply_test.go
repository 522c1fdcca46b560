package apiserver_test

import (
	"encoding/json"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appsv1apply "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1apply "k8s.io/client-go/applyconfigurations/core/v1"
	metav1apply "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/client-go/kubernetes"

	"skiff/internal/apiserver/apitest"
)

func configMapOf(key, value string) *corev1apply.ConfigMapApplyConfiguration {
	return corev1apply.ConfigMap("c", "default").WithData(map[string]string{key: value})
}

func TestApplyOwnsFields(t *testing.T) {
	s := apitest.Start(t)
	c := kubernetes.NewForConfigOrDie(s.Admin()).CoreV1().ConfigMaps("default")
	ctx := t.Context()
	one := metav1.ApplyOptions{FieldManager: "one"}
	two := metav1.ApplyOptions{FieldManager: "two"}

	made, err := c.Apply(ctx, configMapOf("k", "1"), one)
	if err != nil || made.Data["k"] != "1" || made.UID == "" {
		t.Fatalf("apply of what is not there: %+v, %v", made, err)
	}
	again, err := c.Apply(ctx, configMapOf("k", "1"), one)
	if err != nil || again.ResourceVersion != made.ResourceVersion {
		t.Errorf("apply of the same is a write: %v, %v to %v", err, made.ResourceVersion, again.ResourceVersion)
	}
	_, err = c.Apply(ctx, configMapOf("k", "2"), two)
	if !apierrors.IsConflict(err) || !strings.Contains(err.Error(), `conflict with "one": .data.k`) {
		t.Errorf("apply of another's field: %v", err)
	}
	two.Force = true
	taken, err := c.Apply(ctx, configMapOf("k", "2"), two)
	if err != nil || taken.Data["k"] != "2" {
		t.Errorf("forced apply: %+v, %v", taken, err)
	}
	if _, err := c.Apply(ctx, configMapOf("mine", "x"), one); err != nil {
		t.Error(err)
	}
	left, err := c.Apply(ctx, configMapOf("other", "y"), two)
	if err != nil || left.Data["mine"] != "x" || left.Data["other"] != "y" {
		t.Errorf("fields of two managers: %v, %v", left.Data, err)
	}
	if _, has := left.Data["k"]; has {
		t.Errorf("a field that its owner no longer applies is still there: %v", left.Data)
	}
}

func TestApplyMergesListsByKey(t *testing.T) {
	s := apitest.Start(t)
	c := kubernetes.NewForConfigOrDie(s.Admin()).AppsV1().Deployments("default")
	ctx := t.Context()
	if _, err := c.Create(ctx, deployment("d"), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	side := appsv1apply.Deployment("d", "default").WithSpec(appsv1apply.DeploymentSpec().
		WithSelector(metav1apply.LabelSelector().WithMatchLabels(map[string]string{"app": "d"})).
		WithTemplate(corev1apply.PodTemplateSpec().WithSpec(corev1apply.PodSpec().
			WithContainers(corev1apply.Container().WithName("side").WithImage("busybox")))))
	d, err := c.Apply(ctx, side, metav1.ApplyOptions{FieldManager: "sider"})
	if err != nil || len(d.Spec.Template.Spec.Containers) != 2 || d.Generation != 2 {
		t.Fatalf("%+v, %v", d, err)
	}
	d, err = c.ApplyStatus(ctx, appsv1apply.Deployment("d", "default").WithStatus(appsv1apply.DeploymentStatus().WithReplicas(1).WithReadyReplicas(1)),
		metav1.ApplyOptions{FieldManager: "status"})
	if err != nil || d.Status.ReadyReplicas != 1 || d.Generation != 2 {
		t.Errorf("apply of the status: %+v, %v", d, err)
	}
	for _, m := range d.ManagedFields {
		if m.Manager == "status" && m.Subresource != "status" {
			fields, _ := json.Marshal(m)
			t.Errorf("the status is written down as %s", fields)
		}
	}
}

func TestApplyFaults(t *testing.T) {
	s := apitest.Start(t)
	rest := kubernetes.NewForConfigOrDie(s.Admin()).CoreV1().RESTClient()
	apply := func(body, manager string) error {
		return rest.Patch("application/apply-patch+yaml").Namespace("default").Resource("configmaps").Name("c").
			Param("fieldManager", manager).Param("fieldValidation", "Strict").Body([]byte(body)).Do(t.Context()).Error()
	}
	const head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
	tests := []struct{ name, body, manager, text string }{
		{"no manager", head, "", "fieldManager: Required value: is required for apply patch"},
		{"unknown field", head + "foo: 1\n", "m", ".foo: field not declared in schema"},
		{"twice", head + "data: {a: x, a: y}\n", "m", `key "a" already set in map`},
		{"managed fields", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, managedFields: [{manager: x}]}\n", "m", "metadata.managedFields must be nil"},
		{"other name", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: d}\n", "m", "the name of the object (d) does not match the name on the URL (c)"},
		{"other version", "apiVersion: v2\nkind: ConfigMap\nmetadata: {name: c}\n", "m", "invalid object type: /v2, Kind=ConfigMap"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := apply(tt.body, tt.manager); err == nil || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("got %v; want %q", err, tt.text)
			}
		})
	}
}
