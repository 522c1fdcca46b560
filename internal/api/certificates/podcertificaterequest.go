package certificates

import (
	certificatesv1 "k8s.io/api/certificates/v1"

	"skiff/internal/api"
)

// PodCertificateRequest asks for a certificate for a pod.
var PodCertificateRequest = api.Define(api.Kind[*certificatesv1.PodCertificateRequest]{
	GVK: gv.WithKind("PodCertificateRequest"), Plural: "podcertificaterequests", Prefix: "podcertificaterequests", Namespaced: true,
	New: api.New[certificatesv1.PodCertificateRequest], NewList: api.NewList[certificatesv1.PodCertificateRequestList],
	RequireResourceVersion: true,
	Parts: []api.PartOf[*certificatesv1.PodCertificateRequest]{
		api.Status(func(dst, src *certificatesv1.PodCertificateRequest) { dst.Status = src.Status }),
	},
})
