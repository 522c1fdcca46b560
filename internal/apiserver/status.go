package apiserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"skiff/internal/api"
	"skiff/internal/apiserver/codec"
	"skiff/internal/apiserver/negotiate"
	"skiff/internal/store"
)

var statusKind = schema.GroupVersionKind{Version: "v1", Kind: "Status"}

// statusOf turns any error into the Status that the client receives.
func statusOf(err error) *metav1.Status {
	var known apierrors.APIStatus
	var status metav1.Status
	switch {
	case errors.As(err, &known):
		status = known.Status()
	case errors.Is(err, context.DeadlineExceeded):
		status = apierrors.NewTimeoutError("request did not complete within the allotted timeout", 0).Status()
	default:
		status = apierrors.NewInternalError(err).Status()
		status.Message = err.Error()
		status.Details = nil
		status.Reason = ""
	}
	if status.Code == 0 {
		status.Code = http.StatusInternalServerError
	}
	status.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}
	return &status
}

// WriteError answers with the Status of err, in the encoding that the client
// asked for, or else in JSON.
func WriteError(w http.ResponseWriter, r *http.Request, err error) {
	media, negotiated := negotiate.Response(r, false)
	if negotiated != nil {
		media = negotiate.Media{}
	}
	status := statusOf(err)
	if d := status.Details; d != nil && d.RetryAfterSeconds > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(d.RetryAfterSeconds)))
	}
	writeStatus(w, media, status)
}

func writeStatus(w http.ResponseWriter, media negotiate.Media, status *metav1.Status) {
	data, err := codec.Encode(status, media.Encoding, media.Pretty)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	writeDocument(w, media, int(status.Code), data)
}

// writeDocument writes one whole document; text ends with a new line.
func writeDocument(w http.ResponseWriter, media negotiate.Media, code int, data []byte) {
	w.Header().Set("Content-Type", media.ContentType())
	n := len(data)
	newline := media.Encoding.IsText() && n > 0 && data[n-1] != '\n'
	if newline {
		n++
	}
	w.Header().Set("Content-Length", strconv.Itoa(n))
	w.WriteHeader(code)
	_, _ = w.Write(data)
	if newline {
		_, _ = w.Write([]byte{'\n'})
	}
}

// storeError gives an error of the store the Status that clients know.
func storeError(err error, r *api.Resource, name string) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return apierrors.NewNotFound(r.GroupResource(), name)
	case errors.Is(err, store.ErrExists):
		return apierrors.NewAlreadyExists(r.GroupResource(), name)
	case errors.Is(err, store.ErrConflict):
		return conflict(r, name)
	case errors.Is(err, store.ErrExpired):
		return apierrors.NewResourceExpired("The resourceVersion for the provided list is too old.")
	}
	return err
}

func conflict(r *api.Resource, name string) error {
	return apierrors.NewConflict(r.GroupResource(), name,
		errors.New("the object has been modified; please apply your changes to the latest version and try again"))
}

// tooLarge is the answer to a read at a revision that has not come yet.
func tooLarge(wanted string) error {
	err := apierrors.NewTimeoutError(fmt.Sprintf("Too large resource version: %s", wanted), 1)
	err.ErrStatus.Details.Causes = []metav1.StatusCause{{
		Type: metav1.CauseTypeResourceVersionTooLarge, Message: "Too large resource version",
	}}
	return err
}

var errNoSuchPath = &apierrors.StatusError{ErrStatus: metav1.Status{
	Status: metav1.StatusFailure, Code: http.StatusNotFound, Reason: metav1.StatusReasonNotFound,
	Message: "the server could not find the requested resource", Details: &metav1.StatusDetails{},
}}
