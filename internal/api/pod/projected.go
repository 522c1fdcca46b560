package pod

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

// projection judges the sources of one projected volume, which share its paths.
type projection struct {
	p     *field.Path
	paths sets.Set[string]
}

func validateProjected(s *corev1.ProjectedVolumeSource, p *field.Path) field.ErrorList {
	v := &projection{p: p, paths: sets.New[string]()}
	errs := validateMode(p.Child("defaultMode"), s.DefaultMode)
	for i := range s.Sources {
		errs = append(errs, v.source(&s.Sources[i], p.Child("sources").Index(i))...)
	}
	return errs
}

func (v *projection) source(s *corev1.VolumeProjection, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	n := 0
	if x := s.Secret; x != nil {
		n++
		errs = append(errs, v.keys(x.Name, x.Items, p.Child("secret"))...)
	}
	if x := s.ConfigMap; x != nil {
		n++
		errs = append(errs, v.keys(x.Name, x.Items, p.Child("configMap"))...)
	}
	if x := s.DownwardAPI; x != nil {
		n++
		errs = append(errs, validateFiles(x.Items, p.Child("downwardAPI"))...)
		for _, item := range x.Items {
			errs = append(errs, v.once(item.Path, item.Path)...)
		}
	}
	if x := s.ServiceAccountToken; x != nil {
		n++
		errs = append(errs, v.token(x, p.Child("serviceAccountToken"))...)
	}
	if x := s.ClusterTrustBundle; x != nil {
		n++
		errs = append(errs, v.trustBundle(x, p.Child("clusterTrustBundle"))...)
	}
	if x := s.PodCertificate; x != nil {
		n++
		errs = append(errs, v.certificate(x, p.Child("podCertificate"))...)
	}
	if n > 1 {
		errs = append(errs, field.Forbidden(p, "may not specify more than 1 volume type per source"))
	}
	return errs
}

// once wants no other source to write path; value is what the API shows of it.
func (v *projection) once(path, value string) field.ErrorList {
	if path == "" {
		return nil
	}
	if v.paths.Has(path) {
		return field.ErrorList{field.Invalid(v.p, value, "conflicting duplicate paths")}
	}
	v.paths.Insert(path)
	return nil
}

func (v *projection) keys(name string, items []corev1.KeyToPath, p *field.Path) field.ErrorList {
	errs := append(meta.Required(p.Child("name"), name, nil), validateKeys(items, nil, p)...)
	for _, item := range items {
		errs = append(errs, v.once(item.Path, name)...)
	}
	return errs
}

// A projected token lives at least ten minutes, so that it can be renewed in
// time, and at most 2^32 seconds.
const (
	minTokenSeconds = 10 * 60
	maxTokenSeconds = 1 << 32
)

func (v *projection) token(t *corev1.ServiceAccountTokenProjection, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if s := t.ExpirationSeconds; s != nil {
		switch {
		case *s < minTokenSeconds:
			errs = append(errs, field.Invalid(p.Child("expirationSeconds"), *s, "may not specify a duration less than 10 minutes"))
		case *s > maxTokenSeconds:
			errs = append(errs, field.Invalid(p.Child("expirationSeconds"), *s, "may not specify a duration larger than 2^32 seconds"))
		}
	}
	return append(errs, filePath(v.p.Child("path"), t.Path)...)
}

func (v *projection) trustBundle(b *corev1.ClusterTrustBundleProjection, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	switch {
	case b.Name != nil && b.SignerName != nil:
		errs = append(errs, field.Invalid(p, b, "only one of name and signerName may be used"))
	case b.Name != nil:
		errs = append(errs, bundleName(p.Child("name"), *b.Name)...)
		if b.LabelSelector != nil {
			errs = append(errs, field.Invalid(p.Child("labelSelector"), b.LabelSelector, "labelSelector must be unset if name is specified"))
		}
	case b.SignerName != nil:
		if *b.SignerName == "" {
			errs = append(errs, field.Required(p.Child("signerName"), "must be a valid signer name"))
		}
		errs = append(errs, signerName(p.Child("signerName"), *b.SignerName)...)
		errs = append(errs, meta.Selector(p.Child("labelSelector"), b.LabelSelector)...)
	default:
		errs = append(errs, field.Required(p, "either name or signerName must be specified"))
	}
	errs = append(errs, filePath(p.Child("path"), b.Path)...)
	return append(errs, v.once(b.Path, b.Path)...)
}

