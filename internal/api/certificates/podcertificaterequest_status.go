package certificates

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
)

// ends are the conditions in which a request ends.
var ends = []string{
	certificatesv1.PodCertificateRequestConditionTypeIssued, certificatesv1.PodCertificateRequestConditionTypeDenied, certificatesv1.PodCertificateRequestConditionTypeFailed,
}

func podRequestStatus() api.PartOf[*certificatesv1.PodCertificateRequest] {
	part := api.StatusOnly(func(dst, src *certificatesv1.PodCertificateRequest) { dst.Status = src.Status })
	part.Copy = copyPodRequestStatus
	return part.Validated(func(o, old *certificatesv1.PodCertificateRequest) field.ErrorList {
		return validatePodRequestStatus(o, old, time.Now())
	})
}

// copyPodRequestStatus lets a signer end a request, and says since when it has
// ended.
func copyPodRequestStatus(dst, src *certificatesv1.PodCertificateRequest) {
	was := dst.Status.Conditions
	dst.Status = src.Status
	dst.Status.Conditions = slices.Clone(src.Status.Conditions)
	for _, t := range ends {
		keepConditions(dst.Status.Conditions, was, func(c *metav1.Condition) bool { return c.Type == t })
	}
	for i := range dst.Status.Conditions {
		if c := &dst.Status.Conditions[i]; c.LastTransitionTime.IsZero() {
			c.LastTransitionTime = since(was, c)
		}
	}
}

// since is when a condition that was there before came to hold.
func since(was []metav1.Condition, c *metav1.Condition) metav1.Time {
	at := slices.IndexFunc(was, func(b metav1.Condition) bool {
		return b.Type == c.Type && b.Status == c.Status && !b.LastTransitionTime.IsZero()
	})
	if at < 0 {
		return now()
	}
	return was[at].LastTransitionTime
}

// validatePodRequestStatus: a request ends once, and its status then stays.
func validatePodRequestStatus(o, old *certificatesv1.PodCertificateRequest, now time.Time) field.ErrorList {
	p := field.NewPath("status")
	if errs := validateEnds(o.Status.Conditions, p); len(errs) > 0 {
		return errs
	}
	bad := func(why string) field.ErrorList { return field.ErrorList{field.Invalid(p, field.OmitValueType{}, why)} }
	same := equality.Semantic.DeepEqual(o.Status, old.Status)
	switch end := endOf(o.Status.Conditions); {
	case same:
		return nil
	case endOf(old.Status.Conditions) != "":
		return bad("immutable after PodCertificateRequest is issued, denied, or failed")
	case end == "":
		return bad(`status is immutable unless transitioning to "Issued", "Denied", or "Failed"`)
	case end == certificatesv1.PodCertificateRequestConditionTypeIssued:
		return validateIssued(o, p, now)
	case !equality.Semantic.DeepEqual(o.Status, certificatesv1.PodCertificateRequestStatus{Conditions: o.Status.Conditions}):
		return bad("non-condition status fields must be empty when denying or failing the PodCertificateRequest")
	}
	return nil
}

func endOf(conditions []metav1.Condition) string {
	for _, c := range conditions {
		if slices.Contains(ends, c.Type) {
			return c.Type
		}
	}
	return ""
}

func validateEnds(conditions []metav1.Condition, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	known := 0
	for i, c := range conditions {
		cp := p.Child("conditions", fmt.Sprintf("[%d]", i))
		if !slices.Contains(ends, c.Type) {
			errs = append(errs, field.NotSupported(cp.Child("type"), c.Type, ends))
			continue
		}
		if known++; known > 1 {
			errs = append(errs, field.Invalid(cp.Child("type"), c.Type, `There may be at most one condition with type "Issued", "Denied", or "Failed"`))
		}
		if c.Status != metav1.ConditionTrue {
			errs = append(errs, field.NotSupported(cp.Child("status"), c.Status, []metav1.ConditionStatus{metav1.ConditionTrue}))
		}
	}
	return append(errs, metavalidation.ValidateConditions(conditions, p.Child("conditions"))...)
}

// maxChain is the most that a signer issues.
const maxChain = 100 << 10

// validateIssued wants a chain of certificates, its first one for the key of
// the request, and the times that say when it holds.
func validateIssued(o *certificatesv1.PodCertificateRequest, p *field.Path, now time.Time) field.ErrorList {
	chain := o.Status.CertificateChain
	bad := func(why string) field.ErrorList {
		return field.ErrorList{field.Invalid(p.Child("certificateChain"), chain, why)}
	}
	if len(chain) > maxChain {
		return field.ErrorList{field.TooLong(p.Child("certificateChain"), chain, maxChain)}
	}
	block, rest := pem.Decode([]byte(chain))
	switch {
	case block == nil:
		return bad("issued certificate chain must contain at least one certificate")
	case block.Type != "CERTIFICATE":
		return bad("issued certificate chain must consist entirely of CERTIFICATE PEM blocks")
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return bad("leaf certificate does not parse as valid X.509")
	}
	if errs := validateLeaf(leaf, o, p.Child("certificateChain")); len(errs) > 0 {
		return errs
	}
	if errs := validateTimes(leaf, o, p, now); len(errs) > 0 {
		return errs
	}
	if why := badIntermediates(rest); why != "" {
		return bad(why)
	}
	return nil
}

