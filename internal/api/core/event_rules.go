package core

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// How many bytes texts of an Event that has an eventTime may be long.
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
	if o.EventTime.IsZero() {
		return olderNamespace(o)
	}
	errs := newerNamespace(o)
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

// olderNamespace: an Event without eventTime lies in the namespace of its
// object; those of objects that are in none lie in "default".
func olderNamespace(o *corev1.Event) field.ErrorList {
	ns := o.InvolvedObject.Namespace
	if ns == o.Namespace || ns == "" && o.Namespace == metav1.NamespaceDefault {
		return nil
	}
	return elsewhere(ns)
}

// newerNamespace: an Event with eventTime may lie apart from its object, as it
// may in Kubernetes; those of objects in no namespace lie where all look for
// them.
func newerNamespace(o *corev1.Event) field.ErrorList {
	ns := o.InvolvedObject.Namespace
	if ns != "" || o.Namespace == metav1.NamespaceDefault || o.Namespace == metav1.NamespaceSystem {
		return nil
	}
	return elsewhere(ns)
}

func elsewhere(ns string) field.ErrorList {
	return field.ErrorList{field.Invalid(field.NewPath("involvedObject", "namespace"), ns, "does not match event.namespace")}
}

// noLongerThan counts bytes, though clients are told of characters: so does
// Kubernetes.
func noLongerThan(n int, name, value string) field.ErrorList {
	if len(value) <= n {
		return nil
	}
	return field.ErrorList{field.Invalid(field.NewPath(name), "", fmt.Sprintf("can have at most %v characters", n))}
}
