// Package node says what the kinds of node.k8s.io/v1 mean, one file per kind.
package node

import nodev1 "k8s.io/api/node/v1"

var gv = nodev1.SchemeGroupVersion
