package wirejson_test

import (
	_ "embed"
	"encoding/json"
	"math/rand"
	"reflect"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/apitesting/fuzzer"
	metafuzzer "k8s.io/apimachinery/pkg/apis/meta/fuzzer"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"sigs.k8s.io/randfill"

	"skiff/internal/api/catalogue"
	"skiff/internal/wirejson"
)

type message interface {
	Marshal() ([]byte, error)
	Unmarshal([]byte) error
}

// plain gives fields of JSON something that is JSON.
func plain(serializer.CodecFactory) []any {
	return []any{
		func(r *runtime.RawExtension, _ randfill.Continue) {
			*r = runtime.RawExtension{Raw: []byte(`{"a": "b\nc",` + "\n" + `"d":[1]}`)}
		},
		func(f *metav1.FieldsV1, _ randfill.Continue) {
			*f = metav1.FieldsV1{Raw: []byte(`{"f:spec":{"k:{\"name\":\"a b\"}":{}}}`)}
		},
	}
}

// Whatever is in an object of whatever kind, the JSON made of its protobuf
// means what the JSON of the object does.
func TestSameAsTheObjectsOwn(t *testing.T) {
	fuzz := fuzzer.FuzzerFor(fuzzer.MergeFuzzerFuncs(metafuzzer.Funcs, plain), rand.NewSource(1), serializer.NewCodecFactory(catalogue.Scheme))
	without := map[string]bool{}
	for _, r := range catalogue.All() {
		obj, ok := r.New().(message)
		if !ok {
			continue
		}
		goType := reflect.TypeOf(obj).Elem()
		plan, err := wirejson.For(goType)
		if err != nil {
			without[r.Kind] = true
			continue
		}
		for range 60 {
			in := r.New()
			fuzz.Fill(in)
			compare(t, plan, in.(message), r.New().(message))
		}
		compare(t, plan, r.New().(message), r.New().(message))
	}
	// The schemas of custom resources hold arbitrary JSON and numbers.
	if delete(without, "CustomResourceDefinition"); len(without) > 0 {
		t.Errorf("no plan for %v", without)
	}
}

func compare(t *testing.T, plan *wirejson.Plan, in, read message) {
	t.Helper()
	data, err := in.Marshal()
	if err != nil {
		t.Skip(err)
	}
	if err := read.Unmarshal(data); err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(read)
	if err != nil {
		t.Fatal(err)
	}
	got, err := plan.Append(nil, data)
	if err != nil {
		t.Fatalf("%T: %v\n%s", in, err, want)
	}
	if strings.Contains(string(got), "\n") {
		t.Errorf("%T: more than one line: %s", in, got)
	}
	if a, b := parse(t, got), parse(t, want); !reflect.DeepEqual(a, b) {
		t.Fatalf("%T:\n got %s\nwant %s", in, got, want)
	}
}

func parse(t *testing.T, data []byte) (out any) {
	t.Helper()
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	return out
}

func TestStrings(t *testing.T) {
	for _, text := range []string{"", "a", "12345678", "1234567\"", "\\2345678", "tab\there 8 bytes", "é and \u2028", "\x00\x1f\x7f", "bad \xff utf-8 \xc3", "a\r\nb", "<&>"} {
		var got string
		if err := json.Unmarshal(wirejson.AppendString(nil, []byte(text)), &got); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if want := strings.ToValidUTF8(text, "\ufffd"); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// Damaged or foreign bytes are refused or written, and never crash.
func FuzzDamaged(f *testing.F) {
	plan, err := wirejson.For(reflect.TypeFor[corev1.Pod]())
	if err != nil {
		f.Fatal(err)
	}
	data, _ := (&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "a", Labels: map[string]string{"b": "c"}}}).Marshal()
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := plan.Append(nil, data)
		if err == nil && !json.Valid(got) {
			t.Errorf("%x became %s", data, got)
		}
	})
}

// A pod of a Deployment as the API server keeps it.
//
//go:embed testdata/pod.json
var aPod []byte

func BenchmarkPod(b *testing.B) {
	pod := &corev1.Pod{}
	if err := json.Unmarshal(aPod, pod); err != nil {
		b.Fatal(err)
	}
	wire, err := pod.Marshal()
	if err != nil {
		b.Fatal(err)
	}
	plan, err := wirejson.For(reflect.TypeFor[corev1.Pod]())
	if err != nil {
		b.Fatal(err)
	}
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		if out, err = plan.Append(out[:0], wire); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(out)))
}
