package podsecurity

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// escalation (1.8): no process may gain more than its parent had.
func escalation(s *subject) *Violation {
	if !s.version.since(8) || s.windows() {
		return nil
	}
	names := s.where(func(c *corev1.Container) bool { p := security(c).AllowPrivilegeEscalation; return p == nil || *p })
	if len(names) == 0 {
		return nil
	}
	return &Violation{"allowPrivilegeEscalation != false", container(names) + " must set securityContext.allowPrivilegeEscalation=false"}
}

// droppedCapabilities (1.22): all are dropped, and one alone may be added.
func droppedCapabilities(s *subject) *Violation {
	if !s.version.since(22) || s.windows() {
		return nil
	}
	var added, said []string
	keep := s.where(func(c *corev1.Container) bool {
		caps := security(c).Capabilities
		return caps == nil || !slices.Contains(caps.Drop, "ALL")
	})
	adders := s.where(func(c *corev1.Container) bool {
		bad := addedBeyond(c, []string{"NET_BIND_SERVICE"})
		added = append(added, bad...)
		return len(bad) > 0
	})
	if len(keep) > 0 {
		said = append(said, container(keep)+` must set securityContext.capabilities.drop=["ALL"]`)
	}
	if len(adders) > 0 {
		said = append(said, fmt.Sprintf("%s must not include %s in securityContext.capabilities.add", container(adders), quoted(sortedSet(added))))
	}
	if len(said) == 0 {
		return nil
	}
	return &Violation{"unrestricted capabilities", strings.Join(said, "; ")}
}

// procMountsRestricted (1.35) goes on for pods with a user namespace.
func procMountsRestricted(s *subject) *Violation {
	if !s.version.since(35) {
		return nil
	}
	return procMounts(s)
}

// volumeTypes: what only a cluster's administrator should choose comes through
// claims.
func volumeTypes(s *subject) *Violation {
	var names, types []string
	for i := range s.spec.Volumes {
		if kind := restrictedType(&s.spec.Volumes[i].VolumeSource); kind != "" {
			names, types = append(names, s.spec.Volumes[i].Name), append(types, kind)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return &Violation{"restricted volume types", fmt.Sprintf("%s %s %s", plural("volume", names), uses(names), plural("restricted volume type", sortedSet(types)))}
}

// restrictedType is what a volume is; "" if anybody may use it.
func restrictedType(v *corev1.VolumeSource) string {
	if v.ConfigMap != nil || v.CSI != nil || v.DownwardAPI != nil || v.EmptyDir != nil || v.Ephemeral != nil ||
		v.PersistentVolumeClaim != nil || v.Projected != nil || v.Secret != nil || v.Image != nil {
		return ""
	}
	for _, t := range []struct {
		name string
		is   bool
	}{
		{"hostPath", v.HostPath != nil}, {"gcePersistentDisk", v.GCEPersistentDisk != nil},
		{"awsElasticBlockStore", v.AWSElasticBlockStore != nil}, {"gitRepo", v.GitRepo != nil}, {"nfs", v.NFS != nil},
		{"iscsi", v.ISCSI != nil}, {"glusterfs", v.Glusterfs != nil}, {"rbd", v.RBD != nil}, {"flexVolume", v.FlexVolume != nil},
		{"cinder", v.Cinder != nil}, {"cephfs", v.CephFS != nil}, {"flocker", v.Flocker != nil}, {"fc", v.FC != nil},
		{"azureFile", v.AzureFile != nil}, {"vsphereVolume", v.VsphereVolume != nil}, {"quobyte", v.Quobyte != nil},
		{"azureDisk", v.AzureDisk != nil}, {"portworxVolume", v.PortworxVolume != nil}, {"scaleIO", v.ScaleIO != nil},
		{"storageos", v.StorageOS != nil}, {"photonPersistentDisk", v.PhotonPersistentDisk != nil},
	} {
		if t.is {
			return t.name
		}
	}
	return "unknown"
}

func nonRoot(s *subject) *Violation {
	if s.relaxed() {
		return nil
	}
	ofPod := s.security().RunAsNonRoot
	bad := s.where(func(c *corev1.Container) bool { r := security(c).RunAsNonRoot; return r != nil && !*r })
	unset := s.where(func(c *corev1.Container) bool { return security(c).RunAsNonRoot == nil })
	var setters []string
	if ofPod != nil && !*ofPod {
		setters = append(setters, "pod")
	}
	if len(bad) > 0 {
		setters = append(setters, container(bad))
	}
	const reason = "runAsNonRoot != true"
	switch {
	case len(setters) > 0:
		return &Violation{reason, strings.Join(setters, " and ") + " must not set securityContext.runAsNonRoot=false"}
	case ofPod == nil && len(unset) > 0:
		return &Violation{reason, fmt.Sprintf("pod or %s must set securityContext.runAsNonRoot=true", container(unset))}
	}
	return nil
}

// nonRootUser (1.23): nobody may ask for user 0.
func nonRootUser(s *subject) *Violation {
	if !s.version.since(23) || s.relaxed() {
		return nil
	}
	var setters []string
	if u := s.security().RunAsUser; u != nil && *u == 0 {
		setters = append(setters, "pod")
	}
	if names := s.where(func(c *corev1.Container) bool { u := security(c).RunAsUser; return u != nil && *u == 0 }); len(names) > 0 {
		setters = append(setters, container(names))
	}
	if len(setters) == 0 {
		return nil
	}
	return &Violation{"runAsUser=0", strings.Join(setters, " and ") + " must not set runAsUser=0"}
}
