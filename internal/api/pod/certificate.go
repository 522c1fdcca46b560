package pod

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// certificate judges a certificate that the node gets for the pod, and the
// files that it is written to.
func (v *projection) certificate(c *corev1.PodCertificateProjection, p *field.Path) field.ErrorList {
	errs := meta.SignerName(p.Child("signerName"), c.SignerName)
	errs = append(errs, userAnnotations(c.UserAnnotations, p.Child("userAnnotations"))...)
	errs = append(errs, meta.OneOf(p.Child("keyType"), c.KeyType, keyTypes...)...)
	errs = append(errs, certificateLife(c, p.Child("maxExpirationSeconds"))...)
	none := true
	for _, f := range []struct{ name, path string }{
		{"credentialBundlePath", c.CredentialBundlePath}, {"keyPath", c.KeyPath}, {"certificateChainPath", c.CertificateChainPath},
	} {
		if f.path != "" {
			none = false
			errs = append(errs, localPath(p.Child(f.name), f.path)...)
			errs = append(errs, v.once(f.path, f.path)...)
		}
	}
	if none {
		errs = append(errs, field.Required(p, "specify at least one of credentialBundlePath, keyPath, and certificateChainPath"))
	}
	return errs
}

// userAnnotations go to a signer, so their keys must tell whose they are.
func userAnnotations(m map[string]string, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, key := range sortedKeys(m) {
		errs = append(errs, validation.IsDomainPrefixedKey(p, strings.ToLower(key))...)
	}
	if apivalidation.ValidateAnnotationsSize(m) != nil {
		errs = append(errs, field.TooLong(p, "", apivalidation.TotalAnnotationSizeLimitB))
	}
	return errs
}

// keyTypes are in the order in which clients are told of them.
var keyTypes = []string{"RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"}

// A certificate lives between an hour and 91 days; one that Kubernetes itself
// signs, no longer than a day.
const (
	minCertificateSeconds    = 60 * 60
	maxCertificateSeconds    = 91 * 24 * 60 * 60
	maxOwnCertificateSeconds = 24 * 60 * 60
)

func certificateLife(c *corev1.PodCertificateProjection, p *field.Path) field.ErrorList {
	s := c.MaxExpirationSeconds
	if s == nil {
		return nil
	}
	most := int32(maxCertificateSeconds)
	if domain, _, _ := strings.Cut(c.SignerName, "/"); domain == "kubernetes.io" || strings.HasSuffix(domain, ".kubernetes.io") {
		most = maxOwnCertificateSeconds
	}
	switch {
	case *s < minCertificateSeconds:
		return field.ErrorList{field.Invalid(p, *s, fmt.Sprintf("if provided, maxExpirationSeconds must be >= %d", minCertificateSeconds))}
	case *s > most:
		return field.ErrorList{field.Invalid(p, *s, fmt.Sprintf("if provided, maxExpirationSeconds must be <= %d", most))}
	}
	return nil
}
