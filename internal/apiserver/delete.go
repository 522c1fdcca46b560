package apiserver

import (
	"encoding/json"
	"fmt"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/runtime/serializer/cbor/direct"
	"sigs.k8s.io/yaml"

	"skiff/internal/api"
	"skiff/internal/apiserver/admission"
	"skiff/internal/apiserver/codec"
	"skiff/internal/apiserver/negotiate"
	"skiff/internal/store"
)

// delete answers DELETE of one object.
func (x *exchange) delete() error {
	if err := x.negotiate(); err != nil {
		return err
	}
	o, err := x.deleteOptions()
	if err != nil {
		return err
	}
	item, gone, err := x.deleteOne(x.scope(), x.Name, o)
	if err != nil {
		return err
	}
	if gone && !x.e.r.ReturnsDeleted {
		return x.writeObject(http.StatusOK, deletedStatus(x.e.r, item))
	}
	return x.writeItem(deleteCode(gone, o), item)
}

// deleteCode is 202 when the client asked for something that takes time and
// is not done yet.
func deleteCode(gone bool, o *metav1.DeleteOptions) int {
	keepsWaiting := (o.OrphanDependents != nil && !*o.OrphanDependents) ||
		(o.PropagationPolicy != nil && *o.PropagationPolicy == metav1.DeletePropagationForeground)
	if !gone && keepsWaiting {
		return http.StatusAccepted
	}
	return http.StatusOK
}

func deletedStatus(r *api.Resource, i store.Item) *metav1.Status {
	return &metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
		Status:   metav1.StatusSuccess,
		Details:  &metav1.StatusDetails{Name: i.Name(), Group: r.Group, Kind: r.Plural, UID: i.Object().GetUID()},
	}
}

// deleteOne asks for the deletion of an object. gone says that it is removed;
// otherwise item is the object, which waits for its grace period or its
// finalizers to end.
func (x *exchange) deleteOne(namespace, name string, o *metav1.DeleteOptions) (item store.Item, gone bool, err error) {
	for {
		old, err := x.e.table.Get(x.ctx(), namespace, name, store.Latest)
		if err != nil {
			return nil, false, storeError(err, x.e.r, name)
		}
		item, gone, err := x.tryDelete(old, o)
		if !lostRace(x.ctx(), err) {
			return item, gone, storeError(err, x.e.r, name)
		}
	}
}

func (x *exchange) tryDelete(old store.Item, o *metav1.DeleteOptions) (item store.Item, gone bool, err error) {
	if err := checkDeletePreconditions(x.e.r, old, o.Preconditions); err != nil {
		return nil, false, err
	}
	dryRun := len(o.DryRun) > 0
	adm := x.admission(admission.Delete, nil, old.Object(), o, dryRun)
	adm.Namespace, adm.Name = old.Namespace(), old.Name()
	if x.Resource == "namespaces" {
		adm.Namespace = old.Name()
	}
	if err := x.s.admit(x.ctx(), adm); err != nil {
		return nil, false, err
	}
	obj := x.e.copyOf(old)
	changed, gone := markDeleted(x.e.r, obj, o)
	switch {
	case gone && dryRun:
		return old, true, nil
	case gone:
		item, err := x.remove(old)
		return item, true, err
	case !changed:
		return old, false, nil
	case dryRun:
		return codec.Item(obj, x.e.r.GroupVersionKind), false, nil
	}
	item, err = x.e.table.Update(x.ctx(), old, obj)
	return item, false, err
}

// remove takes an object out of the store, and tells its allocator.
func (x *exchange) remove(old store.Item) (store.Item, error) {
	finish, err := x.s.allocate(x.ctx(), x.e.r, nil, old.Object(), false)
	if err != nil {
		return nil, err
	}
	item, err := x.e.table.Delete(x.ctx(), old)
	settle(finish, err)
	return item, err
}

func checkDeletePreconditions(r *api.Resource, old store.Item, p *metav1.Preconditions) error {
	if p == nil {
		return nil
	}
	live := old.Object()
	if p.UID != nil && *p.UID != live.GetUID() {
		return apierrors.NewConflict(r.GroupResource(), old.Name(), fmt.Errorf(
			"the UID in the precondition (%s) does not match the UID in record (%s). The object might have been deleted and then recreated", *p.UID, live.GetUID()))
	}
	if p.ResourceVersion != nil && *p.ResourceVersion != live.GetResourceVersion() {
		return apierrors.NewConflict(r.GroupResource(), old.Name(), fmt.Errorf(
			"the ResourceVersion in the precondition (%s) does not match the ResourceVersion in record (%s). The object might have been modified", *p.ResourceVersion, live.GetResourceVersion()))
	}
	return nil
}

// deleteOptions reads the options from the body, or else from the query.
func (x *exchange) deleteOptions() (*metav1.DeleteOptions, error) {
	o := &metav1.DeleteOptions{}
	data, err := x.readBody()
	if err != nil {
		return nil, err
	}
	if len(data) > 0 {
		err = x.decodeDeleteOptions(data, o)
	} else {
		err = decodeQuery(x.r.URL.Query(), o)
	}
	if err != nil {
		return nil, err
	}
	if f := x.e.r.DeleteWarnings; f != nil {
		x.remark(f(o))
	}
	o.TypeMeta = optionsType("DeleteOptions")
	return o, invalidOptions("DeleteOptions", metavalidation.ValidateDeleteOptions(o))
}

// decodeDeleteOptions takes the options in any group and version: clients
// send them in the one of the object.
func (x *exchange) decodeDeleteOptions(data []byte, o *metav1.DeleteOptions) error {
	encoding, err := negotiate.Body(x.r.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	switch encoding {
	case negotiate.Proto:
		var message []byte
		if message, err = codec.Message(data); err == nil {
			err = o.Unmarshal(message)
		}
	case negotiate.CBOR:
		err = direct.Unmarshal(data, o)
	case negotiate.YAML:
		err = yaml.Unmarshal(data, o)
	default:
		err = json.Unmarshal(data, o)
	}
	if err == nil && o.Kind != "" && o.Kind != "DeleteOptions" {
		err = fmt.Errorf("decoded object cannot be converted to DeleteOptions: it is a %s", o.Kind)
	}
	if err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	return nil
}

// deleteCollection answers DELETE of a collection: it deletes each object
// that the selectors choose, and answers with the list of them.
func (x *exchange) deleteCollection() error {
	if err := x.negotiate(); err != nil {
		return err
	}
	o, err := x.deleteOptions()
	if err != nil {
		return err
	}
	which, err := x.listOptions()
	if err != nil {
		return err
	}
	l, meta, err := x.listAt(which)
	if err != nil {
		return err
	}
	var items []store.Item
	for i := range l.Items {
		one := *o
		item, _, err := x.deleteOne(i.Namespace(), i.Name(), &one)
		if apierrors.IsNotFound(err) {
			continue // someone else was faster
		}
		if err != nil {
			return err
		}
		items = append(items, item)
	}
	return x.writeList(listed(items), meta)
}

// listed is a list of items at hand.
func listed(items []store.Item) *store.List {
	return &store.List{Items: func(yield func(store.Item) bool) {
		for _, i := range items {
			if !yield(i) {
				return
			}
		}
	}}
}
