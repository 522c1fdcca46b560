// Package admissionregistration says what the kinds of admissionregistration.k8s.io/v1 mean, one file per kind.
package admissionregistration

import admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

var gv = admissionregistrationv1.SchemeGroupVersion
