package certificates

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// The shortest certificate that may be asked for: ten minutes.
const minSeconds = 600

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

var (
	conditionsPath  = field.NewPath("status", "conditions")
	certificatePath = field.NewPath("status", "certificate")
)

// decisions are the conditions that approvers write.
var decisions = []certificatesv1.RequestConditionType{certificatesv1.CertificateApproved, certificatesv1.CertificateDenied}

// validateRequestStatus judges what a signer writes.
func validateRequestStatus(o, old *certificatesv1.CertificateSigningRequest) field.ErrorList {
	errs := validateDecisions(o, old)
	if !bytes.Equal(o.Status.Certificate, old.Status.Certificate) && badCertificates(old.Status.Certificate) == nil {
		if why := badCertificates(o.Status.Certificate); why != nil {
			errs = append(errs, field.Invalid(certificatePath, "<certificate data>", why.Error()))
		}
	}
	errs = append(errs, keepsAll(o, old)...)
	for _, t := range decisions {
		if count(o, t) > count(old, t) {
			errs = append(errs, field.Forbidden(conditionsPath, fmt.Sprintf("updates may not add a condition of type %q", t)))
		}
	}
	if was := old.Status.Certificate; len(was) > 0 && !bytes.Equal(was, o.Status.Certificate) {
		errs = append(errs, field.Forbidden(certificatePath, "updates may not modify existing certificate content"))
	}
	return append(errs, oneDecision(o, old)...)
}

// validateApproval judges what an approver writes.
func validateApproval(o, old *certificatesv1.CertificateSigningRequest) field.ErrorList {
	errs := append(validateDecisions(o, old), keepsAll(o, old)...)
	return append(errs, oneDecision(o, old)...)
}

// validateDecisions judges each condition. What old does wrong may stay.
func validateDecisions(o, old *certificatesv1.CertificateSigningRequest) field.ErrorList {
	nameless := len(find(old.Status.Conditions, ofType(""))) > 0
	var errs field.ErrorList
	seen := meta.Unique[certificatesv1.RequestConditionType]{}
	for i, c := range o.Status.Conditions {
		cp := conditionsPath.Index(i)
		if c.Type == "" && !nameless {
			errs = append(errs, field.Required(cp.Child("type"), ""))
		}
		allowed := []corev1.ConditionStatus{corev1.ConditionFalse, corev1.ConditionTrue, corev1.ConditionUnknown}
		if c.Type == certificatesv1.CertificateFailed || slices.Contains(decisions, c.Type) {
			allowed = []corev1.ConditionStatus{corev1.ConditionTrue}
		}
		errs = append(errs, meta.Enum(cp.Child("status"), c.Status, allowed...)...)
		if !hasTwice(old) {
			errs = append(errs, seen.Check(cp.Child("type"), c.Type)...)
		}
	}
	return errs
}

func hasTwice(o *certificatesv1.CertificateSigningRequest) bool {
	seen := meta.Unique[certificatesv1.RequestConditionType]{}
	return slices.ContainsFunc(o.Status.Conditions, func(c certificatesv1.CertificateSigningRequestCondition) bool {
		return len(seen.Check(nil, c.Type)) > 0
	})
}

func count(o *certificatesv1.CertificateSigningRequest, t certificatesv1.RequestConditionType) int {
	return len(find(o.Status.Conditions, ofType(t)))
}

// keepsAll: what was decided, or failed, cannot be taken back.
func keepsAll(o, old *certificatesv1.CertificateSigningRequest) field.ErrorList {
	var errs field.ErrorList
	for _, t := range append(slices.Clone(decisions), certificatesv1.CertificateFailed) {
		if count(o, t) < count(old, t) {
			errs = append(errs, field.Forbidden(conditionsPath, fmt.Sprintf("updates may not remove a condition of type %q", t)))
		}
	}
	return errs
}

// oneDecision: what is approved is not denied. One that is both already may
// stay so.
func oneDecision(o, old *certificatesv1.CertificateSigningRequest) field.ErrorList {
	both := func(o *certificatesv1.CertificateSigningRequest) bool {
		return count(o, certificatesv1.CertificateApproved) > 0 && count(o, certificatesv1.CertificateDenied) > 0
	}
	if !both(o) || both(old) {
		return nil
	}
	const approved, denied = `conditions[{"type": "Approved"}]`, `conditions[{"type": "Denied"}]`
	return field.ErrorList{field.Invalid(conditionsPath, "{"+approved+", "+denied+"}",
		"must specify at most one of: `"+approved+"`, `"+denied+"`")}
}
