package volume

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
)

var hostPathTypes = []corev1.HostPathType{
	corev1.HostPathUnset, corev1.HostPathBlockDev, corev1.HostPathCharDev, corev1.HostPathDirectory,
	corev1.HostPathDirectoryOrCreate, corev1.HostPathFile, corev1.HostPathFileOrCreate, corev1.HostPathSocket,
}

// HostPath judges a path of the node.
func HostPath(h *corev1.HostPathVolumeSource, p *field.Path) field.ErrorList {
	if h.Path == "" {
		return need(p, "path", h.Path)
	}
	return append(NoBacksteps(p.Child("path"), h.Path), meta.EnumOr(p.Child("type"), h.Type, hostPathTypes...)...)
}

// Local judges a disk of the node.
func Local(l *corev1.LocalVolumeSource, p *field.Path) field.ErrorList {
	if l.Path == "" {
		return need(p, "path", l.Path)
	}
	return NoBacksteps(p.Child("path"), l.Path)
}

// NFS judges an export of an NFS server.
func NFS(n *corev1.NFSVolumeSource, p *field.Path) field.ErrorList {
	errs := need(p, "server", n.Server, "path", n.Path)
	if !strings.HasPrefix(n.Path, "/") {
		errs = append(errs, field.Invalid(p.Child("path"), n.Path, "must be an absolute path"))
	}
	return errs
}

// GitRepo judges a repository that is checked out.
func GitRepo(g *corev1.GitRepoVolumeSource, p *field.Path) field.ErrorList {
	return append(need(p, "repository", g.Repository), Descending(p.Child("directory"), g.Directory)...)
}
