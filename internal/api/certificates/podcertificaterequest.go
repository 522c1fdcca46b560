package certificates

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"

	certificatesv1 "k8s.io/api/certificates/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api"
	"skiff/internal/api/meta"
)

// PodCertificateRequest asks for a certificate for a pod.
var PodCertificateRequest = api.Define(api.Kind[*certificatesv1.PodCertificateRequest]{
	GVK: gv.WithKind("PodCertificateRequest"), Plural: "podcertificaterequests", Prefix: "podcertificaterequests", Namespaced: true,
	New: api.New[certificatesv1.PodCertificateRequest], NewList: api.NewList[certificatesv1.PodCertificateRequestList],

	Default: func(o *certificatesv1.PodCertificateRequest) {
		meta.FillPtr(&o.Spec.MaxExpirationSeconds, dayInSeconds)
	},
	ValidateNew: validatePodRequest,
	ValidateUpdate: func(o, old *certificatesv1.PodCertificateRequest) field.ErrorList {
		return meta.Immutable(field.NewPath("spec"), o.Spec, old.Spec)
	},
	RequireResourceVersion: true,
	Parts: []api.PartOf[*certificatesv1.PodCertificateRequest]{
		api.StatusOnly(func(dst, src *certificatesv1.PodCertificateRequest) { dst.Status = src.Status }).Validated(validatePodRequestStatus),
	},
})

// Bounds on what may be asked for.
const (
	dayInSeconds    = 24 * 60 * 60
	shortestSeconds = 60 * 60
	longestSeconds  = 91 * dayInSeconds
	maxUID          = 128
)

func validatePodRequest(o *certificatesv1.PodCertificateRequest) field.ErrorList {
	s, p := &o.Spec, field.NewPath("spec")
	errs := signerName(p.Child("signerName"), s.SignerName)
	for _, ref := range []struct {
		kind, name string
		uid        types.UID
	}{{"pod", s.PodName, s.PodUID}, {"serviceAccount", s.ServiceAccountName, s.ServiceAccountUID}, {"node", string(s.NodeName), s.NodeUID}} {
		errs = append(errs, meta.Invalid(p.Child(ref.kind+"Name"), ref.name, meta.Subdomain(ref.name, false))...)
		switch up := p.Child(ref.kind + "UID"); {
		case ref.uid == "":
			errs = append(errs, field.Invalid(up, ref.uid, "must not be empty"))
		case len(ref.uid) > maxUID:
			errs = append(errs, field.TooLong(up, ref.uid, maxUID))
		}
	}
	// Kubernetes' own signers give a day at most.
	longest := int32(longestSeconds)
	if domain, _, _ := strings.Cut(s.SignerName, "/"); domain == "kubernetes.io" || strings.HasSuffix(domain, ".kubernetes.io") {
		longest = dayInSeconds
	}
	if n := s.MaxExpirationSeconds; n == nil {
		errs = append(errs, field.Required(p.Child("maxExpirationSeconds"), "must be set"))
	} else if *n < shortestSeconds || *n > longest {
		errs = append(errs, field.Invalid(p.Child("maxExpirationSeconds"), *n, fmt.Sprintf("must be in the range [%d, %d]", shortestSeconds, longest)))
	}
	if r, err := x509.ParseCertificateRequest(s.StubPKCS10Request); err != nil {
		errs = append(errs, field.Invalid(p.Child("stubPKCS10Request"), field.OmitValueType{}, "must be a PKCS#10 certificate request in DER: "+err.Error()))
	} else if err := r.CheckSignature(); err != nil {
		errs = append(errs, field.Invalid(p.Child("stubPKCS10Request"), field.OmitValueType{}, "must be signed by the key that it is for: "+err.Error()))
	}
	return errs
}

// ends are the conditions in which a request ends.
var ends = []string{
	certificatesv1.PodCertificateRequestConditionTypeIssued, certificatesv1.PodCertificateRequestConditionTypeDenied, certificatesv1.PodCertificateRequestConditionTypeFailed,
}

// validatePodRequestStatus: a request ends once, and its status then stays.
func validatePodRequestStatus(o, old *certificatesv1.PodCertificateRequest) field.ErrorList {
	p := field.NewPath("status")
	if errs := validateEnds(o.Status.Conditions, p.Child("conditions")); len(errs) > 0 {
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
		return validateIssued(o, p)
	case !equality.Semantic.DeepEqual(o.Status, certificatesv1.PodCertificateRequestStatus{Conditions: o.Status.Conditions}):
		return bad("non-condition status fields must be empty when denying or failing the PodCertificateRequest")
	}
	return nil
}

func endOf(conditions []metav1.Condition) string {
	for _, c := range conditions {
		if slices.Contains(ends, c.Type) && c.Status == metav1.ConditionTrue {
			return c.Type
		}
	}
	return ""
}

func validateEnds(conditions []metav1.Condition, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, c := range conditions {
		switch {
		case !slices.Contains(ends, c.Type):
			errs = append(errs, field.NotSupported(p.Index(i).Child("type"), c.Type, ends))
			continue
		case i > 0:
			errs = append(errs, field.Invalid(p.Index(i).Child("type"), c.Type, `There may be at most one condition with type "Issued", "Denied", or "Failed"`))
		}
		if c.Status != metav1.ConditionTrue {
			errs = append(errs, field.NotSupported(p.Index(i).Child("status"), c.Status, []metav1.ConditionStatus{metav1.ConditionTrue}))
		}
	}
	return append(errs, metavalidation.ValidateConditions(conditions, p)...)
}

// validateIssued wants a chain of certificates, and the times that say when
// they hold.
func validateIssued(o *certificatesv1.PodCertificateRequest, p *field.Path) field.ErrorList {
	s := &o.Status
	if why := badCertificates([]byte(s.CertificateChain)); s.CertificateChain == "" || why != nil {
		return field.ErrorList{field.Invalid(p.Child("certificateChain"), s.CertificateChain, "issued certificate chain must contain at least one certificate")}
	}
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
