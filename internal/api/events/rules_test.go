package events

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/api/apitest"
	"skiff/internal/api/core"
)

const fresh = `
apiVersion: events.k8s.io/v1
kind: Event
metadata: {name: e, namespace: ns}
eventTime: "2000-01-01T00:00:00.000000Z"
reportingController: example.com/c
reportingInstance: i
action: Pulling
reason: Pulled
regarding: {kind: Pod, name: p, namespace: ns}
note: done
type: Normal
`

func TestNewEvents(t *testing.T) {
	now := metav1.Now()
	long := strings.Repeat("x", 129)
	for _, tt := range []struct {
		name   string
		change func(*eventsv1.Event)
		want   string
	}{
		{"as it is", func(*eventsv1.Event) {}, ""},
		{"no time", func(e *eventsv1.Event) { e.EventTime = metav1.MicroTime{} }, "eventTime: Required value"},
		{"no type", func(e *eventsv1.Event) { e.Type = "" }, `type: Invalid value: "": has invalid value: `},
		{"no controller", func(e *eventsv1.Event) { e.ReportingController = "" }, "reportingController: Required value"},
		{"bad controller", func(e *eventsv1.Event) { e.ReportingController = "a b" }, `reportingController: Invalid value: "a b"`},
		{"no instance", func(e *eventsv1.Event) { e.ReportingInstance = "" }, "reportingInstance: Required value"},
		{"no action", func(e *eventsv1.Event) { e.Action = "" }, "action: Required value"},
		{"no reason", func(e *eventsv1.Event) { e.Reason = "" }, "reason: Required value"},
		{"long reason", func(e *eventsv1.Event) { e.Reason = long }, `reason: Invalid value: "": can have at most 128 characters`},
		{"long note", func(e *eventsv1.Event) { e.Note = strings.Repeat("x", 1025) }, `message: Invalid value: "": can have at most 1024 characters`},
		{"first time", func(e *eventsv1.Event) { e.DeprecatedFirstTimestamp = now }, `firstTimestamp: Invalid value: "": needs to be unset`},
		{"last time", func(e *eventsv1.Event) { e.DeprecatedLastTimestamp = now }, `lastTimestamp: Invalid value: "": needs to be unset`},
		{"count", func(e *eventsv1.Event) { e.DeprecatedCount = 1 }, `count: Invalid value: "": needs to be unset`},
		{"source", func(e *eventsv1.Event) { e.DeprecatedSource.Host = "h" }, `source: Invalid value: "": needs to be unset`},
		{"series of one", func(e *eventsv1.Event) {
			e.Series = &eventsv1.EventSeries{Count: 1, LastObservedTime: metav1.NowMicro()}
		}, `series.count: Invalid value: "": should be at least 2`},
		{"series without time", func(e *eventsv1.Event) { e.Series = &eventsv1.EventSeries{Count: 2} }, "series.lastObservedTime: Required value"},
		{"long instance", func(e *eventsv1.Event) { e.ReportingInstance = long }, `reportingInstance: Invalid value: "": can have at most 128 characters`},
		{"long action", func(e *eventsv1.Event) { e.Action = long }, `action: Invalid value: "": can have at most 128 characters`},
		{"odd type", func(e *eventsv1.Event) { e.Type = "Odd" }, `type: Invalid value: "": has invalid value: Odd`},
		{"odd name", func(e *eventsv1.Event) { e.Name = "An_Event" }, `metadata.name: Invalid value: "An_Event"`},
		{"apart from its object", func(e *eventsv1.Event) { e.Regarding.Namespace = "other" }, ""},
		{"of no namespace", func(e *eventsv1.Event) { e.Regarding.Namespace = "" }, `involvedObject.namespace: Invalid value: "": does not match event.namespace`},
	} {
		e := apitest.Parse(t, Event, fresh).(*eventsv1.Event)
		tt.change(e)
		err := Event.Validate(e).ToAggregate()
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestEventsThatHappenedStay(t *testing.T) {
	old := apitest.Parse(t, Event, fresh).(*eventsv1.Event)
	old.ResourceVersion = "1"
	for name, change := range map[string]func(*eventsv1.Event){
		"": func(e *eventsv1.Event) {
			e.Series = &eventsv1.EventSeries{Count: 2, LastObservedTime: metav1.NowMicro()}
		},
		"reason":              func(e *eventsv1.Event) { e.Reason = "other" },
		"action":              func(e *eventsv1.Event) { e.Action = "other" },
		"related":             func(e *eventsv1.Event) { e.Related = &corev1.ObjectReference{Name: "other"} },
		"reportingInstance":   func(e *eventsv1.Event) { e.ReportingInstance = "other" },
		"source":              func(e *eventsv1.Event) { e.DeprecatedSource.Host = "other" },
		"count":               func(e *eventsv1.Event) { e.DeprecatedCount = 9 },
		"firstTimestamp":      func(e *eventsv1.Event) { e.DeprecatedFirstTimestamp = metav1.Now() },
		"lastTimestamp":       func(e *eventsv1.Event) { e.DeprecatedLastTimestamp = metav1.Now() },
		"message":             func(e *eventsv1.Event) { e.Note = "other" },
		"type":                func(e *eventsv1.Event) { e.Type = corev1.EventTypeWarning },
		"involvedObject":      func(e *eventsv1.Event) { e.Regarding.Name = "other" },
		"eventTime":           func(e *eventsv1.Event) { e.EventTime = metav1.NowMicro() },
		"reportingController": func(e *eventsv1.Event) { e.ReportingController = "other" },
		"series.count": func(e *eventsv1.Event) {
			e.Series = &eventsv1.EventSeries{Count: 1, LastObservedTime: metav1.NowMicro()}
		},
	} {
		e := old.DeepCopy()
		change(e)
		errs := Event.ValidateUpdate(e, old)
		if name == "" && len(errs) > 0 || name != "" && (len(errs) != 1 || errs[0].Field != name) {
			t.Errorf("%q changed: %v", name, errs)
		}
	}
}

// Events as they were made before they had a time need little; with one, they
// need as much in the core group.
func TestCoreEvents(t *testing.T) {
	legacy := `{apiVersion: v1, kind: Event, metadata: {name: e, namespace: ns}, involvedObject: {namespace: ns}}`
	e := apitest.Parse(t, core.Event, legacy).(*corev1.Event)
	if errs := core.Event.Validate(e); len(errs) > 0 {
		t.Error(errs)
	}
	e.EventTime = metav1.NowMicro()
	if err := core.Event.Validate(e).ToAggregate(); err == nil || !strings.Contains(err.Error(), "reportingComponent: Required value") || !strings.Contains(err.Error(), "action: Required value") {
		t.Error(err)
	}
}
