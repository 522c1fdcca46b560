// Package certificates says what the kinds of certificates.k8s.io/v1 mean, one file per kind.
package certificates

import certificatesv1 "k8s.io/api/certificates/v1"

var gv = certificatesv1.SchemeGroupVersion
