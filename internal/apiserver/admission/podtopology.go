package admission

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"skiff/internal/api"
	"skiff/internal/api/core"
)

// PodTopologyLabels tells a pod where it is: it gets the labels of its node
// that say so, with its binding or, when it comes with a node, at once.
type PodTopologyLabels struct {
	Reader api.Reader
}

var topologyLabels = []string{corev1.LabelTopologyZone, corev1.LabelTopologyRegion}

// Name implements Plugin.
func (PodTopologyLabels) Name() string { return "PodTopologyLabels" }

// Admit implements Admitter.
func (p PodTopologyLabels) Admit(ctx context.Context, r *Request) error {
	if r.Operation != Create {
		return nil
	}
	switch o := r.Object.(type) {
	case *corev1.Pod:
		if r.is(core.Pod, "") && o.Spec.NodeName != "" {
			return p.copy(ctx, o, o.Spec.NodeName)
		}
	case *corev1.Binding:
		if r.is(core.Pod, "binding") && o.Target.Kind == "Node" {
			return p.copy(ctx, o, o.Target.Name)
		}
	}
	return nil
}

// copy puts the labels of the node on o. A node that is not there has none.
func (p PodTopologyLabels) copy(ctx context.Context, o api.Object, name string) error {
	obj, err := p.Reader.Get(ctx, core.Node, "", name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	labels := o.GetLabels()
	for _, key := range topologyLabels {
		value, ok := obj.GetLabels()[key]
		if !ok {
			continue
		}
		if labels == nil {
			labels = map[string]string{}
		}
		labels[key] = value
	}
	o.SetLabels(labels)
	return nil
}
