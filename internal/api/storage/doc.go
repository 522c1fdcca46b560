// Package storage says what the kinds of storage.k8s.io/v1 mean, one file per kind.
package storage

import storagev1 "k8s.io/api/storage/v1"

var gv = storagev1.SchemeGroupVersion
