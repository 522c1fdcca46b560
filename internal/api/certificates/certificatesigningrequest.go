package certificates

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/duration"
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

	// Requests may be called anything.
	ValidateName: func(string, bool) []string { return nil },

	ValidateNew: func(o *certificatesv1.CertificateSigningRequest) field.ErrorList { return validateRequest(o, nil) },
	ValidateUpdate: func(o, old *certificatesv1.CertificateSigningRequest) field.ErrorList {
		return validateRequest(o, old)
	},
	// Nobody brings an approval along, and what was asked, and by whom, stays.
	PrepareCreate: func(o *certificatesv1.CertificateSigningRequest) {
		o.Status = certificatesv1.CertificateSigningRequestStatus{}
	},
	PrepareUpdate: func(o, old *certificatesv1.CertificateSigningRequest) { o.Spec, o.Status = old.Spec, old.Status },
	Parts: []api.PartOf[*certificatesv1.CertificateSigningRequest]{
		api.StatusOnly(copyStatus).Validated(func(o, old *certificatesv1.CertificateSigningRequest) field.ErrorList {
			errs := validateRequest(o, old)
			if was := old.Status.Certificate; len(was) > 0 && !bytes.Equal(was, o.Status.Certificate) {
				errs = append(errs, field.Forbidden(field.NewPath("status", "certificate"), "updates may not modify existing certificate content"))
			}
			return append(errs, keepsConditions(o, old)...)
		}),
		{
			Name: "approval",
			Validate: func(o, old *certificatesv1.CertificateSigningRequest) field.ErrorList {
				return append(validateRequest(o, old), keepsConditions(o, old)...)
			},
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

// validateRequest judges a request, new (old is nil) or changed. What is
// already stored wrongly is let be.
func validateRequest(o, old *certificatesv1.CertificateSigningRequest) field.ErrorList {
	p := field.NewPath("spec")
	var errs field.ErrorList
	if old == nil {
		errs = validateWanted(&o.Spec, p)
	}
	errs = append(errs, validateDecisions(o, field.NewPath("status", "conditions"))...)
	if old == nil || !bytes.Equal(o.Status.Certificate, old.Status.Certificate) {
		if why := badCertificates(o.Status.Certificate); why != nil {
			errs = append(errs, field.Invalid(field.NewPath("status", "certificate"), "<certificate data>", why.Error()))
		}
	}
	return errs
}

// validateWanted judges what is asked for, which never changes.
func validateWanted(s *certificatesv1.CertificateSigningRequestSpec, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if why := badRequest(s.Request); why != nil {
		errs = append(errs, field.Invalid(p.Child("request"), s.Request, why.Error()))
	}
	if len(s.Usages) == 0 {
		errs = append(errs, field.Required(p.Child("usages"), ""))
	}
	for i, u := range s.Usages {
		if !slices.Contains(usages, u) {
			errs = append(errs, field.NotSupported(p.Child("usages").Index(i), u, usages))
		}
	}
	seen := meta.Unique[certificatesv1.KeyUsage]{}
	for i, u := range s.Usages {
		errs = append(errs, seen.Check(p.Child("usages").Index(i), u)...)
	}
	if s.SignerName == legacySigner {
		errs = append(errs, field.Invalid(p.Child("signerName"), s.SignerName, "the legacy signerName is not allowed via this API version"))
	} else {
		errs = append(errs, signerName(p.Child("signerName"), s.SignerName)...)
	}
	if n := s.ExpirationSeconds; n != nil && *n < minSeconds {
		errs = append(errs, field.Invalid(p.Child("expirationSeconds"), *n, "may not specify a duration less than 600 seconds (10 minutes)"))
	}
	return errs
}

// legacySigner is what requests of v1beta1 asked for that named no signer.
const legacySigner = "kubernetes.io/legacy-unknown"

// usages are those that may be asked for, in the order of their names.
var usages = []certificatesv1.KeyUsage{
	certificatesv1.UsageAny, certificatesv1.UsageCertSign, certificatesv1.UsageClientAuth, certificatesv1.UsageCodeSigning,
	certificatesv1.UsageContentCommitment, certificatesv1.UsageCRLSign, certificatesv1.UsageDataEncipherment, certificatesv1.UsageDecipherOnly,
	certificatesv1.UsageDigitalSignature, certificatesv1.UsageEmailProtection, certificatesv1.UsageEncipherOnly, certificatesv1.UsageIPsecEndSystem,
	certificatesv1.UsageIPsecTunnel, certificatesv1.UsageIPsecUser, certificatesv1.UsageKeyAgreement, certificatesv1.UsageKeyEncipherment,
	certificatesv1.UsageMicrosoftSGC, certificatesv1.UsageNetscapeSGC, certificatesv1.UsageOCSPSigning, certificatesv1.UsageSMIME,
	certificatesv1.UsageServerAuth, certificatesv1.UsageSigning, certificatesv1.UsageTimestamping,
}

// badRequest says what is wrong with a PKCS#10 request in PEM, signed by the
// key that it is for.
func badRequest(pemBytes []byte) error {
	block, _ := pem.Decode(pemBytes)
	if block == nil || block.Type != "CERTIFICATE REQUEST" {
		return errors.New("PEM block type must be CERTIFICATE REQUEST")
	}
	r, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return err
	}
	return r.CheckSignature()
}

// badCertificates says what is wrong with what a signer issued.
func badCertificates(rest []byte) error {
	if len(rest) == 0 {
		return nil
	}
	found := false
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		found = true
		switch {
		case block.Type != "CERTIFICATE":
			return fmt.Errorf("only CERTIFICATE PEM blocks are allowed, found %q", block.Type)
		case len(block.Headers) > 0:
			return errors.New("no PEM block headers are permitted")
		}
		if certs, err := x509.ParseCertificates(block.Bytes); err != nil {
			return err
		} else if len(certs) == 0 {
			return errors.New("found CERTIFICATE PEM block containing 0 certificates")
		}
	}
	if !found {
		return errors.New("must contain at least one CERTIFICATE PEM block")
	}
	return nil
}

