package admission

import (
	"context"

	networkingv1 "k8s.io/api/networking/v1"

	"skiff/internal/api"
	"skiff/internal/api/networking"
)

// DefaultIngressClass gives an Ingress that names no class the cluster's
// default one: of several, the newest.
type DefaultIngressClass struct {
	Reader api.Reader
}

// ingressClassAnnotation named the class before spec.ingressClassName did; an
// Ingress that has it gets no default.
const ingressClassAnnotation = "kubernetes.io/ingress.class"

// Name implements Plugin.
func (DefaultIngressClass) Name() string { return "DefaultIngressClass" }

// Admit implements Admitter.
func (p DefaultIngressClass) Admit(ctx context.Context, r *Request) error {
	ingress, ok := r.Object.(*networkingv1.Ingress)
	if !ok || r.Operation != Create || !r.is(networking.Ingress, "") || ingress.Spec.IngressClassName != nil {
		return nil
	}
	if _, ok := ingress.Annotations[ingressClassAnnotation]; ok {
		return nil
	}
	classes, err := p.Reader.List(ctx, networking.IngressClass, "")
	if err != nil {
		return err
	}
	var found api.Object
	for _, c := range classes {
		if c.GetAnnotations()[networkingv1.AnnotationIsDefaultIngressClass] == "true" && (found == nil || newer(c, found)) {
			found = c
		}
	}
	if found != nil {
		name := found.GetName()
		ingress.Spec.IngressClassName = &name
	}
	return nil
}
