package scheduler

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// slim is the transform of the scheduler's informers: there may be many pods,
// so it keeps only what decisions are made of, and what names a pod in Events.
func slim(obj any) (any, error) {
	switch o := obj.(type) {
	case *corev1.Pod:
		return slimPod(o), nil
	case *corev1.Node:
		o.ManagedFields, o.Annotations = nil, nil
		o.Status = corev1.NodeStatus{Allocatable: o.Status.Allocatable, Images: o.Status.Images}
	case *corev1.Namespace:
		o.ManagedFields, o.Annotations = nil, nil
	}
	return obj, nil
}

func slimPod(p *corev1.Pod) *corev1.Pod {
	s := &p.Spec
	return &corev1.Pod{
		TypeMeta: p.TypeMeta,
		ObjectMeta: metav1.ObjectMeta{
			Namespace: p.Namespace, Name: p.Name, UID: p.UID, ResourceVersion: p.ResourceVersion,
			Labels: p.Labels, CreationTimestamp: p.CreationTimestamp, DeletionTimestamp: p.DeletionTimestamp,
		},
		Spec: corev1.PodSpec{
			NodeName: s.NodeName, SchedulerName: s.SchedulerName, SchedulingGates: s.SchedulingGates,
			Priority: s.Priority, PreemptionPolicy: s.PreemptionPolicy,
			NodeSelector: s.NodeSelector, Affinity: s.Affinity, Tolerations: s.Tolerations,
			TopologySpreadConstraints: s.TopologySpreadConstraints,
			Resources:                 s.Resources, Overhead: s.Overhead, HostNetwork: s.HostNetwork,
			Containers: slimContainers(s.Containers), InitContainers: slimContainers(s.InitContainers),
		},
		Status: corev1.PodStatus{
			Phase: p.Status.Phase, StartTime: p.Status.StartTime, NominatedNodeName: p.Status.NominatedNodeName,
			Conditions: p.Status.Conditions, Resize: p.Status.Resize,
			ContainerStatuses: slimStatuses(p.Status.ContainerStatuses), InitContainerStatuses: slimStatuses(p.Status.InitContainerStatuses),
		},
	}
}

func slimContainers(list []corev1.Container) (out []corev1.Container) {
	for i := range list {
		c := &list[i]
		out = append(out, corev1.Container{
			Name: c.Name, Image: c.Image, Resources: c.Resources, Ports: c.Ports, RestartPolicy: c.RestartPolicy,
		})
	}
	return out
}

func slimStatuses(list []corev1.ContainerStatus) (out []corev1.ContainerStatus) {
	for i := range list {
		if c := &list[i]; c.Resources != nil || c.AllocatedResources != nil {
			out = append(out, corev1.ContainerStatus{Name: c.Name, Resources: c.Resources, AllocatedResources: c.AllocatedResources})
		}
	}
	return out
}
