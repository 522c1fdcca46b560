package apiserver_test

import (
	"encoding/json"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"skiff/internal/apiserver/apitest"
)

// deployment is a small one, complete enough to be valid.
func deployment(name string) *appsv1.Deployment {
	labels := map[string]string{"app": name}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "nginx"}}},
			},
		},
	}
}

func TestPatchTypes(t *testing.T) {
	s := apitest.Start(t)
	c := kubernetes.NewForConfigOrDie(s.Admin()).AppsV1().Deployments("default")
	ctx := t.Context()
	if _, err := c.Create(ctx, deployment("d"), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		kind  types.PatchType
		patch string
		check func(*appsv1.Deployment) bool
	}{
		{"json", types.JSONPatchType, `[{"op":"replace","path":"/spec/replicas","value":2}]`,
			func(d *appsv1.Deployment) bool { return *d.Spec.Replicas == 2 && d.Generation == 2 }},
		{"merge", types.MergePatchType, `{"metadata":{"labels":{"a":"b"}}}`,
			func(d *appsv1.Deployment) bool { return d.Labels["a"] == "b" && d.Generation == 2 }},
		{"merge null removes", types.MergePatchType, `{"metadata":{"labels":{"a":null}}}`,
			func(d *appsv1.Deployment) bool { _, has := d.Labels["a"]; return !has }},
		{"strategic merges lists by key", types.StrategicMergePatchType,
			`{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"busybox"}]}}}}`,
			func(d *appsv1.Deployment) bool { return len(d.Spec.Template.Spec.Containers) == 2 && d.Generation == 3 }},
		{"merge replaces lists", types.MergePatchType,
			`{"spec":{"template":{"spec":{"containers":[{"name":"only","image":"busybox"}]}}}}`,
			func(d *appsv1.Deployment) bool { return len(d.Spec.Template.Spec.Containers) == 1 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := c.Patch(ctx, "d", tt.kind, []byte(tt.patch), metav1.PatchOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if !tt.check(d) {
				t.Errorf("after the patch: generation %d, labels %v, spec %+v", d.Generation, d.Labels, d.Spec)
			}
		})
	}
}

func TestPatchFaults(t *testing.T) {
	s := apitest.Start(t)
	c := kubernetes.NewForConfigOrDie(s.Admin()).AppsV1().Deployments("default")
	ctx := t.Context()
	if _, err := c.Create(ctx, deployment("d"), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	strict := metav1.PatchOptions{FieldValidation: metav1.FieldValidationStrict}
	tests := []struct {
		name, patch string
		kind        types.PatchType
		reason      metav1.StatusReason
		text        string
	}{
		{"unknown field", `{"spec":{"foo":1}}`, types.MergePatchType, metav1.StatusReasonInvalid, `strict decoding error: unknown field "spec.foo"`},
		{"twice", `{"spec":{"replicas":1,"replicas":2}}`, types.MergePatchType, metav1.StatusReasonInvalid, `duplicate field "spec.replicas"`},
		{"not JSON", `{"spec"`, types.MergePatchType, metav1.StatusReasonBadRequest, "error decoding patch"},
		{"failed test", `[{"op":"test","path":"/spec/replicas","value":7}]`, types.JSONPatchType, metav1.StatusReasonInvalid, "rejected our request"},
		{"stale", `{"metadata":{"resourceVersion":"1"}}`, types.MergePatchType, metav1.StatusReasonConflict, "the object has been modified"},
		{"immutable", `{"metadata":{"uid":"x"}}`, types.MergePatchType, metav1.StatusReasonConflict, "UID"},
		{"invalid", `{"spec":{"replicas":-1}}`, types.MergePatchType, metav1.StatusReasonInvalid, "spec.replicas: Invalid value: -1"},
		{"type", `x`, "application/x-patch", metav1.StatusReasonUnsupportedMediaType, "accepted media types include: application/json-patch+json"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := c.Patch(ctx, "d", tt.kind, []byte(tt.patch), strict)
			if err == nil || apierrors.ReasonForError(err) != tt.reason || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("got %q: %v; want %q with %q", apierrors.ReasonForError(err), err, tt.reason, tt.text)
			}
		})
	}
}

