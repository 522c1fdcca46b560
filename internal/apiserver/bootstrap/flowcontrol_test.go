package bootstrap

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestFlowControlIsWhole(t *testing.T) {
	ctx, kube := t.Context(), newCluster(t)
	start(t, kube, testOptions())
	levels, err := kube.FlowcontrolV1().PriorityLevelConfigurations().List(ctx, metav1.ListOptions{})
	if err != nil || len(levels.Items) != 8 {
		t.Fatalf("%d levels, %v", len(levels.Items), err)
	}
	known := map[string]bool{}
	for _, l := range levels.Items {
		known[l.Name] = true
	}
	schemas, err := kube.FlowcontrolV1().FlowSchemas().List(ctx, metav1.ListOptions{})
	if err != nil || len(schemas.Items) != 13 {
		t.Fatalf("%d schemas, %v", len(schemas.Items), err)
	}
	for _, s := range schemas.Items {
		if !known[s.Spec.PriorityLevelConfiguration.Name] {
			t.Errorf("%s leads to the level %s, which is not there", s.Name, s.Spec.PriorityLevelConfiguration.Name)
		}
	}
}
