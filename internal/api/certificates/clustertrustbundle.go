package certificates

import (
	certificatesv1 "k8s.io/api/certificates/v1"

	"skiff/internal/api"
)

// ClusterTrustBundle is a set of root certificates.
var ClusterTrustBundle = api.Define(api.Kind[*certificatesv1.ClusterTrustBundle]{
	GVK: gv.WithKind("ClusterTrustBundle"), Plural: "clustertrustbundles", Prefix: "clustertrustbundles",
	New: api.New[certificatesv1.ClusterTrustBundle], NewList: api.NewList[certificatesv1.ClusterTrustBundleList],
	RequireResourceVersion: true,
})
