package conformance

import (
	"fmt"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"

	"skiff/internal/api/apiextensions"
)

var definitions = apiextensions.GroupVersion.WithResource("customresourcedefinitions")

// boat is the definition of a kind under that plural name.
func boat(plural string, labels map[string]string) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{
		"group": "example.com", "scope": "Cluster",
		"names": map[string]any{"plural": plural, "kind": "Kind" + plural},
		"versions": []any{map[string]any{"name": "v1", "served": true, "storage": true,
			"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object"}}}},
	}}}
	o.SetGroupVersionKind(apiextensions.GroupVersion.WithKind("CustomResourceDefinition"))
	o.SetName(plural + ".example.com")
	o.SetLabels(labels)
	return o
}

func TestDefinitionsInDiscovery(t *testing.T) {
	a := start(t)
	promise(t, "[sig-api-machinery] CustomResourceDefinition resources should include custom resource definition resources in discovery documents", func(t *testing.T) {
		a.discovered(t, apiextensions.GroupVersion, "customresourcedefinitions", "customresourcedefinitions/status")
	})
}

// What the suite asks of definitions themselves. Its own tests of this wait
// besides until the defined kind is served, so those entries stay left out.
func TestDefinitionsAreStored(t *testing.T) {
	ctx, a := t.Context(), start(t)
	c := dynamic.NewForConfigOrDie(a.config).Resource(definitions)
	t.Run("created, watched and deleted", func(t *testing.T) {
		empty, err := c.List(ctx, metav1.ListOptions{})
		need(t, err)
		w, err := c.Watch(ctx, metav1.ListOptions{ResourceVersion: empty.GetResourceVersion()})
		need(t, err)
		defer w.Stop()
		_, err = c.Create(ctx, boat("barks", nil), metav1.CreateOptions{})
		need(t, err)
		sees(t, w, watch.Added, "barks.example.com")
		need(t, c.Delete(ctx, "barks.example.com", metav1.DeleteOptions{}))
		sees(t, w, watch.Deleted, "barks.example.com")
		if _, err := c.Get(ctx, "barks.example.com", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			t.Errorf("get of what is deleted: %v", err)
		}
	})
	t.Run("listed and deleted by label", func(t *testing.T) {
		for i := range 10 {
			_, err := c.Create(ctx, boat(fmt.Sprintf("boat%d", i), map[string]string{"promise": "kept"}), metav1.CreateOptions{})
			need(t, err)
		}
		_, err := c.Create(ctx, boat("others", nil), metav1.CreateOptions{})
		need(t, err)
		list, err := c.List(ctx, kept)
		if err != nil || len(list.Items) != 10 {
			t.Errorf("%d definitions, %v; want the 10 that are labelled", len(list.Items), err)
		}
		need(t, c.DeleteCollection(ctx, metav1.DeleteOptions{}, kept))
		rest, err := c.List(ctx, metav1.ListOptions{})
		if err != nil || len(rest.Items) != 1 || rest.Items[0].GetName() != "others.example.com" {
			t.Errorf("%v, %v; want the one that has no label", rest, err)
		}
	})
	t.Run("status read, updated and patched", func(t *testing.T) {
		made, err := c.Create(ctx, boat("rafts", nil), metav1.CreateOptions{})
		need(t, err)
		read, err := c.Get(ctx, made.GetName(), metav1.GetOptions{}, "status")
		need(t, err)
		conditions, _, err := unstructured.NestedSlice(read.Object, "status", "conditions")
		need(t, err)
		need(t, unstructured.SetNestedSlice(read.Object, append(conditions, map[string]any{"type": "", "status": "", "message": "updated"}), "status", "conditions"))
		updated, err := c.UpdateStatus(ctx, read, metav1.UpdateOptions{})
		need(t, err)
		saying(t, updated, "updated")
		_, err = c.Patch(ctx, made.GetName(), types.JSONPatchType,
			[]byte(`[{"op":"add","path":"/status/conditions","value":[{"message":"patched"}]}]`), metav1.PatchOptions{}, "status")
		need(t, err)
		got, err := c.Get(ctx, made.GetName(), metav1.GetOptions{})
		need(t, err)
		saying(t, got, "patched")
	})
}

// saying wants the last condition of o to have that message.
func saying(t *testing.T, o *unstructured.Unstructured, message string) {
	t.Helper()
	conditions, _, err := unstructured.NestedSlice(o.Object, "status", "conditions")
	need(t, err)
	if len(conditions) == 0 || conditions[len(conditions)-1].(map[string]any)["message"] != message {
		t.Errorf("conditions %v; want the last to say %q", conditions, message)
	}
}
