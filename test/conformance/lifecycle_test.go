package conformance

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
)

// discovered fails the test unless discovery tells of the resources: the
// group among the groups, its version in the group, the names in the version.
func (a *admin) discovered(t *testing.T, gv schema.GroupVersion, resources ...string) {
	t.Helper()
	groups, err := a.kube.Discovery().ServerGroups()
	need(t, err)
	found := slices.ContainsFunc(groups.Groups, func(g metav1.APIGroup) bool {
		return g.Name == gv.Group && slices.ContainsFunc(g.Versions, func(v metav1.GroupVersionForDiscovery) bool { return v.GroupVersion == gv.String() })
	})
	if !found {
		t.Errorf("/apis has no %s", gv)
	}
	code, text := a.call(t, http.MethodGet, "/apis/"+gv.Group, nil)
	var group metav1.APIGroup
	if err := json.Unmarshal([]byte(text), &group); err != nil || code != http.StatusOK ||
		!slices.ContainsFunc(group.Versions, func(v metav1.GroupVersionForDiscovery) bool { return v.Version == gv.Version }) {
		t.Errorf("/apis/%s: %d, %v: %s", gv.Group, code, err, text)
	}
	list, err := a.kube.Discovery().ServerResourcesForGroupVersion(gv.String())
	need(t, err)
	for _, name := range resources {
		if !slices.ContainsFunc(list.APIResources, func(r metav1.APIResource) bool { return r.Name == name }) {
			t.Errorf("/apis/%s has no %s", gv, name)
		}
	}
}

// next is the next event of a watch that is no bookmark.
func next(t *testing.T, w watch.Interface) watch.Event {
	t.Helper()
	for {
		select {
		case ev, open := <-w.ResultChan():
			if !open {
				t.Fatal("the watch has ended")
			}
			if ev.Type != watch.Bookmark {
				return ev
			}
		case <-t.Context().Done():
			t.Fatal("no event came")
		}
	}
}

// sees wants the next event of a watch to be of that type and name.
func sees(t *testing.T, w watch.Interface, want watch.EventType, name string) *unstructured.Unstructured {
	t.Helper()
	ev := next(t, w)
	o, ok := ev.Object.(*unstructured.Unstructured)
	if !ok || ev.Type != want || o.GetName() != name {
		t.Fatalf("%s %v; want %s %s", ev.Type, ev.Object, want, name)
	}
	return o
}

// labelled copies the fixture of a kind under other names, with a label.
func labelled(t *testing.T, gvk schema.GroupVersionKind, names ...string) (all []*unstructured.Unstructured) {
	t.Helper()
	fixture := objects(t)[gvk.GroupVersion().String()+" "+gvk.Kind]
	if fixture == nil {
		t.Fatalf("objects.yaml has no %s", gvk)
	}
	for _, name := range names {
		o := fixture.DeepCopy()
		o.SetName(name)
		o.SetLabels(map[string]string{"promise": "kept"})
		all = append(all, o)
	}
	return all
}

// judged is the resource whose status the server itself writes, once, when it
// sees an object: whether a FlowSchema leads anywhere.
const judged = "flowschemas"

var kept = metav1.ListOptions{LabelSelector: "promise=kept"}

// lives shows create, get, list, watch, update, patch, delete and
// deletecollection of a kind, with the dynamic client.
func (a *admin) lives(t *testing.T, gvk schema.GroupVersionKind, resource string) dynamic.ResourceInterface {
	t.Helper()
	ctx := t.Context()
	c := dynamic.NewForConfigOrDie(a.config).Resource(gvk.GroupVersion().WithResource(resource))
	start, err := c.List(ctx, kept)
	need(t, err)
	w, err := c.Watch(ctx, metav1.ListOptions{LabelSelector: kept.LabelSelector, ResourceVersion: start.GetResourceVersion()})
	need(t, err)
	defer w.Stop()
	names := []string{"first", "second", "third"}
	for _, o := range labelled(t, gvk, names...) {
		_, err := c.Create(ctx, o, metav1.CreateOptions{})
		need(t, err)
		sees(t, w, watch.Added, o.GetName())
		if resource == judged {
			sees(t, w, watch.Modified, o.GetName())
		}
	}
	first, err := c.Get(ctx, "first", metav1.GetOptions{})
	need(t, err)
	if list, err := c.List(ctx, kept); err != nil || len(list.Items) != 3 {
		t.Errorf("list: %v, %v", list, err)
	}
	patched, err := c.Patch(ctx, "first", types.MergePatchType, []byte(`{"metadata":{"annotations":{"patched":"true"}}}`), metav1.PatchOptions{})
	if err != nil || patched.GetAnnotations()["patched"] != "true" || patched.GetResourceVersion() == first.GetResourceVersion() {
		t.Errorf("patch: %v, %v", patched, err)
	}
	if seen := sees(t, w, watch.Modified, "first"); seen.GetAnnotations()["patched"] != "true" {
		t.Errorf("the watch shows %v", seen)
	}
	patched.SetAnnotations(map[string]string{"updated": "true"})
	updated, err := c.Update(ctx, patched, metav1.UpdateOptions{})
	if err != nil || updated.GetAnnotations()["updated"] != "true" {
		t.Errorf("update: %v, %v", updated, err)
	}
	sees(t, w, watch.Modified, "first")
	need(t, c.Delete(ctx, "first", metav1.DeleteOptions{}))
	sees(t, w, watch.Deleted, "first")
	if _, err := c.Get(ctx, "first", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("get of what is deleted: %v", err)
	}
	need(t, c.DeleteCollection(ctx, metav1.DeleteOptions{}, kept))
	sees(t, w, watch.Deleted, "second")
	sees(t, w, watch.Deleted, "third")
	if list, err := c.List(ctx, kept); err != nil || len(list.Items) != 0 {
		t.Errorf("list of what is deleted: %v, %v", list, err)
	}
	return c
}

// hasStatus shows get, patch and update of a kind's status.
func (a *admin) hasStatus(t *testing.T, gvk schema.GroupVersionKind, resource, patch string, read func(status map[string]any) bool) {
	t.Helper()
	ctx := t.Context()
	c := dynamic.NewForConfigOrDie(a.config).Resource(gvk.GroupVersion().WithResource(resource))
	made, err := c.Create(ctx, labelled(t, gvk, "with-status")[0], metav1.CreateOptions{})
	need(t, err)
	if resource == judged {
		w, err := c.Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=with-status", ResourceVersion: made.GetResourceVersion()})
		need(t, err)
		sees(t, w, watch.Modified, "with-status")
		w.Stop()
	}
	patched, err := c.Patch(ctx, "with-status", types.MergePatchType, []byte(patch), metav1.PatchOptions{}, "status")
	need(t, err)
	if status, _, _ := unstructured.NestedMap(patched.Object, "status"); !read(status) {
		t.Errorf("the patched status is %v", status)
	}
	patched.SetAnnotations(map[string]string{"status": "updated"})
	_, err = c.UpdateStatus(ctx, patched, metav1.UpdateOptions{})
	need(t, err)
	got, err := c.Get(ctx, "with-status", metav1.GetOptions{}, "status")
	need(t, err)
	if status, _, _ := unstructured.NestedMap(got.Object, "status"); !read(status) {
		t.Errorf("the updated status is %v", status)
	}
	need(t, c.Delete(ctx, "with-status", metav1.DeleteOptions{}))
}
