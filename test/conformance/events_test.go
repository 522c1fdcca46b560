package conformance

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func newEvent(name string) *eventsv1.Event {
	return &eventsv1.Event{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"promise": "kept"}},
		EventTime:  metav1.NewMicroTime(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)),
		Regarding:  corev1.ObjectReference{Kind: "Pod", Namespace: "default", Name: "x"},
		Action:     "Testing", Reason: "Tested", Type: corev1.EventTypeNormal, Note: "first",
		ReportingController: "example.com/test", ReportingInstance: "test-1",
	}
}

func coreEvent(name string) *corev1.Event {
	return &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Name: name, Labels: map[string]string{"promise": "kept"}},
		InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: "default", Name: "x"},
		Type:           corev1.EventTypeNormal, Reason: "Tested", Message: "first",
	}
}

func TestEvents(t *testing.T) {
	ctx, a := t.Context(), start(t)
	events, core := a.kube.EventsV1().Events("default"), a.kube.CoreV1().Events("default")
	series := time.Date(2026, 1, 2, 3, 5, 5, 0, time.UTC)
	promise(t, "[sig-instrumentation] Events API should ensure that an event can be fetched, patched, deleted, and listed", func(t *testing.T) {
		_, err := events.Create(ctx, newEvent("one"), metav1.CreateOptions{})
		need(t, err)
		patched, err := events.Patch(ctx, "one", types.StrategicMergePatchType, []byte(`{"series":{"count":2,"lastObservedTime":"2026-01-02T03:04:06.000000Z"}}`), metav1.PatchOptions{})
		if err != nil || patched.Series == nil || patched.Series.Count != 2 {
			t.Fatalf("%v, %v", patched, err)
		}
		if _, err := events.Patch(ctx, "one", types.StrategicMergePatchType, []byte(`{"note":"second"}`), metav1.PatchOptions{}); !apierrors.IsInvalid(err) {
			t.Errorf("what happened is written anew: %v", err)
		}
		patched.Series = &eventsv1.EventSeries{Count: 100, LastObservedTime: metav1.NewMicroTime(series)}
		_, err = events.Update(ctx, patched, metav1.UpdateOptions{})
		need(t, err)
		got, err := a.kube.EventsV1().Events("").List(ctx, kept)
		if err != nil || len(got.Items) != 1 || got.Items[0].Series == nil || got.Items[0].Series.Count != 100 {
			t.Errorf("%v, %v", got, err)
		}
		need(t, events.Delete(ctx, "one", metav1.DeleteOptions{}))
		if got, err := a.kube.EventsV1().Events("").List(ctx, kept); err != nil || len(got.Items) != 0 {
			t.Errorf("%v, %v", got, err)
		}
	})
	promise(t, "[sig-instrumentation] Events API should delete a collection of events", func(t *testing.T) {
		for _, name := range []string{"a", "b", "c"} {
			_, err := events.Create(ctx, newEvent(name), metav1.CreateOptions{})
			need(t, err)
		}
		if got, err := events.List(ctx, kept); err != nil || len(got.Items) != 3 {
			t.Errorf("%v, %v", got, err)
		}
		need(t, events.DeleteCollection(ctx, metav1.DeleteOptions{}, kept))
		if got, err := events.List(ctx, kept); err != nil || len(got.Items) != 0 {
			t.Errorf("%v, %v", got, err)
		}
	})
	promise(t, "[sig-instrumentation] Events should manage the lifecycle of an event", func(t *testing.T) {
		_, err := core.Create(ctx, coreEvent("one"), metav1.CreateOptions{})
		need(t, err)
		all, err := a.kube.CoreV1().Events("").List(ctx, kept)
		if err != nil || len(all.Items) != 1 {
			t.Errorf("%v, %v", all, err)
		}
		patched, err := core.Patch(ctx, "one", types.StrategicMergePatchType, []byte(`{"message":"second"}`), metav1.PatchOptions{})
		if err != nil || patched.Message != "second" {
			t.Fatalf("%v, %v", patched, err)
		}
		patched.Series = &corev1.EventSeries{Count: 100, LastObservedTime: metav1.NewMicroTime(series)}
		_, err = core.Update(ctx, patched, metav1.UpdateOptions{})
		need(t, err)
		got, err := core.Get(ctx, "one", metav1.GetOptions{})
		if err != nil || got.Series == nil || got.Series.Count != 100 {
			t.Errorf("%v, %v", got, err)
		}
		need(t, core.Delete(ctx, "one", metav1.DeleteOptions{}))
		if _, err := core.Get(ctx, "one", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			t.Error(err)
		}
	})
	promise(t, "[sig-instrumentation] Events should delete a collection of events", func(t *testing.T) {
		for _, name := range []string{"a", "b", "c"} {
			_, err := core.Create(ctx, coreEvent(name), metav1.CreateOptions{})
			need(t, err)
		}
		if got, err := core.List(ctx, kept); err != nil || len(got.Items) != 3 {
			t.Errorf("%v, %v", got, err)
		}
		need(t, core.DeleteCollection(ctx, metav1.DeleteOptions{}, kept))
		if got, err := core.List(ctx, kept); err != nil || len(got.Items) != 0 {
			t.Errorf("%v, %v", got, err)
		}
	})
}
