// Package batch says what the kinds of batch/v1 mean, one file per kind.
package batch

import batchv1 "k8s.io/api/batch/v1"

var gv = batchv1.SchemeGroupVersion
