// Package admissionregistration says what the kinds of
// admissionregistration.k8s.io/v1 mean, one file per kind. It compiles the
// expressions in them when they are written, and evaluates none: whom webhooks
// and policies concern is not its business.
package admissionregistration

import admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

var gv = admissionregistrationv1.SchemeGroupVersion
