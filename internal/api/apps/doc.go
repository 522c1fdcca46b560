// Package apps says what the kinds of apps/v1 mean, one file per kind.
package apps

import appsv1 "k8s.io/api/apps/v1"

var gv = appsv1.SchemeGroupVersion
