package codec

import (
	"bytes"
	"encoding/binary"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/api/apiextensions"
	"skiff/internal/api/catalogue"
	"skiff/internal/apiserver/negotiate"
)

// nested is a definition with a schema in a schema, so many times.
func nested(t *testing.T, depth int) []byte {
	t.Helper()
	const not = 28<<3 | 2 // JSONSchemaProps.not
	heads, size := make([][]byte, depth), 0
	for i := range heads {
		heads[i] = binary.AppendUvarint(binary.AppendUvarint(nil, not), uint64(size))
		size += len(heads[i])
	}
	message := make([]byte, 0, size)
	for i := range heads {
		message = append(message, heads[depth-1-i]...)
	}
	kind := apiextensions.GroupVersion.WithKind("CustomResourceDefinition")
	version := AppendBytes(nil, 4, AppendBytes(nil, 1, message)) // schema.openAPIV3Schema
	body := AppendBytes(nil, 2, AppendBytes(nil, 7, version))    // spec.versions
	return append(append(Envelope(kind, len(body)), body...), Close()...)
}

func TestDepthIsBounded(t *testing.T) {
	c, kind := New(catalogue.Scheme), corev1.SchemeGroupVersion.WithKind("Pod") // the data says what it is
	if _, _, err := c.Decode(nested(t, 9000), negotiate.Proto, false, kind, nil); err != nil {
		t.Errorf("nine thousand deep: %v", err)
	}
	if _, _, err := c.Decode(nested(t, 500000), negotiate.Proto, false, kind, nil); err != errDeep {
		t.Errorf("any depth is read: %v", err)
	}
}

// What is long, and only looks like messages, is read.
func TestLongTextIsNoDepth(t *testing.T) {
	for _, text := range []string{"\n\x02ab", "\x12", "\xff", "xx", "\x09", "\x0d\x00"} {
		o := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "c"}, BinaryData: map[string][]byte{"k": bytes.Repeat([]byte(text), 1<<20/len(text))}}
		o.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("ConfigMap"))
		data, err := Encode(o, negotiate.Proto, false)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := New(catalogue.Scheme).Decode(data, negotiate.Proto, false, o.GroupVersionKind(), nil); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}
