package replicationcontroller

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/record"

	"skiff/internal/controllers/replicaset"

	"skiff/internal/client"
)

var kind = corev1.SchemeGroupVersion.WithKind("ReplicationController")

// New makes the controller and asks the informers for what it reads.
func New(kube kubernetes.Interface, factory *client.Informers, events record.EventRecorder) (*replicaset.Controller, error) {
	return replicaset.NewOf(replicaset.Source{
		Name: "replicationcontroller", Kind: kind, Informer: factory.ReplicationControllers().Informer(),
		View:          func(obj any) *appsv1.ReplicaSet { return view(obj.(*corev1.ReplicationController)) },
		NoTerminating: true,
		Live: func(ctx context.Context, namespace, name string) (metav1.Object, error) {
			return kube.CoreV1().ReplicationControllers(namespace).Get(ctx, name, metav1.GetOptions{})
		},
		Store: func(ctx context.Context, rs *appsv1.ReplicaSet) error {
			// Only the status and the version are looked at of what is sent, but
			// the whole must be valid, so it is what the API server has.
			rc, err := kube.CoreV1().ReplicationControllers(rs.Namespace).Get(ctx, rs.Name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			rc.ResourceVersion = rs.ResourceVersion
			rc.Status = status(rs.Status)
			_, err = kube.CoreV1().ReplicationControllers(rs.Namespace).UpdateStatus(ctx, rc, metav1.UpdateOptions{})
			return err
		},
	}, kube, factory, events)
}

// view tells a ReplicationController as a ReplicaSet.
func view(rc *corev1.ReplicationController) *appsv1.ReplicaSet {
	rs := &appsv1.ReplicaSet{ObjectMeta: rc.ObjectMeta, Spec: appsv1.ReplicaSetSpec{
		Replicas: rc.Spec.Replicas, MinReadySeconds: rc.Spec.MinReadySeconds,
		Selector: &metav1.LabelSelector{MatchLabels: rc.Spec.Selector},
	}}
	rs.SetGroupVersionKind(kind)
	if rc.Spec.Template != nil {
		rs.Spec.Template = *rc.Spec.Template
	}
	s := rc.Status
	rs.Status = appsv1.ReplicaSetStatus{
		Replicas: s.Replicas, FullyLabeledReplicas: s.FullyLabeledReplicas, ReadyReplicas: s.ReadyReplicas,
		AvailableReplicas: s.AvailableReplicas, ObservedGeneration: s.ObservedGeneration,
	}
	for _, c := range s.Conditions {
		rs.Status.Conditions = append(rs.Status.Conditions, appsv1.ReplicaSetCondition{
			Type: appsv1.ReplicaSetConditionType(c.Type), Status: c.Status,
			LastTransitionTime: c.LastTransitionTime, Reason: c.Reason, Message: c.Message,
		})
	}
	return rs
}

func status(s appsv1.ReplicaSetStatus) corev1.ReplicationControllerStatus {
	out := corev1.ReplicationControllerStatus{
		Replicas: s.Replicas, FullyLabeledReplicas: s.FullyLabeledReplicas, ReadyReplicas: s.ReadyReplicas,
		AvailableReplicas: s.AvailableReplicas, ObservedGeneration: s.ObservedGeneration,
	}
	for _, c := range s.Conditions {
		out.Conditions = append(out.Conditions, corev1.ReplicationControllerCondition{
			Type: corev1.ReplicationControllerConditionType(c.Type), Status: c.Status,
			LastTransitionTime: c.LastTransitionTime, Reason: c.Reason, Message: c.Message,
		})
	}
	return out
}
