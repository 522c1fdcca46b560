package apiserver

import (
	"fmt"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/serializer/cbor/direct"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"skiff/internal/api"
	"skiff/internal/apiserver/patch"
	"skiff/internal/store"
)

// apply answers PATCH with an apply configuration: it merges what the manager
// wants into what is there, or creates the object.
func (x *exchange) apply(part *api.Part, p *sentPatch) error {
	wanted, err := x.readConfiguration(p)
	if err != nil {
		return err
	}
	force := p.Force != nil && *p.Force
	merge := func(live api.Object) (api.Object, error) {
		return x.s.managed.apply(x.e.r, x.Subresource, live, wanted.DeepCopy(), p.FieldManager, force)
	}
	item, err := x.change(&change{
		part: part, options: p.updateOptions(), dryRun: len(p.DryRun) > 0,
		make: func(old store.Item) (api.Object, error) { return merge(old.Object()) },
	})
	if apierrors.IsNotFound(err) && part == nil {
		return x.applyNew(p, wanted, merge)
	}
	if err != nil {
		return err
	}
	return x.writeItem(http.StatusOK, item)
}

// applyNew creates the object that was applied but is not there.
func (x *exchange) applyNew(p *sentPatch, wanted *unstructured.Unstructured, merge func(api.Object) (api.Object, error)) error {
	if uid := wanted.GetUID(); uid != "" {
		return apierrors.NewConflict(x.e.r.GroupResource(), x.Name, fmt.Errorf(
			"uid mismatch: the provided object specified uid %s, and no existing object was found", uid))
	}
	if wanted.GetResourceVersion() != "" {
		return conflict(x.e.r, x.Name)
	}
	if err := x.mayCreate(); err != nil {
		return err
	}
	obj, err := merge(x.e.new())
	if err != nil {
		return err
	}
	item, err := x.insertManaged(obj, &metav1.CreateOptions{
		TypeMeta: optionsType("CreateOptions"), DryRun: p.DryRun, FieldManager: p.FieldManager, FieldValidation: p.FieldValidation,
	})
	if err != nil {
		return err
	}
	return x.writeItem(http.StatusCreated, item)
}

// decodeConfiguration decodes CBOR, YAML, or JSON, which is YAML too.
func (x *exchange) decodeConfiguration(p *sentPatch, u *unstructured.Unstructured) error {
	if p.kind == patch.ApplyCBOR {
		if err := direct.Unmarshal(p.data, &u.Object); err != nil {
			return apierrors.NewBadRequest(fmt.Sprintf("error decoding CBOR: %v", err))
		}
		return nil
	}
	data, err := yaml.YAMLToJSONStrict(p.data)
	if err != nil && p.FieldValidation != metav1.FieldValidationStrict {
		if p.FieldValidation != metav1.FieldValidationIgnore {
			x.warn(err.Error())
		}
		data, err = yaml.YAMLToJSON(p.data)
	}
	if err == nil {
		err = json.Unmarshal(data, &u.Object)
	}
	if err != nil {
		return apierrors.NewBadRequest(fmt.Sprintf("error decoding YAML: %v", err))
	}
	return nil
}

// readConfiguration decodes an apply configuration, and fills in from the path
// what it leaves out.
func (x *exchange) readConfiguration(p *sentPatch) (*unstructured.Unstructured, error) {
	u := &unstructured.Unstructured{}
	if err := x.decodeConfiguration(p, u); err != nil {
		return nil, err
	}
	if u.Object == nil || u.GetKind() == "" || u.GetAPIVersion() == "" {
		return nil, apierrors.NewBadRequest("invalid object type: the apply configuration must have apiVersion and kind")
	}
	if u.GetKind() != x.e.r.Kind {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("the kind in the data (%s) does not match the expected kind (%s)", u.GetKind(), x.e.r.Kind))
	}
	if u.GetName() == "" {
		u.SetName(x.Name)
	}
	if ns := x.scope(); u.GetNamespace() == "" && ns != "" {
		u.SetNamespace(ns)
	}
	return u, x.checkConfiguration(u)
}

// checkConfiguration compares the configuration with the path it was sent to.
func (x *exchange) checkConfiguration(u *unstructured.Unstructured) error {
	if u.GetName() != x.Name {
		return apierrors.NewBadRequest(fmt.Sprintf("the name of the object (%s) does not match the name on the URL (%s)", u.GetName(), x.Name))
	}
	if u.GetNamespace() != x.scope() {
		return apierrors.NewBadRequest("the namespace of the provided object does not match the namespace sent on the request")
	}
	return nil
}
