package certificates

import (
	"encoding/pem"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// CertificateSigningRequest asks for a certificate. Who asks is filled in by
// the API server, which knows.
var CertificateSigningRequest = api.Define(api.Kind[*certificatesv1.CertificateSigningRequest]{
	GVK: gv.WithKind("CertificateSigningRequest"), Plural: "certificatesigningrequests", Prefix: "certificatesigningrequests",
	ShortNames: []string{"csr"},
	New:        api.New[certificatesv1.CertificateSigningRequest], NewList: api.NewList[certificatesv1.CertificateSigningRequestList],

	Validate: validateRequest,
	// Nobody brings an approval along, and what was asked, and by whom, stays.
	PrepareCreate: func(o *certificatesv1.CertificateSigningRequest) {
		o.Status = certificatesv1.CertificateSigningRequestStatus{}
	},
	PrepareUpdate: func(o, old *certificatesv1.CertificateSigningRequest) { o.Spec, o.Status = old.Spec, old.Status },
	Parts: []api.PartOf[*certificatesv1.CertificateSigningRequest]{
		api.StatusOnly(copyStatus),
		{
			Name: "approval",
			Copy: func(dst, src *certificatesv1.CertificateSigningRequest) {
				dst.Status.Conditions = src.Status.Conditions
			},
		},
	},

	Columns: table.Of("Name", "Age", "SignerName", "Requestor", "RequestedDuration", "Condition").Docs(map[string]string{
		"SignerName":        certificatesv1.CertificateSigningRequestSpec{}.SwaggerDoc()["signerName"],
		"Requestor":         certificatesv1.CertificateSigningRequestSpec{}.SwaggerDoc()["request"],
		"RequestedDuration": certificatesv1.CertificateSigningRequestSpec{}.SwaggerDoc()["expirationSeconds"],
		"Condition":         certificatesv1.CertificateSigningRequestStatus{}.SwaggerDoc()["conditions"],
	}),
	Row:        requestRow,
	FieldNames: []string{"spec.signerName"},
	Fields: func(o *certificatesv1.CertificateSigningRequest) map[string]string {
		return map[string]string{"spec.signerName": o.Spec.SignerName}
	},
})

// copyStatus leaves approval and denial to their own subresource.
func copyStatus(dst, src *certificatesv1.CertificateSigningRequest) {
	var conditions []certificatesv1.CertificateSigningRequestCondition
	for _, c := range dst.Status.Conditions {
		if decision(c.Type) {
			conditions = append(conditions, c)
		}
	}
	for _, c := range src.Status.Conditions {
		if !decision(c.Type) {
			conditions = append(conditions, c)
		}
	}
	dst.Status = src.Status
	dst.Status.Conditions = conditions
}

func decision(t certificatesv1.RequestConditionType) bool {
	return t == certificatesv1.CertificateApproved || t == certificatesv1.CertificateDenied
}

// The shortest certificate that may be asked for: ten minutes.
const minSeconds = 600

func validateRequest(o *certificatesv1.CertificateSigningRequest) field.ErrorList {
	p := field.NewPath("spec")
	var errs field.ErrorList
	if block, _ := pem.Decode(o.Spec.Request); block == nil || block.Type != "CERTIFICATE REQUEST" {
		errs = append(errs, field.Invalid(p.Child("request"), o.Spec.Request, "PEM block type must be CERTIFICATE REQUEST"))
	}
	if len(o.Spec.Usages) == 0 {
		errs = append(errs, field.Required(p.Child("usages"), ""))
	}
	errs = append(errs, validation.IsDomainPrefixedPath(p.Child("signerName"), o.Spec.SignerName)...)
	if s := o.Spec.ExpirationSeconds; s != nil && *s < minSeconds {
		errs = append(errs, field.Invalid(p.Child("expirationSeconds"), *s, "may not specify a duration less than 600 seconds (10 minutes)"))
	}
	seen := meta.Unique[certificatesv1.RequestConditionType]{}
	for i, c := range o.Status.Conditions {
		cp := field.NewPath("status", "conditions").Index(i)
		errs = append(errs, seen.Check(cp.Child("type"), c.Type)...)
		if decision(c.Type) && c.Status != corev1.ConditionTrue {
			errs = append(errs, field.NotSupported(cp.Child("status"), c.Status, []corev1.ConditionStatus{corev1.ConditionTrue}))
		}
	}
	return errs
}

func requestRow(o *certificatesv1.CertificateSigningRequest) []any {
	asked := table.None
	if s := o.Spec.ExpirationSeconds; s != nil {
		asked = duration.HumanDuration(time.Duration(*s) * time.Second)
	}
	return []any{o.Name, table.Age(o.CreationTimestamp), o.Spec.SignerName, o.Spec.Username, asked, requestCondition(o)}
}

func requestCondition(o *certificatesv1.CertificateSigningRequest) string {
	out, failed := "Pending", false
	for _, c := range o.Status.Conditions {
		switch c.Type {
		case certificatesv1.CertificateApproved:
			out = "Approved"
		case certificatesv1.CertificateDenied:
			out = "Denied"
		case certificatesv1.CertificateFailed:
			failed = true
		}
	}
	if failed {
		out += ",Failed"
	}
	if len(o.Status.Certificate) > 0 {
		out += ",Issued"
	}
	return out
}
