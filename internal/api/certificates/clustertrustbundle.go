package certificates

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"

	certificatesv1 "k8s.io/api/certificates/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// ClusterTrustBundle is a set of root certificates.
var ClusterTrustBundle = api.Define(api.Kind[*certificatesv1.ClusterTrustBundle]{
	GVK: gv.WithKind("ClusterTrustBundle"), Plural: "clustertrustbundles", Prefix: "clustertrustbundles",
	New: api.New[certificatesv1.ClusterTrustBundle], NewList: api.NewList[certificatesv1.ClusterTrustBundleList],
	RequireResourceVersion: true,

	ValidateNameOf: func(o *certificatesv1.ClusterTrustBundle) func(string, bool) []string {
		return meta.TrustBundleName(o.Spec.SignerName)
	},
	Validate: func(o *certificatesv1.ClusterTrustBundle) field.ErrorList {
		if o.Spec.SignerName == "" {
			return nil
		}
		return signerName(field.NewPath("spec", "signerName"), o.Spec.SignerName)
	},
	ValidateNew: func(o *certificatesv1.ClusterTrustBundle) field.ErrorList {
		return validateAnchors(o.Spec.TrustBundle, field.NewPath("spec", "trustBundle"))
	},
	ValidateUpdate: func(o, old *certificatesv1.ClusterTrustBundle) field.ErrorList {
		var errs field.ErrorList
		if o.Spec.TrustBundle != old.Spec.TrustBundle {
			errs = validateAnchors(o.Spec.TrustBundle, field.NewPath("spec", "trustBundle"))
		}
		return append(errs, meta.Immutable(field.NewPath("spec", "signerName"), o.Spec.SignerName, old.Spec.SignerName)...)
	},

	Columns: table.Of("Name", "SignerName").
		Docs(map[string]string{"SignerName": certificatesv1.ClusterTrustBundleSpec{}.SwaggerDoc()["signerName"]}),
	Row: func(o *certificatesv1.ClusterTrustBundle) []any {
		return []any{o.Name, table.Or(o.Spec.SignerName, table.None)}
	},
	FieldNames: []string{"spec.signerName"},
	Fields: func(o *certificatesv1.ClusterTrustBundle) map[string]string {
		return map[string]string{"spec.signerName": o.Spec.SignerName}
	},
})

// maxBundleSize is the most that a bundle holds: a MiB.
const maxBundleSize = 1 << 20

// validateAnchors wants certificates of authorities, each once.
func validateAnchors(bundle string, p *field.Path) field.ErrorList {
	if len(bundle) > maxBundleSize {
		return field.ErrorList{field.TooLong(p, "", maxBundleSize)}
	}
	var errs field.ErrorList
	bad := func(format string, args ...any) {
		errs = append(errs, field.Invalid(p, "<value omitted>", fmt.Sprintf(format, args...)))
	}
	places := map[string][]int{}
	var order []string
	rest := []byte(bundle)
	for i := 0; ; i++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if why := badAnchor(block); why != "" {
			bad("entry %d %s", i, why)
			continue
		}
		der := string(block.Bytes)
		if places[der] == nil {
			order = append(order, der)
		}
		places[der] = append(places[der], i)
	}
	if len(errs) > 0 {
		return errs
	}
	if len(order) == 0 {
		bad("at least one trust anchor must be provided")
	}
	for _, der := range order {
		if at := places[der]; len(at) > 1 {
			bad("duplicate trust anchor (indices %v)", at)
		}
	}
	return errs
}

func badAnchor(block *pem.Block) string {
	switch {
	case block.Type != "CERTIFICATE":
		return "has bad block type: " + block.Type
	case len(block.Headers) > 0:
		return "has PEM block headers"
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	switch {
	case err != nil:
		return "does not parse as X.509"
	case !cert.IsCA:
		return "does not have the CA bit set"
	}
	return ""
}
