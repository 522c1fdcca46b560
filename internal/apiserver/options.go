package apiserver

import (
	"net/url"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metascheme "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme"
	listvalidation "k8s.io/apimachinery/pkg/apis/meta/internalversion/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// decodeQuery reads options of the API from a query.
func decodeQuery(q url.Values, into runtime.Object) error {
	if err := metascheme.ParameterCodec.DecodeParameters(q, metav1.SchemeGroupVersion, into); err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	return nil
}

func invalidOptions(kind string, errs field.ErrorList) error {
	if len(errs) == 0 {
		return nil
	}
	return apierrors.NewInvalid(schema.GroupKind{Group: metav1.GroupName, Kind: kind}, "", errs)
}

// listOptions reads what a list, watch or deletecollection is to cover.
func (x *exchange) listOptions() (*internalversion.ListOptions, error) {
	o := &internalversion.ListOptions{}
	if err := decodeQuery(x.r.URL.Query(), o); err != nil {
		return nil, err
	}
	if x.Verb == "watch" {
		o.Watch = true
	}
	if err := invalidOptions("ListOptions", listvalidation.ValidateListOptions(o, true)); err != nil {
		return nil, err
	}
	if o.FieldSelector == nil {
		o.FieldSelector = fields.Everything()
	}
	var err error
	if o.FieldSelector, err = storedFields(x.e.r, o.FieldSelector); err != nil {
		return nil, err
	}
	if x.Name != "" && pathNames(x.r.URL.Path, x.Name) {
		if o.FieldSelector.Empty() {
			o.FieldSelector = fields.OneTermEqualSelector("metadata.name", x.Name)
		} else {
			o.FieldSelector = fields.AndSelectors(o.FieldSelector, fields.OneTermEqualSelector("metadata.name", x.Name))
		}
	}
	return o, nil
}

// pathNames says whether a path ends in a name (watch/namespaces/NS/pods/NAME).
func pathNames(path, name string) bool {
	return len(path) > len(name) && path[len(path)-len(name)-1:] == "/"+name
}

func (x *exchange) createOptions() (*metav1.CreateOptions, error) {
	o := &metav1.CreateOptions{TypeMeta: optionsType("CreateOptions")}
	if err := decodeQuery(x.r.URL.Query(), o); err != nil {
		return nil, err
	}
	return o, invalidOptions("CreateOptions", metavalidation.ValidateCreateOptions(o))
}

func (x *exchange) updateOptions() (*metav1.UpdateOptions, error) {
	o := &metav1.UpdateOptions{TypeMeta: optionsType("UpdateOptions")}
	if err := decodeQuery(x.r.URL.Query(), o); err != nil {
		return nil, err
	}
	return o, invalidOptions("UpdateOptions", metavalidation.ValidateUpdateOptions(o))
}

func optionsType(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{Kind: kind, APIVersion: metav1.SchemeGroupVersion.String()}
}

// includeObject is what of each object a Table carries.
func (x *exchange) includeObject() (metav1.IncludeObjectPolicy, error) {
	o := &metav1.TableOptions{}
	o.IncludeObject = metav1.IncludeObjectPolicy(x.r.URL.Query().Get("includeObject"))
	return o.IncludeObject, invalidOptions("TableOptions", metavalidation.ValidateTableOptions(o))
}
