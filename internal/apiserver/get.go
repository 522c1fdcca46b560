package apiserver

import (
	"errors"
	"net/http"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/apiserver/negotiate"
	"skiff/internal/store"
)

// get answers with one object, or one part of it.
func (x *exchange) get() error {
	if err := x.negotiate(); err != nil {
		return err
	}
	version := x.r.URL.Query().Get("resourceVersion")
	min, err := x.minRevision(version)
	if err != nil {
		return err
	}
	item, err := x.e.table.Get(x.ctx(), x.scope(), x.Name, min)
	if errors.Is(err, store.ErrFuture) {
		return tooLarge(version)
	}
	if err != nil {
		return storeError(err, x.e.r, x.Name)
	}
	return x.writeItem(http.StatusOK, item)
}

// negotiate finds out what the client wants to receive.
func (x *exchange) negotiate() (err error) {
	x.media, err = negotiate.Response(x.r, true)
	return err
}

// negotiateWhole is negotiate for what is not stored: it comes as it is, never
// as a table or as metadata alone.
func (x *exchange) negotiateWhole() (err error) {
	x.media, err = negotiate.Response(x.r, false)
	return err
}

// minRevision is how fresh a read has to be, by the resourceVersion that the
// client gave: all that was acknowledged when it gave none, anything for "0".
func (x *exchange) minRevision(version string) (int64, error) {
	if version == "" {
		return store.Latest, nil
	}
	n, err := strconv.ParseUint(version, 10, 63)
	if err != nil {
		errs := field.ErrorList{field.Invalid(field.NewPath("resourceVersion"), version, err.Error())}
		return 0, apierrors.NewInvalid(x.e.r.GroupVersionKind.GroupKind(), x.Name, errs)
	}
	return int64(n), nil
}
