package bootstrap

import (
	"maps"
	"slices"
	"testing"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	upstream "k8s.io/apiserver/pkg/apis/flowcontrol/bootstrap"
	"k8s.io/utils/ptr"
)

// The API server of Kubernetes would find nothing to change.
func TestFlowControlIsKubernetes(t *testing.T) {
	ctx, kube := t.Context(), newCluster(t)
	start(t, kube, testOptions())
	levels, err := kube.FlowcontrolV1().PriorityLevelConfigurations().List(ctx, metav1.ListOptions{})
	wanted := slices.Concat(upstream.MandatoryPriorityLevelConfigurations, upstream.SuggestedPriorityLevelConfigurations)
	if err != nil || len(levels.Items) != len(wanted) {
		t.Fatalf("%d levels, want %d: %v", len(levels.Items), len(wanted), err)
	}
	for _, want := range wanted {
		i := slices.IndexFunc(levels.Items, func(l flowcontrolv1.PriorityLevelConfiguration) bool { return l.Name == want.Name })
		if i < 0 || !equality.Semantic.DeepEqual(levels.Items[i].Spec, want.Spec) || !maps.Equal(levels.Items[i].Annotations, want.Annotations) {
			t.Errorf("the level %s is not %+v", want.Name, want.Spec)
		}
	}
	schemas, err := kube.FlowcontrolV1().FlowSchemas().List(ctx, metav1.ListOptions{})
	wantedSchemas := slices.Concat(upstream.MandatoryFlowSchemas, upstream.SuggestedFlowSchemas)
	if err != nil || len(schemas.Items) != len(wantedSchemas) {
		t.Fatalf("%d schemas, want %d: %v", len(schemas.Items), len(wantedSchemas), err)
	}
	for _, want := range wantedSchemas {
		i := slices.IndexFunc(schemas.Items, func(s flowcontrolv1.FlowSchema) bool { return s.Name == want.Name })
		if i < 0 || !equality.Semantic.DeepEqual(schemas.Items[i].Spec, want.Spec) || !maps.Equal(schemas.Items[i].Annotations, want.Annotations) {
			t.Errorf("the schema %s is not %+v", want.Name, want.Spec)
		}
	}
}

// What the system made it keeps as it should be; what users made their own
// stays.
func TestFlowControlIsPutBack(t *testing.T) {
	ctx, kube := t.Context(), newCluster(t)
	start(t, kube, testOptions())
	levels, schemas := kube.FlowcontrolV1().PriorityLevelConfigurations(), kube.FlowcontrolV1().FlowSchemas()
	level := func(name string, change func(*flowcontrolv1.PriorityLevelConfiguration)) *flowcontrolv1.PriorityLevelConfiguration {
		t.Helper()
		l, err := levels.Get(ctx, name, metav1.GetOptions{})
		if err == nil && change != nil {
			change(l)
			l, err = levels.Update(ctx, l, metav1.UpdateOptions{})
		}
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	shares := func(n int32) func(*flowcontrolv1.PriorityLevelConfiguration) {
		return func(l *flowcontrolv1.PriorityLevelConfiguration) { l.Spec.Limited.NominalConcurrencyShares = &n }
	}
	annotated := func(value string, n int32) func(*flowcontrolv1.PriorityLevelConfiguration) {
		return func(l *flowcontrolv1.PriorityLevelConfiguration) {
			shares(n)(l)
			l.Annotations = map[string]string{"mine": "yes", flowcontrolv1.AutoUpdateAnnotationKey: value}
		}
	}
	level("workload-low", shares(7))
	level("workload-high", annotated("false", 8))
	level("system", annotated("nonsense", 9))
	level("exempt", func(l *flowcontrolv1.PriorityLevelConfiguration) {
		l.Spec.Exempt.NominalConcurrencyShares, l.Annotations = ptr.To[int32](10), nil
	})
	for _, name := range []string{"exempt", "global-default"} {
		if err := schemas.Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := levels.Delete(ctx, "catch-all", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	make := func(name, auto string) {
		t.Helper()
		fs := flowSchema(name, 500, "system", "", all, group("g"))
		fs.Annotations = map[string]string{flowcontrolv1.AutoUpdateAnnotationKey: auto}
		if _, err := schemas.Create(ctx, fs, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	make("once-suggested", "true")
	make("adopted", "false")
	start(t, kube, testOptions())

	for name, want := range map[string]struct {
		shares int32
		auto   string
	}{"workload-low": {100, "true"}, "workload-high": {8, "false"}, "system": {9, "false"}, "catch-all": {5, "true"}} {
		l := level(name, nil)
		if *l.Spec.Limited.NominalConcurrencyShares != want.shares || l.Annotations[flowcontrolv1.AutoUpdateAnnotationKey] != want.auto {
			t.Errorf("%s: %d shares, %v; want %+v", name, *l.Spec.Limited.NominalConcurrencyShares, l.Annotations, want)
		}
	}
	if l := level("system", nil); l.Annotations["mine"] != "yes" {
		t.Errorf("annotations of others: %v", l.Annotations)
	}
	if l := level("exempt", nil); *l.Spec.Exempt.NominalConcurrencyShares != 10 || l.Annotations[flowcontrolv1.AutoUpdateAnnotationKey] != "true" {
		t.Errorf("exempt: %+v, %v", l.Spec.Exempt, l.Annotations)
	}
	for _, name := range []string{"exempt", "global-default", "adopted"} {
		if _, err := schemas.Get(ctx, name, metav1.GetOptions{}); err != nil {
			t.Error(err)
		}
	}
	if _, err := schemas.Get(ctx, "once-suggested", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("what is suggested no longer: %v", err)
	}
	if n := start(t, kube, testOptions()); n != 0 {
		t.Errorf("another start writes %d times", n)
	}
}

// An object that nobody has marked is the system's until somebody changes it.
func TestUnmarkedObjects(t *testing.T) {
	for _, tt := range []struct {
		name, mark    string
		generation    int64
		ours, changed bool
	}{
		{"s", "true", 5, true, false}, {"s", "false", 1, false, false}, {"s", "", 1, true, true}, {"s", "", 2, false, true}, {"s", "x", 2, false, true},
		{"exempt", "false", 2, true, true}, {"catch-all", "", 2, true, true}, {"catch-all", "true", 2, true, false},
	} {
		o := &metav1.ObjectMeta{Name: tt.name, Generation: tt.generation}
		if tt.mark != "" {
			o.Annotations = map[string]string{flowcontrolv1.AutoUpdateAnnotationKey: tt.mark}
		}
		ours, changed := takeCare(o)
		says := o.Annotations[flowcontrolv1.AutoUpdateAnnotationKey]
		if ours != tt.ours || changed != tt.changed || !slices.Contains([]string{"true", "false"}, says) || (says == "true") != ours {
			t.Errorf("%+v: %t, %t, and it says %q", tt, ours, changed, says)
		}
	}
}
