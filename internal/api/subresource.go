package api

import (
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Connect is a subresource that hands the connection on (exec, attach,
// portforward); it takes GET and, from older clients, POST.
func Connect(name, optionsKind string) Subresource {
	return Subresource{Name: name, Kind: corev1.SchemeGroupVersion.WithKind(optionsKind), Verbs: []string{"create", "get"}}
}

// Proxy is the subresource that passes HTTP requests on, whatever their method.
func Proxy(optionsKind string) Subresource {
	return Subresource{
		Name: "proxy", Kind: corev1.SchemeGroupVersion.WithKind(optionsKind),
		Verbs: []string{"create", "delete", "get", "patch", "update"},
	}
}

// ScaleObject makes the body of a scale subresource. observed is the
// number of replicas that are there.
func ScaleObject(o Object, replicas *int32, observed int32, selector string) *autoscalingv1.Scale {
	s := &autoscalingv1.Scale{
		ObjectMeta: metav1.ObjectMeta{
			Name: o.GetName(), Namespace: o.GetNamespace(), UID: o.GetUID(),
			ResourceVersion: o.GetResourceVersion(), CreationTimestamp: o.GetCreationTimestamp(),
		},
		Status: autoscalingv1.ScaleStatus{Replicas: observed, Selector: selector},
	}
	if replicas != nil {
		s.Spec.Replicas = *replicas
	}
	return s
}

// SelectorString prints a label selector as the scale subresource has it:
// "" for one that cannot be parsed, since stored ones all can.
func SelectorString(s *metav1.LabelSelector) string {
	sel, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		return ""
	}
	return sel.String()
}