func TestScale(t *testing.T) {
	s := apitest.Start(t)
	c := kubernetes.NewForConfigOrDie(s.Admin()).AppsV1().Deployments("default")
	ctx := t.Context()
	if _, err := c.Create(ctx, deployment("d"), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	scale, err := c.GetScale(ctx, "d", metav1.GetOptions{})
	if err != nil || scale.Spec.Replicas != 1 || scale.Status.Selector != "app=d" {
		t.Fatalf("scale %+v, %v", scale, err)
	}
	scale.Spec.Replicas = 5
	after, err := c.UpdateScale(ctx, "d", scale, metav1.UpdateOptions{})
	if err != nil || after.Spec.Replicas != 5 || after.ResourceVersion == scale.ResourceVersion {
		t.Errorf("scale %+v, %v", after, err)
	}
	if _, err := c.UpdateScale(ctx, "d", scale, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
		t.Errorf("update from an old scale: %v", err)
	}
	var patched autoscalingv1.Scale
	err = kubernetes.NewForConfigOrDie(s.Admin()).AppsV1().RESTClient().Patch(types.MergePatchType).
		Namespace("default").Resource("deployments").Name("d").SubResource("scale").
		Body([]byte(`{"spec":{"replicas":3}}`)).Do(ctx).Into(&patched)
	if err != nil || patched.Spec.Replicas != 3 {
		t.Errorf("patched scale %+v, %v", patched, err)
	}
	d, err := c.Get(ctx, "d", metav1.GetOptions{})
	if err != nil || *d.Spec.Replicas != 3 || d.Generation != 3 {
		t.Errorf("deployment %+v, %v", d, err)
	}
	found := false
	for _, m := range d.ManagedFields {
		fields, _ := json.Marshal(m.FieldsV1)
		found = found || (m.Subresource == "scale" && strings.Contains(string(fields), "f:replicas"))
	}
	if !found {
		t.Errorf("nobody is written down as having scaled: %+v", d.ManagedFields)
	}
}

// What clients are told of a Scale that is wrong, or of nothing.
func TestScaleIsRefused(t *testing.T) {
	s := apitest.Start(t)
	client, ctx := kubernetes.NewForConfigOrDie(s.Admin()).AppsV1(), t.Context()
	c := client.Deployments("default")
	d, err := c.Create(ctx, deployment("d"), metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	scale := func(name string, change func(*autoscalingv1.Scale)) error {
		o := &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Name: name}}
		change(o)
		_, err := c.UpdateScale(ctx, name, o, metav1.UpdateOptions{})
		return err
	}
	write := func(kind types.PatchType, name, body string) error {
		return client.RESTClient().Patch(kind).Namespace("default").Resource("deployments").Name(name).SubResource("scale").
			Param("fieldManager", "m").Body([]byte(body)).Do(ctx).Error()
	}
	const wrong = `Precondition failed: UID in precondition: u, UID in object meta: `
	for what, tt := range map[string]struct {
		err  error
		want string
	}{
		"replicas": {scale("d", func(o *autoscalingv1.Scale) { o.Spec.Replicas = -1 }), `Scale.autoscaling "d" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0`},
		"metadata": {scale("d", func(o *autoscalingv1.Scale) { o.Labels, o.Spec.Replicas = map[string]string{"a": "b c"}, -1 }), `Scale.autoscaling "d" is invalid: [metadata.labels: Invalid value: "b c": `},
		"identity": {scale("d", func(o *autoscalingv1.Scale) { o.UID, o.ResourceVersion = "u", "1" }), `Operation cannot be fulfilled on deployments/scale.apps "d": ` + wrong + string(d.UID)},
		"version":  {scale("d", func(o *autoscalingv1.Scale) { o.ResourceVersion = "1" }), `Operation cannot be fulfilled on deployments.apps "d": the object has been modified`},
		"nothing":  {scale("x", func(*autoscalingv1.Scale) {}), `deployments/scale.apps "x" not found`},
		"patch":    {write(types.MergePatchType, "d", `{"spec":{"replicas":-1}}`), `Scale.autoscaling "d" is invalid: spec.replicas: Invalid value: -1: `},
		"no patch": {write(types.MergePatchType, "x", `{"spec":{"replicas":1}}`), `deployments/scale.apps "x" not found`},
		"apply":    {write(types.ApplyPatchType, "d", `{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"d"},"spec":{"replicas":-1}}`), `Scale.autoscaling "d" is invalid: spec.replicas: Invalid value: -1: `},
		"no apply": {write(types.ApplyPatchType, "x", `{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"x"},"spec":{"replicas":1}}`), `deployments/scale.apps "x" not found`},
		"other":    {write(types.ApplyPatchType, "d", `{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"x"},"spec":{"replicas":1}}`), "the name of the object (x) does not match the name on the URL (d)"},
	} {
		if tt.err == nil || !strings.HasPrefix(tt.err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", what, tt.err, tt.want)
		}
	}
	if _, err := c.GetScale(ctx, "x", metav1.GetOptions{}); err == nil || err.Error() != `deployments.apps "x" not found` {
		t.Errorf("get: %v", err)
	}
}
