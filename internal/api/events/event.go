// Package events shows core Events as events.k8s.io/v1 has them: the same
// objects under newer names.
package events

import (
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"

	"skiff/internal/api"
	"skiff/internal/api/core"
)

// Event is a view of core.Event.
var Event = api.Define(api.Kind[*eventsv1.Event]{
	GVK: eventsv1.SchemeGroupVersion.WithKind("Event"), Plural: "events", Prefix: "events", Namespaced: true,
	ShortNames: []string{"ev"},
	New:        api.New[eventsv1.Event], NewList: api.NewList[eventsv1.EventList],
	AllowCreateOnUpdate: true,
	TTL:                 core.Event.TTL,

	StoredAs:   core.Event,
	ToStored:   func(o *eventsv1.Event) (api.Object, error) { return toCore(o), nil },
	FromStored: func(o api.Object) (*eventsv1.Event, error) { return fromCore(o.(*corev1.Event)), nil },

	Validate: validate, ValidateNew: validateCreate, ValidateUpdate: validateUpdate,

	FieldAliases: map[string]string{
		"reason": "reason", "type": "type", "reportingController": "reportingComponent",
		"regarding.kind": "involvedObject.kind", "regarding.namespace": "involvedObject.namespace",
		"regarding.name": "involvedObject.name", "regarding.uid": "involvedObject.uid",
		"regarding.apiVersion": "involvedObject.apiVersion", "regarding.resourceVersion": "involvedObject.resourceVersion",
		"regarding.fieldPath": "involvedObject.fieldPath",
	},

	Columns: core.Event.Columns,
	Row:     func(o *eventsv1.Event) []any { return core.Event.Row(toCore(o)) },
})

func toCore(e *eventsv1.Event) *corev1.Event {
	out := &corev1.Event{
		ObjectMeta: e.ObjectMeta, EventTime: e.EventTime, Action: e.Action, Reason: e.Reason,
		InvolvedObject: e.Regarding, Related: e.Related, Message: e.Note, Type: e.Type,
		ReportingController: e.ReportingController, ReportingInstance: e.ReportingInstance,
		Source: e.DeprecatedSource, FirstTimestamp: e.DeprecatedFirstTimestamp,
		LastTimestamp: e.DeprecatedLastTimestamp, Count: e.DeprecatedCount,
	}
	out.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Event"))
	if s := e.Series; s != nil {
		out.Series = &corev1.EventSeries{Count: s.Count, LastObservedTime: s.LastObservedTime}
	}
	return out
}

func fromCore(e *corev1.Event) *eventsv1.Event {
	out := &eventsv1.Event{
		ObjectMeta: e.ObjectMeta, EventTime: e.EventTime, Action: e.Action, Reason: e.Reason,
		Regarding: e.InvolvedObject, Related: e.Related, Note: e.Message, Type: e.Type,
		ReportingController: e.ReportingController, ReportingInstance: e.ReportingInstance,
		DeprecatedSource: e.Source, DeprecatedFirstTimestamp: e.FirstTimestamp,
		DeprecatedLastTimestamp: e.LastTimestamp, DeprecatedCount: e.Count,
	}
	out.SetGroupVersionKind(eventsv1.SchemeGroupVersion.WithKind("Event"))
	if s := e.Series; s != nil {
		out.Series = &eventsv1.EventSeries{Count: s.Count, LastObservedTime: s.LastObservedTime}
	}
	return out
}
