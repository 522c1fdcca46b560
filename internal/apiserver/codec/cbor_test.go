package codec_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/serializer/cbor/direct"
	kjson "sigs.k8s.io/json"

	"skiff/internal/apiserver/codec"
)

// Kubernetes' own decoder finds in the CBOR what its JSON decoder finds in the
// JSON.
func checkCBOR(t *testing.T, doc []byte) {
	t.Helper()
	got, err := codec.AppendCBOR([]byte(codec.CBORPrefix), doc)
	if err != nil {
		t.Fatalf("%s: %v", doc, err)
	}
	var want, is any
	if err := kjson.UnmarshalCaseSensitivePreserveInts(doc, &want); err != nil {
		t.Fatal(err)
	}
	if err := direct.Unmarshal(got, &is); err != nil {
		t.Fatalf("%s became %x: %v", doc, got, err)
	}
	if !reflect.DeepEqual(want, is) {
		t.Errorf("%s became %#v", doc, is)
	}
}

func TestCBOR(t *testing.T) {
	many := "[" + strings.Repeat("1,", 70000) + "1]"
	wide := map[string]int{}
	for i := range 300 {
		wide[strings.Repeat("k", i)] = i
	}
	wideJSON, _ := json.Marshal(map[string]any{"outer": wide, "after": wide})
	for _, doc := range []string{
		`{}`, `[]`, `null`, `true`, `""`, `{"a":{"b":[1,-1,23,24,255,256,65536,4294967296,-9223372036854775808]}}`,
		`[0.5,1e3,1.0,9223372036854775808]`, ` { "a" : [ 1 , 2 ] } `, `"a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é😀"`,
		`{"aGVsbG8=":"aGVsbG8="}`, `"` + strings.Repeat("x", 300) + `"`, many, string(wideJSON),
	} {
		checkCBOR(t, []byte(doc))
	}
	for _, doc := range []string{``, `{`, `{"a"}`, `{"a":}`, `[1,]`, `[1 2]`, `"a`, `"\x"`, `"\u12"`, `nul`, `1 1`, `{1:2}`, `1e999`, strings.Repeat("[", 20000)} {
		if got, err := codec.AppendCBOR(nil, []byte(doc)); err == nil {
			t.Errorf("%.20q became %x", doc, got)
		}
	}
}

// Whatever is valid JSON can be read back; nothing crashes.
func FuzzCBOR(f *testing.F) {
	f.Add([]byte(`{"a":[1,"\u00e9",null,-2.5]}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		got, err := codec.AppendCBOR(nil, doc)
		var want any
		if json.Unmarshal(doc, &want) != nil || err != nil {
			return
		}
		var is any
		if err := direct.Unmarshal(got, &is); err != nil && !strings.Contains(err.Error(), "duplicate") {
			t.Errorf("%s became %x: %v", doc, got, err)
		}
	})
}