func validateDecisions(o *certificatesv1.CertificateSigningRequest, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	seen := meta.Unique[certificatesv1.RequestConditionType]{}
	for i, c := range o.Status.Conditions {
		cp := p.Index(i)
		if c.Type == "" {
			errs = append(errs, field.Required(cp.Child("type"), ""))
		}
		allowed := []corev1.ConditionStatus{corev1.ConditionFalse, corev1.ConditionTrue, corev1.ConditionUnknown}
		if decision(c.Type) || c.Type == certificatesv1.CertificateFailed {
			allowed = []corev1.ConditionStatus{corev1.ConditionTrue}
		}
		errs = append(errs, meta.Enum(cp.Child("status"), c.Status, allowed...)...)
		if c.Type == certificatesv1.CertificateApproved && seen[certificatesv1.CertificateDenied] ||
			c.Type == certificatesv1.CertificateDenied && seen[certificatesv1.CertificateApproved] {
			errs = append(errs, field.Invalid(cp.Child("type"), c.Type, "Approved and Denied conditions are mutually exclusive"))
		}
		errs = append(errs, seen.Check(cp.Child("type"), c.Type)...)
	}
	return errs
}

// keepsConditions: what was decided, or failed, cannot be taken back.
func keepsConditions(o, old *certificatesv1.CertificateSigningRequest) field.ErrorList {
	count := func(o *certificatesv1.CertificateSigningRequest, t certificatesv1.RequestConditionType) (n int) {
		for _, c := range o.Status.Conditions {
			if c.Type == t {
				n++
			}
		}
		return n
	}
	var errs field.ErrorList
	for _, t := range []certificatesv1.RequestConditionType{certificatesv1.CertificateApproved, certificatesv1.CertificateDenied, certificatesv1.CertificateFailed} {
		if count(o, t) < count(old, t) {
			errs = append(errs, field.Forbidden(field.NewPath("status", "conditions"), fmt.Sprintf("updates may not remove a condition of type %q", t)))
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
