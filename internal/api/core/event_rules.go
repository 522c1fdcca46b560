package core

import (
	"fmt"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// How long texts of an Event that has an eventTime may be.
const (
	eventWord = 128  // reportingInstance, action, reason
	eventNote = 1024 // the message
)

func validateEvent(o *corev1.Event) field.ErrorList {
	return EventFaults(o, "reportingComponent")
}

// EventFaults are the faults of an Event in whichever version it was sent;
// controller is what that version calls the one who reports. Events without
// eventTime are of before there was one, and little is asked of them.
func EventFaults(o *corev1.Event, controller string) field.ErrorList {
	errs := eventNamespace(o)
	if o.EventTime.IsZero() {
		return errs
	}
	if o.ReportingController == "" {
		errs = append(errs, field.Required(field.NewPath(controller), ""))
	}
	for _, text := range validation.IsQualifiedName(o.ReportingController) {
		errs = append(errs, field.Invalid(field.NewPath(controller), o.ReportingController, text))
	}
	for _, word := range []struct{ name, value string }{
		{"reportingInstance", o.ReportingInstance}, {"action", o.Action}, {"reason", o.Reason},
	} {
		if word.value == "" {
			errs = append(errs, field.Required(field.NewPath(word.name), ""))
		}
		errs = append(errs, noLongerThan(eventWord, word.name, word.value)...)
	}
	return append(errs, noLongerThan(eventNote, "message", o.Message)...)
}

// eventNamespace: an Event lies in the namespace of its object; those of
// objects that are in none lie in "default" or "kube-system".
func eventNamespace(o *corev1.Event) field.ErrorList {
	ns := o.InvolvedObject.Namespace
	if ns == o.Namespace || ns == "" && (o.Namespace == metav1.NamespaceDefault || o.Namespace == metav1.NamespaceSystem) {
		return nil
	}
	return field.ErrorList{field.Invalid(field.NewPath("involvedObject", "namespace"), ns, "does not match event.namespace")}
}

func noLongerThan(n int, name, value string) field.ErrorList {
	if utf8.RuneCountInString(value) <= n {
		return nil
	}
	return field.ErrorList{field.Invalid(field.NewPath(name), "", fmt.Sprintf("can have at most %v characters", n))}
}
