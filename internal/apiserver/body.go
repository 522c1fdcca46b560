package apiserver

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"skiff/internal/api"
	"skiff/internal/apiserver/negotiate"
)

// maxBody is the size of the largest body that the server reads.
const maxBody = 3 << 20

// readBody reads the whole body.
func (x *exchange) readBody() ([]byte, error) {
	if x.r.Body == nil {
		return nil, nil
	}
	data, err := io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, apierrors.NewRequestEntityTooLargeError(fmt.Sprintf("limit is %d", maxBody))
	}
	if err != nil {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("the body of the request cannot be read: %v", err))
	}
	return data, nil
}

// decodeBody reads the body as an object of the kind, into into. validation
// is the fieldValidation that the client asked for.
func (x *exchange) decodeBody(kind schema.GroupVersionKind, into api.Object, validation string) (api.Object, error) {
	encoding, err := negotiate.Body(x.r.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	data, err := x.readBody()
	if err != nil {
		return nil, err
	}
	return x.decode(data, encoding, kind, into, validation)
}

func (x *exchange) decode(data []byte, encoding negotiate.Encoding, kind schema.GroupVersionKind, into api.Object, validation string) (api.Object, error) {
	obj, actual, err := x.s.codec.Decode(data, encoding, validation != metav1.FieldValidationIgnore, kind, into)
	if err != nil && obj != nil && runtime.IsStrictDecodingError(err) && validation != metav1.FieldValidationStrict {
		x.warnStrict(err)
		err = nil
	}
	if err != nil {
		return nil, undecodable(err, actual, kind, data)
	}
	if *actual != kind {
		if actual.GroupVersion() != kind.GroupVersion() {
			return nil, apierrors.NewBadRequest(fmt.Sprintf("the API version in the data (%s) does not match the expected API version (%s)", actual.GroupVersion(), kind.GroupVersion()))
		}
		return nil, undecodable(fmt.Errorf("converting (%s) to (%s): unknown conversion", actual.Kind, kind.Kind), actual, kind, data)
	}
	out, ok := obj.(api.Object)
	if !ok {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("the body is a %s, which has no metadata", actual.Kind))
	}
	out.GetObjectKind().SetGroupVersionKind(kind)
	return out, nil
}

// warnStrict reports each unknown or duplicate field as a warning.
func (x *exchange) warnStrict(err error) {
	if strict, ok := runtime.AsStrictDecodingError(err); ok {
		for _, e := range strict.Errors() {
			for _, text := range oneByOne(e) {
				x.warn(text)
			}
		}
	}
}

// oneByOne takes the faults apart that the YAML decoder reports together, a
// line each: a header holds one line.
func oneByOne(fault error) []string {
	lines := strings.Split(strings.TrimPrefix(fault.Error(), "yaml: unmarshal errors:\n"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSpace(l)
	}
	return lines
}

// undecodable says what about the body is wrong, in the words of upstream.
func undecodable(err error, actual *schema.GroupVersionKind, kind schema.GroupVersionKind, data []byte) error {
	if actual != nil && actual.Kind != "" {
		return apierrors.NewBadRequest(fmt.Sprintf("%s in version %q cannot be handled as a %s: %v", actual.Kind, actual.Version, kind.Kind, err))
	}
	return apierrors.NewBadRequest(fmt.Sprintf("the object provided is unrecognized (must be of type %s): %v (%s)", kind.Kind, err, summary(data)))
}

// summary shows the start of a body, as text if that is what it is.
func summary(data []byte) string {
	const shown = 30
	switch {
	case len(data) == 0:
		return "<empty>"
	case data[0] == '{' && len(data) > shown:
		return string(data[:shown]) + " ..."
	case data[0] == '{':
		return string(data)
	case len(data) > shown:
		return fmt.Sprintf("%x ...", data[:shown])
	}
	return fmt.Sprintf("%x", data)
}
