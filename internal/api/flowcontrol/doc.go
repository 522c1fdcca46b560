// Package flowcontrol says what the kinds of flowcontrol.apiserver.k8s.io/v1 mean, one file per kind.
package flowcontrol

import flowcontrolv1 "k8s.io/api/flowcontrol/v1"

var gv = flowcontrolv1.SchemeGroupVersion
