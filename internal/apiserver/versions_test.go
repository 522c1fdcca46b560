package apiserver_test

import (
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	autoscalingv1 "k8s.io/client-go/applyconfigurations/autoscaling/v1"
	autoscalingv2 "k8s.io/client-go/applyconfigurations/autoscaling/v2"
	"k8s.io/client-go/kubernetes"

	"skiff/internal/apiserver/apitest"
)

// account is who owns what, a line a manager: "one autoscaling/v1 FIELDS".
func account(o metav1.Object) string {
	var lines []string
	for _, m := range o.GetManagedFields() {
		lines = append(lines, m.Manager+" "+m.APIVersion+" "+string(m.FieldsV1.GetRawBytes()))
	}
	return strings.Join(lines, "\n")
}

func v1Scaler(most int32) *autoscalingv1.HorizontalPodAutoscalerApplyConfiguration {
	return autoscalingv1.HorizontalPodAutoscaler("h", "default").WithSpec(autoscalingv1.HorizontalPodAutoscalerSpec().
		WithMaxReplicas(most).WithTargetCPUUtilizationPercentage(50).
		WithScaleTargetRef(autoscalingv1.CrossVersionObjectReference().WithKind("Deployment").WithName("web").WithAPIVersion("apps/v1")))
}

// Two who apply the same object in two versions keep what is theirs, and are
// told when they want the same field.
func TestApplyInTwoVersions(t *testing.T) {
	s, ctx := apitest.Start(t), t.Context()
	c := kubernetes.NewForConfigOrDie(s.Admin())
	one, two := c.AutoscalingV1().HorizontalPodAutoscalers("default"), c.AutoscalingV2().HorizontalPodAutoscalers("default")
	if _, err := one.Apply(ctx, v1Scaler(5), metav1.ApplyOptions{FieldManager: "one"}); err != nil {
		t.Fatal(err)
	}
	least := autoscalingv2.HorizontalPodAutoscaler("h", "default").WithSpec(autoscalingv2.HorizontalPodAutoscalerSpec().WithMinReplicas(2))
	now, err := two.Apply(ctx, least, metav1.ApplyOptions{FieldManager: "two"})
	if err != nil {
		t.Fatal(err)
	}
	if got := account(now); *now.Spec.MinReplicas != 2 || now.Spec.MaxReplicas != 5 || len(now.Spec.Metrics) != 1 ||
		!strings.Contains(got, `one autoscaling/v1 {"f:spec":{"f:maxReplicas":{},"f:scaleTargetRef":{},"f:targetCPUUtilizationPercentage":{}}}`) ||
		!strings.Contains(got, `two autoscaling/v2 {"f:spec":{"f:minReplicas":{}}}`) {
		t.Errorf("%+v\n%s", now.Spec, got)
	}

	least.Spec.WithMaxReplicas(9)
	_, err = two.Apply(ctx, least, metav1.ApplyOptions{FieldManager: "two"})
	if !apierrors.IsConflict(err) || !strings.Contains(err.Error(), `conflict with "one": .spec.maxReplicas`) {
		t.Errorf("a field of one who wrote another version: %v", err)
	}
	forced, err := two.Apply(ctx, least, metav1.ApplyOptions{FieldManager: "two", Force: true})
	if err != nil || forced.Spec.MaxReplicas != 9 || strings.Contains(account(forced), `one autoscaling/v1 {"f:spec":{"f:maxReplicas"`) {
		t.Errorf("forced: %v\n%s", err, account(forced))
	}
	_, err = one.Apply(ctx, v1Scaler(4), metav1.ApplyOptions{FieldManager: "one"})
	if !apierrors.IsConflict(err) || !strings.Contains(err.Error(), `conflict with "two": .spec.maxReplicas`) {
		t.Errorf("the field that was taken: %v", err)
	}
	// What its manager no longer applies goes, whatever the version of the others.
	fewer := v1Scaler(9)
	fewer.Spec.TargetCPUUtilizationPercentage = nil
	left, err := one.Apply(ctx, fewer, metav1.ApplyOptions{FieldManager: "one", Force: true})
	if err != nil || left.Spec.TargetCPUUtilizationPercentage != nil && *left.Spec.TargetCPUUtilizationPercentage == 50 || *left.Spec.MinReplicas != 2 {
		t.Errorf("%v, %+v", err, left.Spec)
	}
}

