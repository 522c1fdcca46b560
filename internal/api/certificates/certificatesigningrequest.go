package certificates

import (
	"slices"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/table"
)

// CertificateSigningRequest asks for a certificate. Who asks is filled in by
// the API server, which knows.
var CertificateSigningRequest = api.Define(api.Kind[*certificatesv1.CertificateSigningRequest]{
	GVK: gv.WithKind("CertificateSigningRequest"), Plural: "certificatesigningrequests", Prefix: "certificatesigningrequests",
	ShortNames: []string{"csr"},
	New:        api.New[certificatesv1.CertificateSigningRequest], NewList: api.NewList[certificatesv1.CertificateSigningRequestList],

	// Requests may be called anything.
	ValidateName: func(string, bool) []string { return nil },

	ValidateNew: func(o *certificatesv1.CertificateSigningRequest) field.ErrorList {
		return validateWanted(&o.Spec, field.NewPath("spec"))
	},
	// Nobody brings an approval along, and what was asked, and by whom, stays.
	PrepareCreate: func(o *certificatesv1.CertificateSigningRequest) {
		o.Status = certificatesv1.CertificateSigningRequestStatus{}
	},
	PrepareUpdate: func(o, old *certificatesv1.CertificateSigningRequest) { o.Spec, o.Status = old.Spec, old.Status },
	Parts: []api.PartOf[*certificatesv1.CertificateSigningRequest]{
		api.Status(copyRequestStatus).Validated(validateRequestStatus),
		{Name: "approval", Copy: copyApproval, Validate: validateApproval},
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

// copyRequestStatus lets a signer say what became of a request, and keeps what
// approvers decided.
func copyRequestStatus(dst, src *certificatesv1.CertificateSigningRequest) {
	was := dst.Status.Conditions
	dst.Status = src.Status
	dst.Status.Conditions = slices.Clone(src.Status.Conditions)
	for _, t := range []certificatesv1.RequestConditionType{certificatesv1.CertificateApproved, certificatesv1.CertificateDenied} {
		keepConditions(dst.Status.Conditions, was, ofType(t))
	}
	stamp(dst.Status.Conditions, was)
}

// copyApproval takes the conditions alone; a certificate is for the signer.
func copyApproval(dst, src *certificatesv1.CertificateSigningRequest) {
	was := dst.Status.Conditions
	dst.Labels, dst.Annotations = src.Labels, src.Annotations
	dst.Status.Conditions = slices.Clone(src.Status.Conditions)
	stamp(dst.Status.Conditions, was)
}

func ofType(t certificatesv1.RequestConditionType) func(*certificatesv1.CertificateSigningRequestCondition) bool {
	return func(c *certificatesv1.CertificateSigningRequestCondition) bool { return c.Type == t }
}

// stamp says when conditions were written, and since when they hold.
func stamp(conditions, was []certificatesv1.CertificateSigningRequestCondition) {
	for i := range conditions {
		c := &conditions[i]
		if c.LastUpdateTime.IsZero() {
			c.LastUpdateTime = now()
		}
		if !c.LastTransitionTime.IsZero() {
			continue
		}
		c.LastTransitionTime = now()
		for _, b := range was {
			if b.Type == c.Type && b.Status == c.Status && !b.LastTransitionTime.IsZero() {
				c.LastTransitionTime = b.LastTransitionTime
				break
			}
		}
	}
}

func requestRow(o *certificatesv1.CertificateSigningRequest) []any {
	asked := table.None
	if s := o.Spec.ExpirationSeconds; s != nil {
		asked = duration.HumanDuration(time.Duration(*s) * time.Second)
	}
	return []any{o.Name, table.Age(o.CreationTimestamp), table.Or(o.Spec.SignerName, table.None), o.Spec.Username, asked, requestCondition(o)}
}

func requestCondition(o *certificatesv1.CertificateSigningRequest) string {
	has := func(t certificatesv1.RequestConditionType) bool { return len(find(o.Status.Conditions, ofType(t))) > 0 }
	out := "Pending"
	switch {
	case has(certificatesv1.CertificateDenied):
		out = "Denied"
	case has(certificatesv1.CertificateApproved):
		out = "Approved"
	}
	if has(certificatesv1.CertificateFailed) {
		out += ",Failed"
	}
	if len(o.Status.Certificate) > 0 {
		out += ",Issued"
	}
	return out
}
