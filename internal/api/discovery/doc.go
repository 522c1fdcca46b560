// Package discovery says what the kinds of discovery.k8s.io/v1 mean, one file per kind.
package discovery

import discoveryv1 "k8s.io/api/discovery/v1"

var gv = discoveryv1.SchemeGroupVersion
