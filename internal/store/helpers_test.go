package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"skiff/internal/api"
)

// pods is a small version of the kind, so that these tests depend on the
// store alone.
func podsResource() *api.Resource {
	return api.Define(api.Kind[*corev1.Pod]{
		GVK: corev1.SchemeGroupVersion.WithKind("Pod"), Plural: "pods", Namespaced: true, Prefix: "pods",
		New:        func() *corev1.Pod { return &corev1.Pod{} },
		NewList:    func() runtime.Object { return &corev1.PodList{} },
		FieldNames: []string{"spec.nodeName", "status.phase"},
		Fields: func(p *corev1.Pod) map[string]string {
			return map[string]string{"spec.nodeName": p.Spec.NodeName, "status.phase": string(p.Status.Phase)}
		},
	})
}

func namespacesResource() *api.Resource {
	return api.Define(api.Kind[*corev1.Namespace]{
		GVK: corev1.SchemeGroupVersion.WithKind("Namespace"), Plural: "namespaces", Prefix: "namespaces",
		New:     func() *corev1.Namespace { return &corev1.Namespace{} },
		NewList: func() runtime.Object { return &corev1.NamespaceList{} },
	})
}

func pod(namespace, name string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"app": "web"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "nginx"}}},
	}
}

func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func openDir(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(testContext(t), Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func openStore(t testing.TB) *Store { t.Helper(); return openDir(t, t.TempDir()) }

// must fails the test on an error.
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func create(t testing.TB, table Table, objects ...api.Object) []Item {
	t.Helper()
	var items []Item
	for _, o := range objects {
		items = append(items, must[Item](t)(table.Create(testContext(t), o)))
	}
	return items
}

// update changes the stored pod and returns its new item.
func update(t testing.TB, table Table, old Item, change func(*corev1.Pod)) Item {
	t.Helper()
	p := old.Object().(*corev1.Pod).DeepCopy()
	change(p)
	return must[Item](t)(table.Update(testContext(t), old, p))
}

func keys(l *List) string {
	var names []string
	for it := range l.Items {
		names = append(names, strings.TrimPrefix(it.Namespace()+"/"+it.Name(), "/"))
	}
	return strings.Join(names, " ")
}

func list(t testing.TB, table Table, o ListOptions) *List {
	t.Helper()
	if o.MinRevision == 0 && o.ExactRevision == 0 {
		o.MinRevision = Latest
	}
	return must[*List](t)(table.List(testContext(t), o))
}

func watch(t testing.TB, table Table, o WatchOptions) Watch {
	t.Helper()
	w := must[Watch](t)(table.Watch(testContext(t), o))
	t.Cleanup(w.Stop)
	return w
}

// next reads an event in words: "ADDED ns/name".
func next(t testing.TB, w Watch) string {
	t.Helper()
	return describe(nextEvent(t, w))
}

func nextEvent(t testing.TB, w Watch) Event {
	t.Helper()
	select {
	case e, ok := <-w.Events():
		if !ok {
			t.Fatalf("the watch ended: %v", w.Err())
		}
		return e
	case <-time.After(20 * time.Second):
		t.Fatal("no event came")
	}
	panic("unreachable")
}

func describe(e Event) string {
	switch {
	case e.InitialEnd:
		return "BOOKMARK initial"
	case e.Item == nil:
		return string(e.Type)
	}
	return fmt.Sprintf("%s %s/%s", e.Type, e.Item.Namespace(), e.Item.Name())
}

func expectEvents(t testing.TB, w Watch, want ...string) {
	t.Helper()
	var got []string
	for range want {
		got = append(got, next(t, w))
	}
	if !slices.Equal(got, want) {
		t.Fatalf("events:\n got %v\nwant %v", got, want)
	}
}

func names(from, to int) []api.Object {
	var objects []api.Object
	for i := from; i < to; i++ {
		objects = append(objects, pod("default", fmt.Sprintf("pod-%04d", i)))
	}
	return objects
}

func namespace(name string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
}
