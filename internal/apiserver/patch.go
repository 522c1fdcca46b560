package apiserver

import (
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kjson "sigs.k8s.io/json"

	"skiff/internal/api"
	"skiff/internal/apiserver/codec"
	"skiff/internal/apiserver/patch"
	"skiff/internal/store"
)

// patch answers PATCH of an object, or of one part of it.
func (x *exchange) patch(part *api.Part) error {
	p, err := x.readPatch()
	if err != nil {
		return err
	}
	if p.kind == patch.ApplyYAML || p.kind == patch.ApplyCBOR {
		return x.apply(part, p)
	}
	item, err := x.change(&change{
		part: part, options: p.updateOptions(), dryRun: len(p.DryRun) > 0,
		manager: managerName(p.FieldManager, x.r.UserAgent()),
		make: func(old store.Item) (api.Object, error) {
			obj, err := x.patchedItem(old, p)
			if err != nil {
				return nil, err
			}
			if x.e.r.Default != nil {
				x.e.r.Default(obj)
			}
			x.dedupOwners(obj)
			return obj, settleNamespace(obj, x.scope())
		},
	})
	if err != nil {
		return err
	}
	return x.writeItem(http.StatusOK, item)
}

// sentPatch is a patch with its options.
type sentPatch struct {
	metav1.PatchOptions
	kind types.PatchType
	data []byte
}

func (x *exchange) readPatch() (*sentPatch, error) {
	if err := x.negotiate(); err != nil {
		return nil, err
	}
	kind, err := patch.TypeOf(x.r.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	p := &sentPatch{kind: kind}
	if err := decodeQuery(x.r.URL.Query(), &p.PatchOptions); err != nil {
		return nil, err
	}
	if err := invalidOptions("PatchOptions", metavalidation.ValidatePatchOptions(&p.PatchOptions, kind)); err != nil {
		return nil, err
	}
	p.data, err = x.readBody()
	return p, err
}

func (p *sentPatch) updateOptions() *metav1.UpdateOptions {
	return &metav1.UpdateOptions{
		TypeMeta: optionsType("UpdateOptions"), DryRun: p.DryRun,
		FieldManager: p.FieldManager, FieldValidation: p.FieldValidation,
	}
}

// patchedItem is an item's object with p applied. Only those members that the
// patch names take the way through JSON: what a kubelet says of a pod's status
// has nothing to do with its spec.
func (x *exchange) patchedItem(old store.Item, p *sentPatch) (api.Object, error) {
	kind := x.e.r.GroupVersionKind
	var some []byte
	names, narrow := patch.Members(p.kind, p.data)
	if narrow {
		some = old.Members(names)
	}
	if some == nil {
		return x.patched(old.JSON(), p, kind, x.e.r.New)
	}
	var managed []metav1.ManagedFieldsEntry
	into, err := x.patched(some, p, kind, func() api.Object {
		o := x.e.copyOf(old)
		managed = o.GetManagedFields()
		patch.Clear(o, names)
		return o
	})
	if err != nil {
		return nil, err
	}
	into.SetManagedFields(managed)
	return into, nil
}

// patched applies p to the JSON of an object and decodes what comes out, into an
// object that is empty where that says something.
func (x *exchange) patched(original []byte, p *sentPatch, kind schema.GroupVersionKind, empty func() api.Object) (api.Object, error) {
	into := empty()
	out, err := patch.Apply(p.kind, original, p.data, into)
	if err != nil {
		return nil, err
	}
	var unknown []error
	if !codec.Flawless(out, into) {
		into = empty()
		unknown, err = kjson.UnmarshalStrict(out, into)
	}
	if err != nil {
		return nil, apierrors.NewInvalid(schema.GroupKind{}, "", field.ErrorList{
			field.Invalid(field.NewPath("patch"), shownPatch(p.data), err.Error()),
		})
	}
	if p.FieldValidation != metav1.FieldValidationIgnore {
		if err := x.judgePatch(append(repeated(p.data), unknown...), p); err != nil {
			return nil, err
		}
	}
	if have := into.GetObjectKind().GroupVersionKind(); have != kind {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("a patch cannot turn a %s into a %s", kind, have))
	}
	return into, nil
}

// judgePatch refuses a patch that sets unknown fields or names one twice, or
// warns of it, as the client asked.
func (x *exchange) judgePatch(faults []error, p *sentPatch) error {
	if len(faults) == 0 {
		return nil
	}
	err := runtime.NewStrictDecodingError(faults)
	if p.FieldValidation != metav1.FieldValidationStrict {
		x.warnStrict(err)
		return nil
	}
	return apierrors.NewInvalid(schema.GroupKind{}, "", field.ErrorList{
		field.Invalid(field.NewPath("patch"), shownPatch(p.data), err.Error()),
	})
}

// repeated lists the fields that a patch names twice.
func repeated(data []byte) []error {
	if jsontext.Value(data).IsValid() {
		return nil
	}
	var v any
	faults, err := kjson.UnmarshalStrict(data, &v)
	if err != nil {
		return nil
	}
	return faults
}

// shownPatch is a patch as error messages quote it.
func shownPatch(data []byte) string {
	var v any
	if json.Unmarshal(data, &v) != nil {
		return string(data)
	}
	return fmt.Sprintf("%+v", v)
}
