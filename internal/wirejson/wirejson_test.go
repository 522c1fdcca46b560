package wirejson_test

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"math/rand"
	"reflect"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/apitesting/fuzzer"
	"k8s.io/apimachinery/pkg/api/resource"
	metafuzzer "k8s.io/apimachinery/pkg/apis/meta/fuzzer"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
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
	plan, err := wirejson.For(reflect.TypeFor[corev1.Pod]())
	if err != nil {
		b.Fatal(err)
	}
	type writer func(dst, message []byte) ([]byte, error)
	like := func(dst, message []byte, r *wirejson.Form) ([]byte, error) {
		return plan.AppendFieldsLike(dst, message, r)
	}
	for _, bench := range []struct {
		name   string
		change func(n int, p *corev1.Pod)
		write  func() writer
	}{
		{"alone", ofOneDeployment, func() writer { return plan.AppendFields }},
		{"of one deployment", ofOneDeployment, func() writer {
			var r wirejson.Form
			return func(dst, message []byte) ([]byte, error) { return like(dst, message, &r) }
		}},
		{"no two alike, alone", ofItsOwn, func() writer { return plan.AppendFields }},
		{"no two alike", ofItsOwn, func() writer {
			var r wirejson.Form
			return func(dst, message []byte) ([]byte, error) { return like(dst, message, &r) }
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			wires, write := pods(b, 100, bench.change), bench.write()
			var out []byte
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				if out, err = write(out[:0], wires[n%len(wires)]); err != nil {
					b.Fatal(err)
				}
				n++
			}
			b.SetBytes(int64(len(out)))
		})
	}
}

// pods are n pods on the wire, each changed a little.
func pods(b testing.TB, n int, change func(int, *corev1.Pod)) (all [][]byte) {
	b.Helper()
	for i := range n {
		pod := &corev1.Pod{}
		if err := json.Unmarshal(aPod, pod); err != nil {
			b.Fatal(err)
		}
		change(i, pod)
		data, err := pod.Marshal()
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, data)
	}
	return all
}

// ofOneDeployment changes what differs among the pods of a Deployment that run.
func ofOneDeployment(n int, p *corev1.Pod) {
	p.Name, p.UID = fmt.Sprintf("%s-%d", p.Name, n), types.UID(fmt.Sprintf("%s%d", p.UID, n))
	p.Spec.NodeName, p.Status.PodIP = fmt.Sprint("node-", n), fmt.Sprintf("10.244.0.%d", n)
	token := fmt.Sprint("kube-api-access-", n)
	p.Spec.Volumes[len(p.Spec.Volumes)-1].Name = token
	for i := range p.Spec.Containers {
		mounts := p.Spec.Containers[i].VolumeMounts
		mounts[len(mounts)-1].Name = token
	}
}

// ofItsOwn changes something in every message.
func ofItsOwn(n int, p *corev1.Pod) {
	ofOneDeployment(n, p)
	for i := range p.ManagedFields {
		p.ManagedFields[i].Manager = fmt.Sprint("manager-", n)
		p.ManagedFields[i].FieldsV1.Raw = fmt.Appendf(nil, `{"f:%d":%s}`, n, p.ManagedFields[i].FieldsV1.Raw)
	}
	for i := range p.Spec.Containers {
		c := &p.Spec.Containers[i]
		c.Image = fmt.Sprint("image-", n)
		for j := range c.Env {
			c.Env[j].Value = fmt.Sprintf("%s, the value of %d", c.Env[j].Value, n)
		}
		for j := range c.Ports {
			c.Ports[j].Name = fmt.Sprint("a-port-with-a-name-", n)
		}
		for j := range c.VolumeMounts {
			c.VolumeMounts[j].MountPath = fmt.Sprint("/a/path/of/its/own/", n)
		}
	}
	for i := range p.Spec.Volumes {
		p.Spec.Volumes[i].Name = fmt.Sprint("a-volume-with-a-name-", n)
	}
	for i := range p.Status.Conditions {
		p.Status.Conditions[i].Message = fmt.Sprint("a message of its own ", n)
	}
	for i := range p.Status.ContainerStatuses {
		p.Status.ContainerStatuses[i].ContainerID = fmt.Sprint("containerd://", n)
	}
}

// What is copied from the last object is what would have been written, whatever
// came before: the same, nearly the same, or another kind.
func TestSeries(t *testing.T) {
	fuzz := fuzzer.FuzzerFor(fuzzer.MergeFuzzerFuncs(metafuzzer.Funcs, plain), rand.NewSource(2), serializer.NewCodecFactory(catalogue.Scheme))
	var r wirejson.Form
	same := func(plan *wirejson.Plan, data []byte) {
		t.Helper()
		want, err := plan.AppendFields(nil, data)
		if err != nil {
			return
		}
		got, err := plan.AppendFieldsLike(nil, data, &r)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%v\n got %s\nwant %s", err, got, want)
		}
	}
	for range 5 {
		for _, resource := range catalogue.All() {
			obj, ok := resource.New().(message)
			plan, err := wirejson.For(reflect.TypeOf(resource.New()).Elem())
			if !ok || err != nil {
				continue
			}
			fuzz.Fill(obj)
			data, err := obj.Marshal()
			if err != nil {
				continue
			}
			same(plan, data)
			same(plan, data)
			obj.(metav1.Object).SetName("changed")
			if data, err = obj.Marshal(); err == nil {
				same(plan, data)
			}
		}
	}
	plan, err := wirejson.For(reflect.TypeFor[corev1.Pod]())
	if err != nil {
		t.Fatal(err)
	}
	alike, others := pods(t, 100, ofOneDeployment), pods(t, 200, ofItsOwn)
	odd := pods(t, 60, oddly)
	for _, data := range slices.Concat(alike, others, alike, others[:1], alike, odd) {
		same(plan, data)
	}
}

// oddly changes texts and times of one length in ways that are not to be
// filled in as they are.
func oddly(n int, p *corev1.Pod) {
	p.Annotations = map[string]string{"note": []string{"plain text", `a "quote" `, "tab\tand \n.", "\u00e9\u00e9\u00e9\u00e9\u00e9", "back\\slash"}[n%5]}
	p.CreationTimestamp = metav1.Unix([]int64{1_700_000_000, 1_700_000_001, 1_000_000_000, -1, 253_402_300_800}[n/2%5], 0)
	p.Spec.Containers[0].Resources.Limits = corev1.ResourceList{"cpu": resource.MustParse([]string{"1", "2"}[n%2])}
	p.Spec.TerminationGracePeriodSeconds = new(int64)
	*p.Spec.TerminationGracePeriodSeconds = int64(n)
	if n%7 == 0 {
		p.Labels = map[string]string{"app": "x", "bpp": "y"}
	}
}
