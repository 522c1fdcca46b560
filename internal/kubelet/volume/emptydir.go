package volume

import (
	"os"

	corev1 "k8s.io/api/core/v1"
)

// emptyDir is a directory that lives as long as the pod; on disk or in memory.
func (s *setup) emptyDir(v *corev1.EmptyDirVolumeSource) (string, error) {
	dir, err := s.dir("empty-dir")
	if err != nil {
		return "", err
	}
	if v.Medium == corev1.StorageMediumMemory {
		size := int64(0)
		if v.SizeLimit != nil {
			size = v.SizeLimit.Value()
		}
		if err := s.m.Mounter.Tmpfs(dir, size); err != nil {
			return "", err
		}
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		return "", err
	}
	return dir, s.giveToGroup(dir)
}

// giveToGroup makes a writable directory belong to the pod's fsGroup, with
// everything that is made in it.
func (s *setup) giveToGroup(dir string) error {
	group := s.fsGroup()
	if group == nil {
		return nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if err := os.Lchown(dir, -1, int(*group)); err != nil {
		return err
	}
	return os.Chmod(dir, info.Mode().Perm()|0o070|os.ModeSetgid)
}

func (s *setup) fsGroup() *int64 {
	if s.pod.Spec.SecurityContext == nil {
		return nil
	}
	return s.pod.Spec.SecurityContext.FSGroup
}
