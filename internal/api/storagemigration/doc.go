// Package storagemigration says what the kinds of storagemigration.k8s.io/v1 mean, one file per kind.
package storagemigration

import storagemigrationv1 "k8s.io/api/storagemigration/v1"

var gv = storagemigrationv1.SchemeGroupVersion
