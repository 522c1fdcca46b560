package certificates

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"strings"

	certificatesv1 "k8s.io/api/certificates/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
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
	ValidateNew: func(o *certificatesv1.PodCertificateRequest) field.ErrorList {
		return validatePodRequest(&o.Spec, field.NewPath("spec"))
	},
	ValidateUpdate: func(o, old *certificatesv1.PodCertificateRequest) field.ErrorList {
		return meta.Immutable(field.NewPath("spec"), o.Spec, old.Spec)
	},
	RequireResourceVersion: true,
	Parts:                  []api.PartOf[*certificatesv1.PodCertificateRequest]{podRequestStatus()},

	FieldNames: []string{"spec.signerName", "spec.podName", "spec.nodeName"},
	Fields: func(o *certificatesv1.PodCertificateRequest) map[string]string {
		return map[string]string{"spec.signerName": o.Spec.SignerName, "spec.podName": o.Spec.PodName, "spec.nodeName": string(o.Spec.NodeName)}
	},
})

// Bounds on what may be asked for.
const (
	dayInSeconds    = 24 * 60 * 60
	shortestSeconds = 60 * 60
	longestSeconds  = 91 * dayInSeconds
	maxUID          = 128
	maxStubBytes    = 10 << 10
)

func validatePodRequest(s *certificatesv1.PodCertificateRequestSpec, p *field.Path) field.ErrorList {
	errs := signerName(p.Child("signerName"), s.SignerName)
	errs = append(errs, validateUserAnnotations(s.UnverifiedUserAnnotations, p.Child("unverifiedUserAnnotations"))...)
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
	n := s.MaxExpirationSeconds
	if n == nil {
		return append(errs, field.Required(p.Child("maxExpirationSeconds"), "must be set"))
	}
	if longest := longestFor(s.SignerName); *n < shortestSeconds || *n > longest {
		errs = append(errs, field.Invalid(p.Child("maxExpirationSeconds"), *n, fmt.Sprintf("must be in the range [%d, %d]", shortestSeconds, longest)))
	}
	return append(errs, validateStub(s.StubPKCS10Request, p)...)
}

// longestFor: Kubernetes' own signers give a day at most.
func longestFor(signer string) int32 {
	domain, _, _ := strings.Cut(signer, "/")
	if domain == "kubernetes.io" || strings.HasSuffix(domain, ".kubernetes.io") {
		return dayInSeconds
	}
	return longestSeconds
}

// validateUserAnnotations wants what annotations want, and a domain in front of
// every key.
func validateUserAnnotations(annotations map[string]string, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	size := 0
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		errs = append(errs, validation.IsDomainPrefixedKey(p, strings.ToLower(key))...)
		size += len(key) + len(annotations[key])
	}
	if size > apivalidation.TotalAnnotationSizeLimitB {
		errs = append(errs, field.TooLong(p, "", apivalidation.TotalAnnotationSizeLimitB))
	}
	return errs
}

// validateStub wants a request in DER, signed by the key that it is for, which
// is of a kind that signers may be asked to certify.
func validateStub(der []byte, p *field.Path) field.ErrorList {
	sp := p.Child("stubPKCS10Request")
	bad := func(why string) field.ErrorList {
		return field.ErrorList{field.Invalid(sp, field.OmitValueType{}, why)}
	}
	switch {
	case len(der) == 0:
		return field.ErrorList{field.Invalid(p, field.OmitValueType{}, "exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set")}
	case len(der) > maxStubBytes:
		return field.ErrorList{field.TooLong(sp, "", maxStubBytes)}
	}
	r, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return bad("must be a valid PKCS#10 CSR")
	}
	if errs := validateKey(r.PublicKey, sp); len(errs) > 0 {
		return errs
	}
	if r.CheckSignature() != nil {
		return bad("could not verify proof-of-possession signature")
	}
	return nil
}

func validateKey(key any, p *field.Path) field.ErrorList {
	curves := []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()}
	switch k := key.(type) {
	case ed25519.PublicKey:
		return nil
	case *ecdsa.PublicKey:
		if slices.Contains(curves, k.Curve) {
			return nil
		}
		return field.ErrorList{field.Invalid(p, "curve "+k.Curve.Params().Name, "elliptic public keys must use curve P256, P384, or P521")}
	case *rsa.PublicKey:
		if bits := k.Size() * 8; bits != 3072 && bits != 4096 {
			return field.ErrorList{field.Invalid(p, fmt.Sprintf("%d-bit modulus", bits), "RSA keys must have modulus size 3072 or 4096")}
		}
		return nil
	}
	return field.ErrorList{field.Invalid(p, field.OmitValueType{}, "unknown public key type; supported types are Ed25519, ECDSA, and RSA")}
}
