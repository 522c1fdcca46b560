// Package codec reads and writes API objects as JSON, YAML, protobuf and CBOR, and
// takes wire bytes apart without decoding them. It owns no object and knows
// no HTTP.
package codec

import (
	"bytes"
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/cbor"
	kjson "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"

	"skiff/internal/apiserver/negotiate"
)

// Codec decodes the kinds of one scheme.
type Codec struct {
	scheme *runtime.Scheme
	// lax and strict decoders, by encoding.
	lax, strict [4]runtime.Serializer
}

// New returns a codec for the kinds of scheme.
func New(scheme *runtime.Scheme) *Codec {
	c := &Codec{scheme: scheme}
	proto := protobuf.NewSerializer(scheme, scheme)
	c.lax = [...]runtime.Serializer{
		negotiate.JSON: textual(scheme, false, false), negotiate.YAML: textual(scheme, true, false),
		negotiate.Proto: proto, negotiate.CBOR: cbor.NewSerializer(scheme, scheme),
	}
	c.strict = [...]runtime.Serializer{
		negotiate.JSON: textual(scheme, false, true), negotiate.YAML: textual(scheme, true, true),
		negotiate.Proto: proto, negotiate.CBOR: cbor.NewSerializer(scheme, scheme, cbor.Strict(true)),
	}
	return c
}

func textual(s *runtime.Scheme, isYAML, strict bool) runtime.Serializer {
	return kjson.NewSerializerWithOptions(kjson.DefaultMetaFactory, s, s, kjson.SerializerOptions{Yaml: isYAML, Strict: strict})
}

// Decode reads data into an object of the kind that the data names, or of
// kind when it names none; into, which is empty, is used when the kinds agree.
// With strict, unknown and duplicate fields are reported in an error that
// runtime.IsStrictDecodingError knows, and the object is returned beside it.
func (c *Codec) Decode(data []byte, e negotiate.Encoding, strict bool, kind schema.GroupVersionKind, into runtime.Object) (runtime.Object, *schema.GroupVersionKind, error) {
	if e == negotiate.Proto {
		if err := checkDepth(data); err != nil {
			return nil, nil, err
		}
	}
	if e == negotiate.JSON && into != nil && flawlessOf(kind, data, into) {
		return into, &kind, nil
	}
	decoders := &c.lax
	if strict {
		decoders = &c.strict
	}
	return decoders[e].Decode(data, &kind, into)
}

// Encode writes obj, whose kind must be set.
func Encode(obj runtime.Object, e negotiate.Encoding, pretty bool) ([]byte, error) {
	if e == negotiate.Proto {
		return encodeProto(obj)
	}
	data, err := json.Marshal(obj)
	if err != nil {
		return nil, err
	}
	return Format(data, e, pretty), nil
}

// Format turns the JSON of one document into what the client asked for: the
// same, indented, or as YAML or CBOR.
func Format(data []byte, e negotiate.Encoding, pretty bool) []byte {
	switch {
	case e == negotiate.CBOR:
		if out, err := AppendCBOR([]byte(CBORPrefix), data); err == nil {
			return out
		}
	case e == negotiate.YAML:
		if out, err := AppendYAML(nil, data); err == nil {
			return out
		}
	case pretty:
		var out bytes.Buffer
		if json.Indent(&out, data, "", "  ") == nil {
			return out.Bytes()
		}
	}
	return data
}

// marshaler is what the generated protobuf code of every kind offers.
type marshaler interface {
	Marshal() ([]byte, error)
}

func encodeProto(obj runtime.Object) ([]byte, error) {
	m, ok := obj.(marshaler)
	if !ok {
		return nil, fmt.Errorf("object %T has no protobuf form", obj)
	}
	raw, err := m.Marshal()
	if err != nil {
		return nil, err
	}
	gvk := obj.GetObjectKind().GroupVersionKind()
	return append(Envelope(gvk, len(raw)), append(raw, envelopeEnd...)...), nil
}

// Metadata is the PartialObjectMetadata of an object's metadata.
func Metadata(version string, m metav1.ObjectMeta) *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{
		TypeMeta:   metav1.TypeMeta{APIVersion: metav1.GroupName + "/" + version, Kind: "PartialObjectMetadata"},
		ObjectMeta: m,
	}
}
