// Package policy says what the kinds of policy/v1 mean, one file per kind.
package policy

import policyv1 "k8s.io/api/policy/v1"

var gv = policyv1.SchemeGroupVersion
