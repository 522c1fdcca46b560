package certificates

import (
	certificatesv1 "k8s.io/api/certificates/v1"

	"skiff/internal/api"
)

// CertificateSigningRequest asks for a certificate.
var CertificateSigningRequest = api.Define(api.Kind[*certificatesv1.CertificateSigningRequest]{
	GVK: gv.WithKind("CertificateSigningRequest"), Plural: "certificatesigningrequests", Prefix: "certificatesigningrequests",
	ShortNames: []string{"csr"},
	New:        api.New[certificatesv1.CertificateSigningRequest], NewList: api.NewList[certificatesv1.CertificateSigningRequestList],
	Parts: []api.PartOf[*certificatesv1.CertificateSigningRequest]{
		api.Status(func(dst, src *certificatesv1.CertificateSigningRequest) { dst.Status = src.Status }),
		{
			Name: "approval",
			Copy: func(dst, src *certificatesv1.CertificateSigningRequest) {
				dst.Status.Conditions = src.Status.Conditions
			},
		},
	},
})