// bundleName wants the name of a ClusterTrustBundle: that of one with a signer
// begins with the signer's, its slash written as a colon.
func bundleName(p *field.Path, name string) field.ErrorList {
	var errs field.ErrorList
	if name == "" {
		errs = append(errs, field.Required(p, "must be a valid object name"))
	}
	rest := name
	if i := strings.LastIndex(name, ":"); i >= 0 {
		rest = name[i+1:]
	}
	for _, msg := range meta.Subdomain(rest, false) {
		errs = append(errs, field.Invalid(p, name, "not a valid clustertrustbundlename: "+msg))
	}
	return errs
}

// signerName wants "domain/name".
func signerName(p *field.Path, name string) field.ErrorList {
	if name == "" {
		return field.ErrorList{field.Required(p, "")}
	}
	domain, path, ok := strings.Cut(name, "/")
	if !ok || strings.Contains(path, "/") {
		return field.ErrorList{field.Invalid(p, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")}
	}
	errs := meta.Invalid(p, domain, validation.IsDNS1123Subdomain(domain))
	if !strings.Contains(domain, ".") {
		errs = append(errs, field.Invalid(p, name, "should be a domain with at least two segments separated by dots"))
	}
	for part := range strings.SplitSeq(path, ".") {
		errs = append(errs, meta.Invalid(p, path, validation.IsDNS1123Subdomain(part))...)
	}
	return errs
}

// A certificate lives between an hour and 91 days.
const (
	minCertificateSeconds = 60 * 60
	maxCertificateSeconds = 91 * 24 * 60 * 60
)

func (v *projection) certificate(c *corev1.PodCertificateProjection, p *field.Path) field.ErrorList {
	errs := signerName(p.Child("signerName"), c.SignerName)
	errs = append(errs, meta.OneOf(p.Child("keyType"), c.KeyType, "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519", "RSA3072", "RSA4096")...)
	if s := c.MaxExpirationSeconds; s != nil {
		mp := p.Child("maxExpirationSeconds")
		switch {
		case strings.HasPrefix(c.SignerName, "kubernetes.io/") && *s > 24*60*60:
			errs = append(errs, field.Invalid(mp, *s, "if provided, maxExpirationSeconds must be <= 86400"))
		case *s < minCertificateSeconds:
			errs = append(errs, field.Invalid(mp, *s, "if provided, maxExpirationSeconds must be >= 3600"))
		case *s > maxCertificateSeconds:
			errs = append(errs, field.Invalid(mp, *s, "if provided, maxExpirationSeconds must be <= 7862400"))
		}
	}
	files := map[string]string{
		"credentialBundlePath": c.CredentialBundlePath, "keyPath": c.KeyPath, "certificateChainPath": c.CertificateChainPath,
	}
	none := true
	for _, name := range sortedKeys(files) {
		if files[name] == "" {
			continue
		}
		none = false
		errs = append(errs, localPath(p.Child(name), files[name])...)
		errs = append(errs, v.once(files[name], files[name])...)
	}
	if none {
		errs = append(errs, field.Required(p, "specify at least one of credentialBundlePath, keyPath, and certificateChainPath"))
	}
	return append(errs, userAnnotations(c.UserAnnotations, p.Child("userAnnotations"))...)
}

// userAnnotations go to a signer, so their keys must tell whose they are.
func userAnnotations(m map[string]string, p *field.Path) field.ErrorList {
	errs := apivalidation.ValidateAnnotations(m, p)
	for _, key := range sortedKeys(m) {
		errs = append(errs, validation.IsDomainPrefixedKey(p.Key(key), key)...)
	}
	return errs
}
