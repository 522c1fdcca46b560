// Package scheduling says what the kinds of scheduling.k8s.io/v1 mean, one file per kind.
package scheduling

import schedulingv1 "k8s.io/api/scheduling/v1"

var gv = schedulingv1.SchemeGroupVersion
