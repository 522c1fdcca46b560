package apiserver

import (
	"errors"
	"fmt"
	"net/http"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"

	"skiff/internal/api"
	"skiff/internal/api/meta"
	"skiff/internal/apiserver/codec"
	"skiff/internal/apiserver/patch"
	"skiff/internal/store"
)

var scaleKind = autoscalingv1.SchemeGroupVersion.WithKind("Scale")

// scale answers the scale subresource: a Scale is a view of an object that
// shows and sets how many replicas it is to have.
func (x *exchange) scale() error {
	switch x.Verb {
	case "get":
		return x.getScale()
	case "update":
		return x.putScale()
	case "patch":
		return x.patchScale()
	}
	return apierrors.NewMethodNotSupported(x.GroupResource(), x.Verb)
}

func (x *exchange) getScale() error {
	if err := x.negotiate(); err != nil {
		return err
	}
	item, err := x.e.table.Get(x.ctx(), x.scope(), x.Name, store.Latest)
	if err != nil {
		return storeError(err, x.e.r, x.Name)
	}
	return x.writeScale(item)
}

func (x *exchange) putScale() error {
	if err := x.negotiate(); err != nil {
		return err
	}
	o, err := x.updateOptions()
	if err != nil {
		return err
	}
	sent, err := x.decodeBody(scaleKind, &autoscalingv1.Scale{}, o.FieldValidation)
	if err != nil {
		return err
	}
	if err := x.checkAddress(sent); err != nil {
		return err
	}
	return x.setScale(o, managerName(o.FieldManager, x.r.UserAgent()), func(store.Item) (*autoscalingv1.Scale, error) {
		return sent.(*autoscalingv1.Scale), nil
	})
}

func (x *exchange) patchScale() error {
	p, err := x.readPatch()
	if err != nil {
		return err
	}
	if p.kind == patch.ApplyYAML {
		return x.applyScale(p)
	}
	return x.setScale(p.updateOptions(), managerName(p.FieldManager, x.r.UserAgent()), func(old store.Item) (*autoscalingv1.Scale, error) {
		patched, err := x.patched(x.scaleItem(old).JSON(), p, scaleKind, func() api.Object { return &autoscalingv1.Scale{} })
		if err != nil {
			return nil, err
		}
		return patched.(*autoscalingv1.Scale), nil
	})
}

// setScale gives the object as many replicas as the Scale that want makes.
func (x *exchange) setScale(o *metav1.UpdateOptions, manager string, want func(store.Item) (*autoscalingv1.Scale, error)) error {
	item, err := x.change(&change{
		options: o, dryRun: len(o.DryRun) > 0, manager: manager,
		make: func(old store.Item) (api.Object, error) {
			scale, err := want(old)
			if err != nil {
				return nil, err
			}
			if err := x.checkScale(scale, old.Object()); err != nil {
				return nil, err
			}
			obj := x.e.copyOf(old)
			x.e.r.Scale.Set(obj, scale.Spec.Replicas)
			obj.SetResourceVersion(scale.ResourceVersion)
			return obj, nil
		},
	})
	if err != nil {
		return x.ofScale(err)
	}
	return x.writeScale(item)
}

// checkScale judges a Scale, and whether it is of the object that is there.
func (x *exchange) checkScale(s *autoscalingv1.Scale, live api.Object) error {
	errs := meta.Validate(s, x.e.r.Namespaced, meta.Subdomain)
	errs = append(errs, meta.NonNegative(field.NewPath("spec", "replicas"), s.Spec.Replicas)...)
	if len(errs) > 0 {
		return apierrors.NewInvalid(scaleKind.GroupKind(), x.Name, errs)
	}
	if s.UID != "" && s.UID != live.GetUID() {
		return apierrors.NewConflict(x.scaleResource(), x.Name, fmt.Errorf(
			"Precondition failed: UID in precondition: %v, UID in object meta: %v", s.UID, live.GetUID()))
	}
	return nil
}

func (x *exchange) scaleResource() schema.GroupResource {
	return schema.GroupResource{Group: x.e.r.Group, Resource: x.e.r.Plural + "/scale"}
}

// ofScale makes of an object that is not there a scale that is not there, as
// clients are told of a write.
func (x *exchange) ofScale(err error) error {
	var status apierrors.APIStatus
	if !apierrors.IsNotFound(err) || !errors.As(err, &status) {
		return err
	}
	if d := status.Status().Details; d == nil || d.Kind != x.e.r.Plural || d.Name != x.Name {
		return err
	}
	return apierrors.NewNotFound(x.scaleResource(), x.Name)
}

// applyScale is apply of the one field that a Scale sets, on the object.
func (x *exchange) applyScale(p *sentPatch) error {
	var sent autoscalingv1.Scale
	if err := yaml.Unmarshal(p.data, &sent); err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	if err := x.checkAddress(&sent); err != nil {
		return err
	}
	wanted := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"replicas": int64(sent.Spec.Replicas)}}}
	wanted.SetGroupVersionKind(x.e.r.GroupVersionKind)
	wanted.SetName(x.Name)
	wanted.SetNamespace(x.scope())
	item, err := x.change(&change{
		options: p.updateOptions(), dryRun: len(p.DryRun) > 0,
		make: func(old store.Item) (api.Object, error) {
			if err := x.checkScale(&sent, old.Object()); err != nil {
				return nil, err
			}
			return x.s.managed.apply(x.e.r, x.Subresource, old.Object(), wanted.DeepCopy(), p.FieldManager, p.Force != nil && *p.Force)
		},
	})
	if err != nil {
		return x.ofScale(err)
	}
	return x.writeScale(item)
}

func (x *exchange) scaleItem(i store.Item) store.Item {
	return codec.Item(x.e.r.Scale.Get(i.Object()), scaleKind)
}

func (x *exchange) writeScale(i store.Item) error {
	return x.writeItem(http.StatusOK, x.scaleItem(i))
}