// A write through one version takes from the account of those who wrote
// another what it changed, and nothing else.
func TestUpdateThroughAnotherVersion(t *testing.T) {
	s, ctx := apitest.Start(t), t.Context()
	c := kubernetes.NewForConfigOrDie(s.Admin())
	if _, err := c.AutoscalingV1().HorizontalPodAutoscalers("default").Apply(ctx, v1Scaler(5), metav1.ApplyOptions{FieldManager: "one"}); err != nil {
		t.Fatal(err)
	}
	two := c.AutoscalingV2().HorizontalPodAutoscalers("default")
	o, err := two.Get(ctx, "h", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	o.Spec.MaxReplicas = 8
	now, err := two.Update(ctx, o, metav1.UpdateOptions{FieldManager: "two"})
	if err != nil {
		t.Fatal(err)
	}
	if got := account(now); !strings.Contains(got, `one autoscaling/v1 {"f:spec":{"f:scaleTargetRef":{},"f:targetCPUUtilizationPercentage":{}}}`) ||
		!strings.Contains(got, `two autoscaling/v2 {"f:spec":{"f:maxReplicas":{}}}`) {
		t.Errorf("after an update:\n%s", got)
	}
	*now.Spec.Metrics[0].Resource.Target.AverageUtilization = 70
	now, err = two.Update(ctx, now, metav1.UpdateOptions{FieldManager: "two"})
	if err != nil {
		t.Fatal(err)
	}
	if got := account(now); !strings.Contains(got, `one autoscaling/v1 {"f:spec":{"f:scaleTargetRef":{}}}`) {
		t.Errorf("after the metric that is a field of its own in v1:\n%s", got)
	}
}

// The two Events, whose versions are of different groups.
func TestEventsKeepTheirManagers(t *testing.T) {
	s, ctx := apitest.Start(t), t.Context()
	c := kubernetes.NewForConfigOrDie(s.Admin())
	const event = `{"apiVersion":"v1","kind":"Event","metadata":{"name":"e","namespace":"default"},"involvedObject":{"kind":"Pod","name":"p","namespace":"default"},"reason":"Old","message":"text","type":"Normal"}`
	_, err := c.CoreV1().Events("default").Patch(ctx, "e", types.ApplyPatchType, []byte(event), metav1.PatchOptions{FieldManager: "core"})
	if err != nil {
		t.Fatal(err)
	}
	now, err := c.EventsV1().Events("default").Patch(ctx, "e", types.MergePatchType, []byte(`{"metadata":{"labels":{"a":"b"}}}`), metav1.PatchOptions{FieldManager: "new"})
	if err != nil {
		t.Fatal(err)
	}
	if got := account(now); !strings.Contains(got, `core v1 {"f:involvedObject":{},"f:message":{},"f:reason":{},"f:type":{}}`) || !strings.Contains(got, `new events.k8s.io/v1 {"f:metadata":{"f:labels":{".":{},"f:a":{}}}}`) {
		t.Errorf("%s", got)
	}
	_, err = c.EventsV1().Events("default").Patch(ctx, "e", types.ApplyPatchType, []byte(`{"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"name":"e"},"note":"other"}`), metav1.PatchOptions{FieldManager: "new"})
	if !apierrors.IsConflict(err) || !strings.Contains(err.Error(), `conflict with "core": .message`) {
		t.Errorf("the note is the message of the other: %v", err)
	}
}

// kubectl apply and then kubectl apply --server-side, with a field gone in
// between: what apply owned goes over to the server-side manager.
func TestMigrationFromClientSideApply(t *testing.T) {
	s := apitest.Start(t)
	k := newKubectl(t, s.Listen("admin", "system:masters"))
	const settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: one, b: two}\n"
	k.must(settings, "apply -f -", "created")
	k.must(strings.Replace(settings, "b: two", "b: three", 1), "apply --server-side -f -", "serverside-applied")
	k.must(strings.Replace(settings, ", b: two", "", 1), "apply --server-side -f -", "serverside-applied")
	k.must("", "get cm settings -o jsonpath={.data}", `{"a":"one"}`)
	out, _ := k.run(strings.Fields("get cm settings --show-managed-fields -o jsonpath={.metadata.managedFields[*].manager}/{.metadata.managedFields[*].operation}")...)
	if out != "kubectl-last-applied kubectl/Apply Apply" { // kubectl keeps its annotation up to date under a name of its own
		t.Errorf("managers after the migration: %s", out)
	}
}
