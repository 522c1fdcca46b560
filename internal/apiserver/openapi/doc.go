// Package openapi serves the OpenAPI documents of the kinds in the catalogue:
// version 2, one document, and version 3, one for each group version.
//
// The schemas are made from the Go types at build time (go generate) and are
// in the binary as compressed data. The paths follow from the catalogue.
// Nothing is decompressed or built until someone asks; what was built is kept
// compressed, as it goes over the wire. The package reads no object.
package openapi

//go:generate go -C gen tool openapi-gen --output-dir definitions --output-pkg skiff/internal/apiserver/openapi/gen/definitions --output-file zz_generated.go --go-header-file /dev/null --report-filename /dev/null k8s.io/api/admissionregistration/v1 k8s.io/api/apps/v1 k8s.io/api/authentication/v1 k8s.io/api/authorization/v1 k8s.io/api/autoscaling/v1 k8s.io/api/autoscaling/v2 k8s.io/api/batch/v1 k8s.io/api/certificates/v1 k8s.io/api/coordination/v1 k8s.io/api/core/v1 k8s.io/api/discovery/v1 k8s.io/api/events/v1 k8s.io/api/flowcontrol/v1 k8s.io/api/networking/v1 k8s.io/api/node/v1 k8s.io/api/policy/v1 k8s.io/api/rbac/v1 k8s.io/api/resource/v1 k8s.io/api/scheduling/v1 k8s.io/api/scheduling/v1alpha3 k8s.io/api/storage/v1 k8s.io/api/storagemigration/v1 k8s.io/apimachinery/pkg/apis/meta/v1 k8s.io/apimachinery/pkg/api/resource k8s.io/apimachinery/pkg/runtime k8s.io/apimachinery/pkg/version k8s.io/apimachinery/pkg/util/intstr
//go:generate go -C gen run . ../schemas.json.gz
