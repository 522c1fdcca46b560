package pod

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"
)

// volumeWarnings remark on kinds of volumes that are gone or going.
func volumeWarnings(volumes []corev1.Volume, p *field.Path) []string {
	var out []string
	for i, v := range volumes {
		old := func(set bool, name, why string) {
			if set {
				out = append(out, fmt.Sprintf("%s: deprecated in %s", p.Index(i).Child(name), why))
			}
		}
		old(v.PhotonPersistentDisk != nil, "photonPersistentDisk", "v1.11, non-functional in v1.16+")
		old(v.GitRepo != nil, "gitRepo", "v1.11, and disabled by default in v1.33+")
		old(v.ScaleIO != nil, "scaleIO", "v1.16, non-functional in v1.22+")
		old(v.Flocker != nil, "flocker", "v1.22, non-functional in v1.25+")
		old(v.StorageOS != nil, "storageOS", "v1.22, non-functional in v1.25+")
		old(v.Quobyte != nil, "quobyte", "v1.22, non-functional in v1.25+")
		old(v.Glusterfs != nil, "glusterfs", "v1.25, non-functional in v1.26+")
		if e := v.Ephemeral; e != nil && e.VolumeClaimTemplate != nil {
			out = append(out, fractions(e.VolumeClaimTemplate.Spec.Resources.Requests,
				p.Index(i).Child("ephemeral", "volumeClaimTemplate", "spec", "resources", "requests"), corev1.ResourceStorage)...)
		}
		old(v.CephFS != nil, "cephfs", "v1.28, non-functional in v1.31+")
		old(v.RBD != nil, "rbd", "v1.28, non-functional in v1.31+")
	}
	return out
}

// overlapWarnings remark on files of one volume that lie in each other's way.
func overlapWarnings(volumes []corev1.Volume) []string {
	var out []string
	for i := range volumes {
		v := &volumes[i]
		if s := v.ConfigMap; s != nil {
			out = append(out, overlaps(v.Name, fmt.Sprintf("ConfigMap %q", s.Name), ofKeys(s.Items, ""))...)
		}
		if s := v.Secret; s != nil {
			out = append(out, overlaps(v.Name, fmt.Sprintf("Secret %q", s.SecretName), ofKeys(s.Items, ""))...)
		}
		if s := v.DownwardAPI; s != nil {
			out = append(out, overlaps(v.Name, "DownwardAPI", ofFiles(s.Items, ""))...)
		}
		if s := v.Projected; s != nil {
			out = append(out, emptyWarnings(v.Name, s.Sources)...)
			var all []virtualPath
			for j := range s.Sources {
				all = append(all, ofProjection(&s.Sources[j])...)
			}
			out = append(out, overlaps(v.Name, "Projected", all)...)
		}
	}
	return out
}

// emptyWarnings remark on projected volumes that have nothing in them.
func emptyWarnings(volume string, sources []corev1.VolumeProjection) []string {
	var out []string
	empty := func() { out = append(out, fmt.Sprintf("volume %q (Projected) has no sources provided", volume)) }
	if len(sources) == 0 {
		empty()
	}
	for _, s := range sources {
		if s == (corev1.VolumeProjection{}) {
			empty()
		}
	}
	return out
}

// virtualPath is where a file of a volume lies, and, when the volume has more
// than one source, which of them it is from.
type virtualPath struct{ path, source string }

func (v virtualPath) String() string {
	if v.source == "" {
		return fmt.Sprintf("%q", v.path)
	}
	return fmt.Sprintf("%q (%s)", v.path, v.source)
}

// over says whether one of two paths is the other, or leads there.
func (v virtualPath) over(o virtualPath) bool {
	a, b := v.path+"/", o.path+"/"
	return v.path != "" && o.path != "" && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a))
}

// overlaps remarks on each pair of paths that overlap.
func overlaps(volume, kind string, paths []virtualPath) []string {
	var out []string
	for i := range paths {
		paths[i].path = strings.TrimRight(paths[i].path, "/")
		for _, before := range paths[:i] {
			if paths[i].over(before) {
				out = append(out, fmt.Sprintf("volume %q (%s): overlapping paths: %s with %s", volume, kind, paths[i], before))
			}
		}
	}
	return out
}

func ofKeys(items []corev1.KeyToPath, source string) []virtualPath {
	var paths []virtualPath
	for _, k := range items {
		paths = append(paths, virtualPath{k.Path, source})
	}
	return paths
}

func ofFiles(items []corev1.DownwardAPIVolumeFile, source string) []virtualPath {
	var paths []virtualPath
	for _, f := range items {
		paths = append(paths, virtualPath{f.Path, source})
	}
	return paths
}

func ofProjection(p *corev1.VolumeProjection) []virtualPath {
	switch {
	case p.ConfigMap != nil:
		return ofKeys(p.ConfigMap.Items, fmt.Sprintf("ConfigMap %q", p.ConfigMap.Name))
	case p.Secret != nil:
		return ofKeys(p.Secret.Items, fmt.Sprintf("Secret %q", p.Secret.Name))
	case p.DownwardAPI != nil:
		return ofFiles(p.DownwardAPI.Items, "DownwardAPI")
	case p.ServiceAccountToken != nil:
		return []virtualPath{{p.ServiceAccountToken.Path, "ServiceAccountToken"}}
	case p.ClusterTrustBundle != nil:
		b := p.ClusterTrustBundle
		name := ptr.Deref(b.Name, ptr.Deref(b.SignerName, ""))
		return []virtualPath{{b.Path, fmt.Sprintf("ClusterTrustBundle %q", name)}}
	case p.PodCertificate != nil:
		c := p.PodCertificate
		return []virtualPath{
			{c.CertificateChainPath, "PodCertificate chain"}, {c.KeyPath, "PodCertificate key"},
			{c.CredentialBundlePath, "PodCertificate credential bundle"},
		}
	}
	return nil
}
