// Package networking says what the kinds of networking.k8s.io/v1 mean, one file per kind.
package networking

import networkingv1 "k8s.io/api/networking/v1"

var gv = networkingv1.SchemeGroupVersion
