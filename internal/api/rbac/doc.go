// Package rbac says what the kinds of rbac.authorization.k8s.io/v1 mean, one file per kind.
package rbac

import rbacv1 "k8s.io/api/rbac/v1"

var gv = rbacv1.SchemeGroupVersion
