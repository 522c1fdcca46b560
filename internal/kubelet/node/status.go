package node

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// maxImages is how many images a Node lists; more would bloat every write.
const maxImages = 50

// Facts are all that a Node says of its machine, at one moment.
type Facts struct {
	Machine        Machine
	Name           string
	IPs            []netip.Addr
	KubeletVersion string
	RuntimeVersion string // "containerd://2.4.2"
	Port           int32
	MaxPods        int
	Images         []corev1.ContainerImage
	NotReady       string // why the node takes no pods; empty if it does
	Pressure       Pressure
	Features       *corev1.NodeFeatures
	Handlers       []corev1.NodeRuntimeHandler
}

// Pressure is what the node is short of.
type Pressure struct{ Memory, Disk, PIDs bool }

// Labels are the labels that every node carries.
func (f Facts) Labels() map[string]string {
	hostname := f.Name
	return map[string]string{
		corev1.LabelHostname:      hostname,
		corev1.LabelOSStable:      f.Machine.Info.OperatingSystem,
		corev1.LabelArchStable:    f.Machine.Info.Architecture,
		"beta.kubernetes.io/os":   f.Machine.Info.OperatingSystem,
		"beta.kubernetes.io/arch": f.Machine.Info.Architecture,
	}
}

// Status is the status of a node with these facts, on top of an old one:
// conditions that others keep stay as they are.
func (f Facts) Status(old corev1.NodeStatus, now metav1.Time) corev1.NodeStatus {
	s := *old.DeepCopy()
	s.Capacity = f.Machine.Capacity(f.MaxPods)
	s.Allocatable = f.Machine.Allocatable(f.MaxPods)
	keepExtended(old, &s)
	s.Addresses = f.addresses()
	s.DaemonEndpoints.KubeletEndpoint.Port = f.Port
	s.NodeInfo = f.Machine.Info
	s.NodeInfo.KubeletVersion = f.KubeletVersion
	s.NodeInfo.ContainerRuntimeVersion = f.RuntimeVersion
	s.Images = f.Images[:min(len(f.Images), maxImages)]
	s.Features, s.RuntimeHandlers = f.Features, f.Handlers
	for _, c := range f.conditions() {
		setCondition(&s, c, now)
	}
	return s
}

// keepExtended keeps resources that others advertise on the node.
func keepExtended(old corev1.NodeStatus, s *corev1.NodeStatus) {
	for name, q := range old.Capacity {
		if _, ok := s.Capacity[name]; !ok {
			s.Capacity[name] = q
		}
	}
	for name, q := range old.Allocatable {
		if _, ok := s.Allocatable[name]; !ok {
			s.Allocatable[name] = q
		}
	}
}

func (f Facts) addresses() []corev1.NodeAddress {
	var out []corev1.NodeAddress
	for _, ip := range f.IPs {
		out = append(out, corev1.NodeAddress{Type: corev1.NodeInternalIP, Address: ip.String()})
	}
	return append(out, corev1.NodeAddress{Type: corev1.NodeHostName, Address: f.Name})
}

func (f Facts) conditions() []corev1.NodeCondition {
	ready := corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionTrue,
		Reason: "KubeletReady", Message: "kubelet is posting ready status"}
	if f.NotReady != "" {
		ready.Status, ready.Reason, ready.Message = corev1.ConditionFalse, "KubeletNotReady", f.NotReady
	}
	return []corev1.NodeCondition{
		pressure(corev1.NodeMemoryPressure, f.Pressure.Memory, "KubeletHasInsufficientMemory", "kubelet has insufficient memory available",
			"KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
		pressure(corev1.NodeDiskPressure, f.Pressure.Disk, "KubeletHasDiskPressure", "kubelet has disk pressure",
			"KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
		pressure(corev1.NodePIDPressure, f.Pressure.PIDs, "KubeletHasInsufficientPID", "kubelet has insufficient PID available",
			"KubeletHasSufficientPID", "kubelet has sufficient PID available"),
		ready,
	}
}

func pressure(t corev1.NodeConditionType, short bool, reason, message, okReason, okMessage string) corev1.NodeCondition {
	if short {
		return corev1.NodeCondition{Type: t, Status: corev1.ConditionTrue, Reason: reason, Message: message}
	}
	return corev1.NodeCondition{Type: t, Status: corev1.ConditionFalse, Reason: okReason, Message: okMessage}
}

func setCondition(s *corev1.NodeStatus, c corev1.NodeCondition, now metav1.Time) {
	c.LastHeartbeatTime, c.LastTransitionTime = now, now
	for i := range s.Conditions {
		old := &s.Conditions[i]
		if old.Type != c.Type {
			continue
		}
		if old.Status == c.Status {
			c.LastTransitionTime = old.LastTransitionTime
		}
		*old = c
		return
	}
	s.Conditions = append(s.Conditions, c)
}

// same says whether two statuses differ in no more than their heartbeats.
func same(a, b corev1.NodeStatus) bool {
	return equality.Semantic.DeepEqual(withoutHeartbeats(a), withoutHeartbeats(b))
}

func withoutHeartbeats(s corev1.NodeStatus) corev1.NodeStatus {
	s.Conditions = append([]corev1.NodeCondition(nil), s.Conditions...)
	for i := range s.Conditions {
		s.Conditions[i].LastHeartbeatTime = metav1.Time{}
	}
	return s
}
