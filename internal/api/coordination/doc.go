// Package coordination says what the kinds of coordination.k8s.io/v1 mean, one file per kind.
package coordination

import coordinationv1 "k8s.io/api/coordination/v1"

var gv = coordinationv1.SchemeGroupVersion
