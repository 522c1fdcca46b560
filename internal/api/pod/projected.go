package pod

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"
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

// source judges what one source brings, and that it is one: all that are set
// are judged.
func (v *projection) source(s *corev1.VolumeProjection, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	n := 0
	judge := func(set bool, rules func() field.ErrorList) {
		if set {
			n++
			errs = append(errs, rules()...)
		}
	}
	judge(s.Secret != nil, func() field.ErrorList { return v.keys(s.Secret.Name, s.Secret.Items, p.Child("secret")) })
	judge(s.ConfigMap != nil, func() field.ErrorList { return v.keys(s.ConfigMap.Name, s.ConfigMap.Items, p.Child("configMap")) })
	judge(s.DownwardAPI != nil, func() field.ErrorList { return v.files(s.DownwardAPI.Items, p.Child("downwardAPI")) })
	judge(s.ServiceAccountToken != nil, func() field.ErrorList { return v.token(s.ServiceAccountToken, p.Child("serviceAccountToken")) })
	judge(s.ClusterTrustBundle != nil, func() field.ErrorList { return v.trustBundle(s.ClusterTrustBundle, p.Child("clusterTrustBundle")) })
	judge(s.PodCertificate != nil, func() field.ErrorList { return v.certificate(s.PodCertificate, p.Child("podCertificate")) })
	if n > 1 {
		errs = append(errs, field.Forbidden(p, "may not specify more than 1 volume type per source"))
	}
	return errs
}

// once wants no other source to write path; value is what the API shows of it.
func (v *projection) once(path, value string) field.ErrorList {
	if v.paths.Has(path) {
		return field.ErrorList{field.Invalid(v.p, value, "conflicting duplicate paths")}
	}
	v.paths.Insert(path)
	return nil
}

// onceNamed is once for sources whose missing path is told of elsewhere.
func (v *projection) onceNamed(path, value string) field.ErrorList {
	if path == "" {
		return nil
	}
	return v.once(path, value)
}

func (v *projection) keys(name string, items []corev1.KeyToPath, p *field.Path) field.ErrorList {
	errs := meta.Required(p.Child("name"), name, nil)
	for i := range items {
		errs = append(errs, validateKey(&items[i], p.Child("items").Index(i))...)
		errs = append(errs, v.onceNamed(items[i].Path, name)...)
	}
	return errs
}

func (v *projection) files(items []corev1.DownwardAPIVolumeFile, p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i := range items {
		errs = append(errs, validateFile(&items[i], p)...)
		errs = append(errs, v.onceNamed(items[i].Path, items[i].Path)...)
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

// trustBundle: a bundle by its name, or those of a signer. Two that have no
// path are in each other's way too.
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
		errs = append(errs, meta.SignerName(p.Child("signerName"), *b.SignerName)...)
		errs = append(errs, meta.Selector(p.Child("labelSelector"), b.LabelSelector)...)
	default:
		errs = append(errs, field.Required(p, "either name or signerName must be specified"))
	}
	errs = append(errs, filePath(p.Child("path"), b.Path)...)
	return append(errs, v.once(b.Path, b.Path)...)
}

// bundleName: what stands before the last colon of a name tells the signer.
func bundleName(p *field.Path, name string) field.ErrorList {
	var errs field.ErrorList
	if name == "" {
		errs = append(errs, field.Required(p, "must be a valid object name"))
	}
	signer := ""
	if i := strings.LastIndex(name, ":"); i >= 0 {
		signer = strings.ReplaceAll(name[:i], ":", "/")
	}
	for _, msg := range meta.TrustBundleName(signer)(name, false) {
		errs = append(errs, field.Invalid(p, name, "not a valid clustertrustbundlename: "+msg))
	}
	return errs
}