// validateLeaf wants names that clients can compare, and the key that was
// asked for.
func validateLeaf(leaf *x509.Certificate, o *certificatesv1.PodCertificateRequest, p *field.Path) field.ErrorList {
	for _, name := range leaf.DNSNames {
		if why := badDNSName(name); why != "" {
			return field.ErrorList{field.Invalid(p, name, why)}
		}
	}
	for _, address := range leaf.EmailAddresses {
		if _, err := mail.ParseAddress(address); err != nil {
			return field.ErrorList{field.Invalid(p, address, "leaf certificate should not contain invalid EmailAddress")}
		}
	}
	r, err := x509.ParseCertificateRequest(o.Spec.StubPKCS10Request)
	if key, ok := leaf.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); err != nil || !ok || !key.Equal(r.PublicKey) {
		return field.ErrorList{field.Invalid(p, o.Status.CertificateChain, "leaf certificate was not issued to the requested public key")}
	}
	return nil
}

func badDNSName(name string) string {
	switch {
	case name == "":
		return "leaf certificate should not contain empty DNSName"
	case strings.Contains(name, ".."):
		return "leaf certificate's DNSName should not contain '..'"
	case strings.HasPrefix(name, "."), strings.HasSuffix(name, "."):
		return "leaf certificate's DNSName should not start or end with '.'"
	}
	return ""
}

// badIntermediates says what is wrong with what follows the first certificate.
func badIntermediates(rest []byte) string {
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return ""
		}
		if block.Type != "CERTIFICATE" {
			return "issued certificate chain must consist entirely of CERTFICATE PEM blocks"
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return "intermediate certificate does not parse as valid X.509"
		}
	}
}

// Times that a signer must keep.
const (
	clockSkew   = 5 * time.Minute
	refreshRoom = 10 * time.Minute
	shortest    = shortestSeconds * time.Second
)

// validateTimes wants the times of the leaf, which must be of the present, and
// one between them to renew it at. The first that is wrong is reported.
func validateTimes(leaf *x509.Certificate, o *certificatesv1.PodCertificateRequest, p *field.Path, now time.Time) field.ErrorList {
	s := &o.Status
	if errs := timesGiven(s, p); len(errs) > 0 {
		return errs
	}
	lifetime, asked := leaf.NotAfter.Sub(leaf.NotBefore), *o.Spec.MaxExpirationSeconds
	for _, c := range []struct {
		wrong bool
		field string
		value any
		why   string
	}{
		{!s.NotBefore.Time.Equal(leaf.NotBefore), "notBefore", s.NotBefore.Time, "must be set to the NotBefore time encoded in the leaf certificate"},
		{s.NotBefore.Time.Sub(now).Abs() > clockSkew, "notBefore", s.NotBefore.Time, "must be set to within 5 minutes of kube-apiserver's current time"},
		{!s.NotAfter.Time.Equal(leaf.NotAfter), "notAfter", s.NotAfter.Time, "must be set to the NotAfter time encoded in the leaf certificate"},
		{lifetime < shortest, "certificateChain", lifetime, "leaf certificate lifetime must be >= 1 hour"},
		{lifetime > time.Duration(asked)*time.Second, "certificateChain", lifetime, fmt.Sprintf("leaf certificate lifetime must be <= spec.maxExpirationSeconds (%v)", asked)},
		{s.BeginRefreshAt.Time.Before(s.NotBefore.Add(refreshRoom)), "beginRefreshAt", s.BeginRefreshAt.Time, "must be at least 10 minutes after status.notBefore"},
		{s.BeginRefreshAt.Time.After(s.NotAfter.Add(-refreshRoom)), "beginRefreshAt", s.BeginRefreshAt.Time, "must be at least 10 minutes before status.notAfter"},
	} {
		if c.wrong {
			return field.ErrorList{field.Invalid(p.Child(c.field), c.value, c.why)}
		}
	}
	return nil
}

func timesGiven(s *certificatesv1.PodCertificateRequestStatus, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if s.NotBefore == nil {
		errs = append(errs, field.Required(p.Child("notBefore"), "must be present and consistent with the issued certificate"))
	}
	if s.NotAfter == nil {
		errs = append(errs, field.Required(p.Child("notAfter"), "must be present and consistent with the issued certificate"))
	}
	if s.BeginRefreshAt == nil {
		errs = append(errs, field.Required(p.Child("beginRefreshAt"), "must be present and in the range [notbefore+10min, notafter-10min]"))
	}
	return errs
}
