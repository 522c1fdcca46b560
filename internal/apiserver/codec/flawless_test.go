package codec

import (
	"bytes"
	"encoding/json"
	"math/rand"
	"reflect"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/apitesting/fuzzer"
	metafuzzer "k8s.io/apimachinery/pkg/apis/meta/fuzzer"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	kjson "sigs.k8s.io/json"

	"skiff/internal/api/catalogue"
)

// What is read the quick way is what sigs.k8s.io/json reads, and it finds
// nothing wrong with it: for objects of every kind, and for what becomes of
// them when a value or a name is another.
func TestFlawless(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	fuzz := fuzzer.FuzzerFor(metafuzzer.Funcs, random, serializer.NewCodecFactory(catalogue.Scheme)).
		NumElements(0, 3).MaxDepth(9) // schemas contain schemas
	spoilt, flaws := 0, 0
	for _, r := range catalogue.All() {
		for range 8 {
			obj := r.New()
			fuzz.Fill(obj)
			obj.GetObjectKind().SetGroupVersionKind(r.GroupVersionKind)
			data, err := json.Marshal(obj)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.New(); !Flawless(data, got) {
				t.Fatalf("%s: has flaws: %s", r.Kind, data)
			}
			for _, text := range append(spoil(random, data, 12), data) {
				want, got := r.New(), r.New()
				faults, err := kjson.UnmarshalStrict(text, want)
				spoilt++
				if !Flawless(text, got) {
					flaws++
					continue
				}
				if err != nil || len(faults) > 0 {
					t.Fatalf("%s: %v, %v: no flaw in %s", r.Kind, err, faults, text)
				}
				if !reflect.DeepEqual(got, want) {
					t.Fatalf("%s: read %+v, want %+v of %s", r.Kind, got, want, text)
				}
			}
		}
	}
	if flaws < spoilt/10 || flaws > spoilt*9/10 {
		t.Errorf("%d of %d texts have flaws: that compares one thing only", flaws, spoilt)
	}
}

// spoil makes n texts of one, each with another value, or another name, in
// one place.
func spoil(random *rand.Rand, data []byte, n int) [][]byte {
	type piece struct{ from, to int }
	var values, names []piece
	d := json.NewDecoder(bytes.NewReader(data))
	for from := 0; ; {
		token, err := d.Token()
		if err != nil {
			break
		}
		to := int(d.InputOffset())
		from += len(data[from:to]) - len(bytes.TrimLeft(data[from:to], ":, "))
		if _, isDelim := token.(json.Delim); !isDelim {
			if to < len(data) && data[to] == ':' {
				names = append(names, piece{from, to})
			} else {
				values = append(values, piece{from, to})
			}
		}
		from = to
	}
	with := func(p piece, text string) []byte {
		return append(append(bytes.Clone(data[:p.from]), text...), data[p.to:]...)
	}
	other := []string{
		"null", "1", "-1", "1.5", "1e2", "2.0", "12345678901234567890", `""`, `"x"`, "true", "[]", "{}", "[null]", `{"a":null}`, `{"a":1,"a":2}`,
		`"\ud800"`, "\"\xff\"", `"2026-01-02T03:04:05Z"`, `"2026-01-02T03:04:05.000006Z"`, `"5Mi"`, `"1.5e3"`, `"aGVsbG8="`, `"aGVs\nbG8="`, " 0", "nil", "[1,2]", `"70000s"`, `"1h"`,
	}
	var out [][]byte
	for range n {
		if len(names) > 0 && random.Intn(3) == 0 {
			p := names[random.Intn(len(names))]
			name := string(data[p.from:p.to])
			out = append(out, with(p, []string{strings.ToUpper(name), `"other"`, `"\u0061` + name[1:], `"x":1,` + name, name + ":{}," + name, "null"}[random.Intn(6)]))
		} else if len(values) > 0 {
			out = append(out, with(values[random.Intn(len(values))], other[random.Intn(len(other))]))
		}
	}
	return out
}

// An object of another kind than was asked for is not taken, and leaves no
// trace; nor does one that has a flaw.
func TestFlawlessOfAnotherKind(t *testing.T) {
	pod := corev1.SchemeGroupVersion.WithKind("Pod")
	for text, want := range map[string]bool{
		`{}`: true, `{"kind":"Pod"}`: true, `{"apiVersion":"v1"}`: true, `{"apiVersion":"v1","kind":"Pod"}`: true,
		`{"kind":"Node"}`: false, `{"apiVersion":"v2"}`: false, `{"apiVersion":"apps/v1","kind":"Pod"}`: false,
		`{"kind":"Pod","metadata":{"name":"a"},"extra":1}`: false,
	} {
		got := &corev1.Pod{}
		if ok := flawlessOf(pod, []byte(text), got); ok != want {
			t.Errorf("%s: %v", text, ok)
		}
		if !want && !reflect.DeepEqual(got, &corev1.Pod{}) {
			t.Errorf("%s: left %+v", text, got)
		}
	}
}

func BenchmarkFlawless(b *testing.B) {
	pod := &corev1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metav1.ObjectMeta{Name: "web", Labels: map[string]string{"app": "web"}}}
	for _, name := range []string{"web", "sidecar"} {
		pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{
			Name: name, Image: "registry.example.com/team/" + name + ":1.2.3", Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
			Env: []corev1.EnvVar{{Name: "LOG_LEVEL", Value: "info"}},
		})
	}
	data, _ := json.Marshal(pod)
	theirs := func(data []byte, into any) bool {
		faults, err := kjson.UnmarshalStrict(data, into)
		return err == nil && len(faults) == 0
	}
	for name, read := range map[string]func([]byte, any) bool{"Flawless": Flawless, "UnmarshalStrict": theirs} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !read(data, &corev1.Pod{}) {
					b.Fatal("it has a flaw")
				}
			}
		})
	}
}
