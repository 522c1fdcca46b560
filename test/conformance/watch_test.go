package conformance

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	v1 "k8s.io/client-go/kubernetes/typed/core/v1"
)

func watched(name, label string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"watched": label}}}
}

// changes writes a config map's data, and returns what is stored.
func changes(t *testing.T, c v1.ConfigMapInterface, o *corev1.ConfigMap, value string) *corev1.ConfigMap {
	t.Helper()
	o = o.DeepCopy()
	o.Data = map[string]string{"value": value}
	o, err := c.Update(t.Context(), o, metav1.UpdateOptions{})
	need(t, err)
	return o
}

// isNext wants the next event of a watch to be of that type, of what is stored.
func isNext(t *testing.T, w watch.Interface, want watch.EventType, o *corev1.ConfigMap) {
	t.Helper()
	ev := next(t, w)
	got, ok := ev.Object.(*corev1.ConfigMap)
	if !ok || ev.Type != want || got.Name != o.Name || want != watch.Deleted && got.ResourceVersion != o.ResourceVersion {
		t.Fatalf("%s %v; want %s %s of revision %s", ev.Type, ev.Object, want, o.Name, o.ResourceVersion)
	}
}

func TestWatchers(t *testing.T) {
	ctx, a := t.Context(), start(t)
	c := a.kube.CoreV1().ConfigMaps("default")
	create := func(t *testing.T, name, label string) *corev1.ConfigMap {
		t.Helper()
		o, err := c.Create(ctx, watched(name, label), metav1.CreateOptions{})
		need(t, err)
		return o
	}
	open := func(t *testing.T, selector, since string) watch.Interface {
		t.Helper()
		w, err := c.Watch(ctx, metav1.ListOptions{LabelSelector: selector, ResourceVersion: since})
		need(t, err)
		t.Cleanup(w.Stop)
		return w
	}
	promise(t, "[sig-api-machinery] Watchers should observe add, update, and delete watch notifications on configmaps", func(t *testing.T) {
		onlyA, onlyB, both := open(t, "watched=a", ""), open(t, "watched=b", ""), open(t, "watched in (a,b)", "")
		for label, w := range map[string]watch.Interface{"a": onlyA, "b": onlyB} {
			o := create(t, "in-"+label, label)
			isNext(t, w, watch.Added, o)
			isNext(t, both, watch.Added, o)
			o = changes(t, c, o, "1")
			isNext(t, w, watch.Modified, o)
			isNext(t, both, watch.Modified, o)
			need(t, c.Delete(ctx, o.Name, metav1.DeleteOptions{}))
			isNext(t, w, watch.Deleted, o)
			isNext(t, both, watch.Deleted, o)
		}
	})
	promise(t, "[sig-api-machinery] Watchers should be able to start watching from a specific resource version", func(t *testing.T) {
		o := create(t, "past", "past")
		first := changes(t, c, o, "1")
		second := changes(t, c, first, "2")
		need(t, c.Delete(ctx, "past", metav1.DeleteOptions{}))
		w := open(t, "watched=past", first.ResourceVersion)
		isNext(t, w, watch.Modified, second)
		isNext(t, w, watch.Deleted, second)
	})
	promise(t, "[sig-api-machinery] Watchers should be able to restart watching from the last resource version observed by the previous watch", func(t *testing.T) {
		w := open(t, "watched=again", "")
		o := create(t, "again", "again")
		isNext(t, w, watch.Added, o)
		first := changes(t, c, o, "1")
		isNext(t, w, watch.Modified, first)
		w.Stop()
		second := changes(t, c, first, "2")
		need(t, c.Delete(ctx, "again", metav1.DeleteOptions{}))
		w = open(t, "watched=again", first.ResourceVersion)
		isNext(t, w, watch.Modified, second)
		isNext(t, w, watch.Deleted, second)
	})
	promise(t, "[sig-api-machinery] Watchers should observe an object deletion if it stops meeting the requirements of the selector", func(t *testing.T) {
		w := open(t, "watched=meets", "")
		o := create(t, "meets", "meets")
		isNext(t, w, watch.Added, o)
		o.Labels["watched"] = "not"
		o = changes(t, c, o, "1")
		isNext(t, w, watch.Deleted, o)
		o = changes(t, c, o, "2") // is not seen
		o.Labels["watched"] = "meets"
		o = changes(t, c, o, "3")
		isNext(t, w, watch.Added, o)
		o = changes(t, c, o, "4")
		isNext(t, w, watch.Modified, o)
		need(t, c.Delete(ctx, "meets", metav1.DeleteOptions{}))
		isNext(t, w, watch.Deleted, o)
	})
	promise(t, "[sig-api-machinery] Watchers should receive events on concurrent watches in same order", func(t *testing.T) {
		const events = 100
		w := open(t, "watched=order", "")
		done := produce(t, c, events)
		versions := map[int]string{}
		var later []watch.Interface
		for i := range events {
			version := versionOf(t, next(t, w))
			versions[i] = version
			for n, other := range later { // every earlier watch sees the same
				if got := versionOf(t, next(t, other)); got != version {
					t.Fatalf("event %d: watch %d sees %s, the first %s", i, n, got, version)
				}
			}
			if i%10 == 0 {
				later = append(later, open(t, "watched=order", version))
			}
		}
		need(t, <-done)
	})
}

func versionOf(t *testing.T, ev watch.Event) string {
	t.Helper()
	o, ok := ev.Object.(*corev1.ConfigMap)
	if !ok {
		t.Fatalf("%s %v", ev.Type, ev.Object)
	}
	return o.ResourceVersion
}

// produce makes, changes and deletes config maps: so many events in all.
func produce(t *testing.T, c v1.ConfigMapInterface, events int) <-chan error {
	ctx, done := t.Context(), make(chan error, 1)
	go func() {
		for i := range events {
			var err error
			o := watched(fmt.Sprintf("order-%d", i/3), "order")
			switch i % 3 {
			case 0:
				_, err = c.Create(ctx, o, metav1.CreateOptions{})
			case 1:
				o.Data = map[string]string{"i": fmt.Sprint(i)}
				_, err = c.Update(ctx, o, metav1.UpdateOptions{})
			case 2:
				err = c.Delete(ctx, o.Name, metav1.DeleteOptions{})
			}
			if err != nil && !apierrors.IsAlreadyExists(err) {
				done <- err
				return
			}
		}
		done <- nil
	}()
	return done
}
