// Package negotiate decides in which encoding and shape a request is read and
// its answer written, from the Accept and Content-Type headers. It knows media
// types only: no object, no bytes.
package negotiate

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Encoding is how an object is written as bytes.
type Encoding int

// The encodings that every built-in kind is served in.
const (
	JSON Encoding = iota
	YAML
	Proto
	CBOR
)

// The media types of the encodings.
const (
	TypeJSON  = "application/json"
	TypeYAML  = "application/yaml"
	TypeProto = "application/vnd.kubernetes.protobuf"
	TypeCBOR  = "application/cbor"
	// TypeCBORSequence is a stream of CBOR: one watch event after the other.
	TypeCBORSequence = "application/cbor-seq"
)

var typeNames = [...]string{JSON: TypeJSON, YAML: TypeYAML, Proto: TypeProto, CBOR: TypeCBOR}

// String is the media type of the encoding.
func (e Encoding) String() string { return typeNames[e] }

// IsText says whether people can read it.
func (e Encoding) IsText() bool { return e == JSON || e == YAML }

// Shape is what of an object an answer shows.
type Shape int

// The shapes: the object itself, its metadata alone, or a row of a table.
const (
	Whole Shape = iota
	Metadata
	Table
)

// Media is what an answer looks like.
type Media struct {
	Encoding Encoding
	Shape    Shape
	// Kind and Version of the shape as the client asked for it, in the group
	// meta.k8s.io ("Table", "v1"); "" for Whole.
	Kind, Version string
	Pretty        bool
}

// ContentType is the header of an answer that is one document.
func (m Media) ContentType() string { return m.Encoding.String() }

// StreamType is the header of an answer that is a stream of watch events.
func (m Media) StreamType() string {
	switch m.Encoding {
	case Proto:
		return TypeProto + ";stream=watch"
	case CBOR:
		return TypeCBORSequence
	}
	return m.Encoding.String()
}

// Response chooses the media of the answer to r: the first that the client
// prefers and the server has. shapes says whether objects of this request may
// be asked for as Tables and metadata. The error is a 406 Status.
func Response(r *http.Request, shapes bool, offered ...Encoding) (Media, error) {
	if len(offered) == 0 {
		offered = []Encoding{JSON, YAML, Proto, CBOR}
	}
	ranges := parseAccept(r.Header.Values("Accept"))
	if len(ranges) == 0 {
		return Media{Encoding: offered[0], Pretty: pretty(r)}, nil
	}
	for _, a := range ranges {
		if m, ok := match(a, shapes, offered); ok {
			m.Pretty = a.params["pretty"] == "1" || pretty(r)
			return m, nil
		}
	}
	return Media{}, notAcceptable(offered)
}

func match(a accepted, shapes bool, offered []Encoding) (Media, bool) {
	for _, e := range offered {
		if !a.covers(e.String()) {
			continue
		}
		m := Media{Encoding: e}
		as, wanted := a.params["as"]
		if !wanted {
			return m, true
		}
		if !shapes || a.params["g"] != metav1.GroupName || (a.params["v"] != "v1" && a.params["v"] != "v1beta1") {
			continue
		}
		m.Kind, m.Version = as, a.params["v"]
		switch as {
		case "Table":
			m.Shape = Table
		case "PartialObjectMetadata", "PartialObjectMetadataList":
			m.Shape = Metadata
		default:
			continue
		}
		if m.Shape == Table && e == Proto {
			continue // the Table kind has no protobuf form
		}
		return m, true
	}
	return Media{}, false
}

// pretty follows the query, and otherwise indents for people: browsers and
// the usual command-line tools.
func pretty(r *http.Request) bool {
	if v := r.URL.Query()["pretty"]; len(v) > 0 {
		on, err := strconv.ParseBool(v[0])
		return v[0] == "" || err != nil || on
	}
	agent := r.UserAgent()
	return strings.HasPrefix(agent, "curl") || strings.HasPrefix(agent, "Wget") || strings.HasPrefix(agent, "Mozilla/5.0")
}

// Body says how the body of a request is encoded. No Content-Type means JSON.
// The error is a 415 Status.
func Body(contentType string) (Encoding, error) {
	if contentType == "" {
		return JSON, nil
	}
	t, _, err := mime.ParseMediaType(contentType)
	if err == nil {
		for e, name := range typeNames {
			if t == name {
				return Encoding(e), nil
			}
		}
	}
	return 0, UnsupportedMediaType(typeNames[:])
}

func notAcceptable(offered []Encoding) error {
	names := make([]string, len(offered))
	for i, e := range offered {
		names[i] = e.String()
	}
	return failure(http.StatusNotAcceptable, metav1.StatusReasonNotAcceptable,
		"only the following media types are accepted: "+strings.Join(names, ", "))
}

// UnsupportedMediaType is the 415 Status that names what would be accepted.
func UnsupportedMediaType(accepted []string) error {
	return failure(http.StatusUnsupportedMediaType, metav1.StatusReasonUnsupportedMediaType,
		"the body of the request was in an unknown format - accepted media types include: "+strings.Join(accepted, ", "))
}

// statusError is a Status that is also an error, as the API's error helpers
// expect (apierrors.APIStatus).
type statusError struct{ status metav1.Status }

func (e *statusError) Error() string         { return e.status.Message }
func (e *statusError) Status() metav1.Status { return e.status }

func failure(code int32, reason metav1.StatusReason, message string) error {
	return &statusError{metav1.Status{Status: metav1.StatusFailure, Code: code, Reason: reason, Message: message}}
}
