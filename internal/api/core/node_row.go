package core

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"

	"skiff/internal/api/table"
)

func nodeRow(o *corev1.Node) []any {
	i := o.Status.NodeInfo
	return []any{
		o.Name, nodeStatus(o), nodeRoles(o), table.Age(o.CreationTimestamp), i.KubeletVersion,
		nodeAddress(o, corev1.NodeInternalIP), nodeAddress(o, corev1.NodeExternalIP),
		table.Or(i.OSImage, table.Unknown), table.Or(i.KernelVersion, table.Unknown), table.Or(i.ContainerRuntimeVersion, table.Unknown),
	}
}

func nodeStatus(o *corev1.Node) string {
	status := "Unknown"
	for _, c := range o.Status.Conditions {
		if c.Type != corev1.NodeReady {
			continue
		}
		status = "NotReady"
		if c.Status == corev1.ConditionTrue {
			status = "Ready"
		}
	}
	if o.Spec.Unschedulable {
		status += ",SchedulingDisabled"
	}
	return status
}

// Labels that name the roles of a node: in the key, and, the older one, in the
// value.
const (
	rolePrefix = "node-role.kubernetes.io/"
	roleLabel  = "kubernetes.io/role"
)

func nodeRoles(o *corev1.Node) string {
	roles := sets.New[string]()
	for k, v := range o.Labels {
		if role, ok := strings.CutPrefix(k, rolePrefix); ok && role != "" {
			roles.Insert(role)
		} else if k == roleLabel && v != "" {
			roles.Insert(v)
		}
	}
	return table.Join(sets.List(roles))
}

func nodeAddress(o *corev1.Node, t corev1.NodeAddressType) string {
	for _, a := range o.Status.Addresses {
		if a.Type == t {
			return a.Address
		}
	}
	return table.None
}
