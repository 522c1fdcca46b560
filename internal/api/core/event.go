package core

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// eventSeconds is how long an event is kept: an hour.
const eventSeconds = 60 * 60

// Event tells what happened to an object.
var Event = api.Define(api.Kind[*corev1.Event]{
	GVK: gv.WithKind("Event"), Plural: "events", Prefix: "events", Namespaced: true,
	ShortNames: []string{"ev"},
	New:        api.New[corev1.Event], NewList: api.NewList[corev1.EventList],
	AllowCreateOnUpdate: true,
	TTL:                 eventSeconds,
	ValidateName:        meta.PathSegment,

	Validate: validateEvent,

	Columns: table.Of("Last Seen", "Type", "Reason", "Object", "Subobject", "Source", "Message", "First Seen", "Count", "Name").
		OnlyWide("Subobject", "Source", "First Seen", "Count", "Name").
		Docs(map[string]string{
			"Last Seen": corev1.Event{}.SwaggerDoc()["lastTimestamp"], "First Seen": corev1.Event{}.SwaggerDoc()["firstTimestamp"],
			"Type": corev1.Event{}.SwaggerDoc()["type"], "Reason": corev1.Event{}.SwaggerDoc()["reason"],
			"Object": corev1.Event{}.SwaggerDoc()["involvedObject"], "Subobject": corev1.ObjectReference{}.SwaggerDoc()["fieldPath"],
			"Source": corev1.Event{}.SwaggerDoc()["source"], "Message": corev1.Event{}.SwaggerDoc()["message"],
			"Count": corev1.Event{}.SwaggerDoc()["count"],
		}),
	Row: eventRow,
	FieldNames: []string{
		"involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
		"involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath",
		"reason", "reportingComponent", "source", "type",
	},
	Fields: eventFields,
})

func eventRow(o *corev1.Event) []any {
	first := since(o.FirstTimestamp.Time, o.EventTime.Time)
	last, count := since(o.LastTimestamp.Time, o.FirstTimestamp.Time, o.EventTime.Time), o.Count
	if o.Series != nil {
		last, count = since(o.Series.LastObservedTime.Time), o.Series.Count
	}
	if count == 0 {
		count = 1 // made once, by a client that does not count
	}
	object := strings.ToLower(o.InvolvedObject.Kind)
	if o.InvolvedObject.Name != "" {
		object += "/" + o.InvolvedObject.Name
	}
	return []any{
		last, o.Type, o.Reason, object, o.InvolvedObject.FieldPath, eventSource(o),
		strings.TrimSpace(o.Message), first, int64(count), o.Name,
	}
}

// since is the age of the first time that is set.
func since(times ...time.Time) string {
	for _, t := range times {
		if !t.IsZero() {
			return duration.HumanDuration(time.Since(t))
		}
	}
	return table.Unknown
}

func eventSource(o *corev1.Event) string {
	component, host := o.Source.Component, o.Source.Host
	if component == "" {
		component, host = o.ReportingController, o.ReportingInstance
	}
	if host == "" {
		return component
	}
	return component + ", " + host
}

func eventFields(o *corev1.Event) map[string]string {
	ref := o.InvolvedObject
	return map[string]string{
		"involvedObject.kind": ref.Kind, "involvedObject.namespace": ref.Namespace, "involvedObject.name": ref.Name,
		"involvedObject.uid": string(ref.UID), "involvedObject.apiVersion": ref.APIVersion,
		"involvedObject.resourceVersion": ref.ResourceVersion, "involvedObject.fieldPath": ref.FieldPath,
		"reason": o.Reason, "reportingComponent": o.ReportingController,
		"source": table.Or(o.Source.Component, o.ReportingController), "type": o.Type,
	}
}
