package store

import (
	"math/rand"
	"reflect"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/apitesting/fuzzer"
	metafuzzer "k8s.io/apimachinery/pkg/apis/meta/fuzzer"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"sigs.k8s.io/randfill"

	"skiff/internal/api"
	"skiff/internal/api/catalogue"
)

// A row must come out the same of the object without what the row is said to
// ignore.
func TestRowsIgnoreWhatTheySay(t *testing.T) {
	shallow := func(serializer.CodecFactory) []any {
		return []any{func(s *apiextensionsv1.JSONSchemaProps, _ randfill.Continue) { s.Type = "object" }} // else it would have no end
	}
	fuzz := fuzzer.FuzzerFor(fuzzer.MergeFuzzerFuncs(metafuzzer.Funcs, shallow), rand.NewSource(1), serializer.NewCodecFactory(catalogue.Scheme))
	for _, r := range catalogue.All() {
		c := newCodec(r)
		if c.isJSON || r.Row == nil {
			continue
		}
		var scratch Scratch // of the rows before, nothing may show
		for range 30 {
			obj := r.New()
			fuzz.Fill(obj)
			wire := must[[]byte](t)(c.encodeProto(obj.(protoObject)))
			whole := must[api.Object](t)(c.decode(wire))
			printed := (&item{codec: c, wire: wire}).Printed(&scratch)
			if a, b := r.Row(whole), r.Row(printed); !reflect.DeepEqual(a, b) {
				t.Fatalf("%s: the row is %v, and %v without what it ignores", r.Kind, a, b)
			}
		}
	}
}
