// Package resource says what the kinds of resource.k8s.io/v1 mean, one file per kind.
package resource

import resourcev1 "k8s.io/api/resource/v1"

var gv = resourcev1.SchemeGroupVersion
