package volume

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// claim is the persistent volume that a claim is bound to, where it is a path
// of this node.
func (s *setup) claim(ctx context.Context, name string) (string, error) {
	claim, err := s.m.Claims.Claim(ctx, s.pod.Namespace, name)
	if err != nil {
		return "", err
	}
	if claim.Status.Phase != corev1.ClaimBound || claim.Spec.VolumeName == "" {
		return "", fmt.Errorf("PVC %s/%s is not bound", s.pod.Namespace, name)
	}
	pv, err := s.m.Claims.Volume(ctx, claim.Spec.VolumeName)
	if err != nil {
		return "", err
	}
	if ref := pv.Spec.ClaimRef; ref == nil || ref.UID != claim.UID {
		return "", fmt.Errorf("persistent volume %q is bound to another claim than %s/%s", pv.Name, s.pod.Namespace, name)
	}
	switch {
	case pv.Spec.HostPath != nil:
		return hostPath(pv.Spec.HostPath)
	case pv.Spec.Local != nil:
		directory := corev1.HostPathDirectory
		path, err := hostPath(&corev1.HostPathVolumeSource{Path: pv.Spec.Local.Path, Type: &directory})
		if err != nil {
			return "", err
		}
		return path, s.giveToGroup(path)
	}
	return "", fmt.Errorf("persistent volume %q is of a kind that is not supported on this node", pv.Name)
}
