// Package core says what the kinds of the core group, v1 mean, one file per kind.
package core

import corev1 "k8s.io/api/core/v1"

var gv = corev1.SchemeGroupVersion
