package managed

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/client-go/applyconfigurations"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/typed"
	"sigs.k8s.io/structured-merge-diff/v6/value"
)

// leftOut is what no entry of managedFields lists.
var leftOut = []string{
	"apiVersion", "kind", "status",
	"metadata.name", "metadata.namespace", "metadata.creationTimestamp", "metadata.selfLink", "metadata.uid",
	"metadata.clusterName", "metadata.generation", "metadata.managedFields", "metadata.resourceVersion",
}

// What differs is what structured-merge-diff finds, for every kind that has a
// schema: between an empty object and another, and between two.
func TestChangesAreWhatComparingFinds(t *testing.T) {
	types := applyconfigurations.NewTypeConverter(scheme.Scheme)
	said := map[bool]int{}
	for kind, goType := range scheme.Scheme.AllKnownTypes() {
		if _, ok := reflect.New(goType).Interface().(metav1.Object); !ok || kind.Version == runtime.APIVersionInternal {
			continue
		}
		like, err := emptyOf(types, kind, goType)
		if err != nil {
			continue // a review, or a scale: these have none
		}
		shape, err := Compile(goType, like.Schema(), like.TypeRef(), leftOut...)
		if err != nil {
			if kind.Kind != "ControllerRevision" { // whose data may be anything
				t.Errorf("%s: %v", kind, err)
			}
			continue
		}
		chance := rand.New(rand.NewPCG(1, 2))
		for n := range 30 {
			one := reflect.New(goType).Interface().(runtime.Object)
			fill(chance, reflect.ValueOf(one).Elem(), 2+n%9)
			other := one.DeepCopyObject()
			fill(chance, reflect.ValueOf(other).Elem(), 2+chance.IntN(9))
			said[sameChange(t, shape, like, nil, one)]++
			said[sameChange(t, shape, like, one, other)]++
		}
	}
	t.Logf("%d changes were written, %d refused", said[true], said[false])
	if said[true] < 4000 {
		t.Errorf("only %d changes were written", said[true])
	}
}

// sameChange compares what is said of a change, unless it is refused.
func sameChange(t *testing.T, shape *Shape, like *typed.TypedValue, before, after runtime.Object) bool {
	t.Helper()
	var got Change
	var ok bool
	if was := like; before == nil {
		got, ok = shape.Change(nil, after)
	} else {
		got, ok = shape.Change(before, after)
		like = typedAs(t, was, before)
	}
	if !ok {
		return false
	}
	difference, err := like.Compare(typedAs(t, like, after))
	if err != nil {
		return false // an item without keys in what is left out
	}
	for what, sets := range map[string][2]string{
		"set":     {string(got.Set), written(t, difference.Added.Union(difference.Modified))},
		"removed": {string(got.Removed), written(t, difference.Removed)},
	} {
		if sets[0] != sets[1] {
			t.Fatalf("%s:\n got %s\nwant %s\nof %+v\nand %+v", what, sets[0], sets[1], before, after)
		}
	}
	return true
}

func typedAs(t *testing.T, like *typed.TypedValue, obj runtime.Object) *typed.TypedValue {
	t.Helper()
	v, err := value.NewValueReflect(obj)
	if err != nil {
		t.Fatal(err)
	}
	return typed.AsTypedUnvalidated(v, like.Schema(), like.TypeRef())
}

// written is a set as FieldsV1, without what is left out.
func written(t *testing.T, set *fieldpath.Set) string {
	t.Helper()
	out := fieldpath.NewSet()
	for _, name := range leftOut {
		out.Insert(fieldpath.MakePathOrDie(each(strings.Split(name, "."))...))
	}
	set = set.RecursiveDifference(out)
	if set.Empty() {
		return ""
	}
	b, err := set.ToJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func each(names []string) []any {
	out := make([]any, len(names))
	for i, name := range names {
		out[i] = name
	}
	return out
}

// What is joined and taken away as text is what sets say.
func TestSets(t *testing.T) {
	chance := rand.New(rand.NewPCG(5, 6))
	for range 3000 {
		a, b := someSet(chance), someSet(chance)
		for what, c := range map[string]struct {
			got  func(a, b []byte) ([]byte, bool)
			want *fieldpath.Set
		}{
			"union":   {Union, a.Union(b)},
			"without": {Without, a.Difference(b)},
		} {
			if got, ok := c.got([]byte(written(t, a)), []byte(written(t, b))); !ok || string(got) != written(t, c.want) {
				t.Fatalf("%s of\n%s and\n%s:\n got %s, %v\nwant %s", what, written(t, a), written(t, b), got, ok, written(t, c.want))
			}
		}
	}
}

// someSet is a set of a few short paths.
func someSet(chance *rand.Rand) *fieldpath.Set {
	set := fieldpath.NewSet()
	for range chance.IntN(6) {
		path := fieldpath.Path{}
		for range 1 + chance.IntN(3) {
			path = append(path, someElement(chance))
		}
		set.Insert(path)
	}
	return set
}

func someElement(chance *rand.Rand) fieldpath.PathElement {
	names := []string{"a", "ab", "b", "B", "a/b", "1"}
	name := names[chance.IntN(len(names))]
	switch chance.IntN(4) {
	case 0:
		v := value.NewValueInterface(name)
		if chance.IntN(9) == 0 {
			v = value.NewValueInterface(name + "x")
		}
		return fieldpath.PathElement{Value: &v}
	case 1:
		keys := value.FieldList{{Name: "name", Value: value.NewValueInterface(name)}}
		if chance.IntN(2) == 0 {
			keys = append(keys, value.Field{Name: "port", Value: value.NewValueInterface(int64(chance.IntN(12)))})
		}
		return fieldpath.PathElement{Key: &keys}
	}
	return fieldpath.PathElement{FieldName: &name}
}

// What is not written as structured-merge-diff writes it is refused.
func TestSetsThatAreNotUnderstood(t *testing.T) {
	for _, c := range []struct{ set, other string }{
		{`{`, `{"f:b":{}}`},
		{`{}}`, `{"f:b":{}}`},
		{`{"f:a"}`, `{"f:b":{}}`},
		{`{"f:a":}`, `{"f:b":{}}`},
		{`{"f:a":{}`, `{"f:b":{}}`},
		{`{"f:a":{}}x`, `{"f:b":{}}`},
		{`{ "f:a":{}}`, `{"f:b":{}}`},
		{`[]`, `{"f:b":{}}`},
		{`null`, `{"f:b":{}}`},
		{`{"f:a":1}`, `{"f:b":{}}`},
		{`{"f:b":1}`, `{"f:b":{}}`},
		{`{"f:b":{"f:c":{}}`, `{"f:b":{}}`},
		{`{"f:a`, `{"f:b":{}}`},
		{`{"f:\u00e4":{}}`, `{"f:b":{}}`},
		{`{"x:a":{}}`, `{"f:b":{}}`},
		{`{"":{}}`, `{"f:b":{}}`},
		{`{"k:{}":{}}`, `{"k:{\"a\":1}":{}}`},
		{`{"k:{\"a\":true}":{}}`, `{"k:{\"a\":1}":{}}`},
		{`{"k:{\"a\":1":{}}`, `{"k:{\"a\":1}":{}}`},
		{`{"k:{\"a\":\"b\\\"c\"}":{}}`, `{"k:{\"a\":\"d\"}":{}}`},
		{`{"v:1.5":{}}`, `{"v:\"b\"":{}}`},
		{`{"v:1":{}}`, `{"v:\"b\"":{}}`},
		{`{"v:\"a\\\"b\"":{}}`, `{"v:\"b\"":{}}`},
	} {
		for name, f := range map[string]func(a, b []byte) ([]byte, bool){"union": Union, "without": Without} {
			for _, sets := range [][2]string{{c.set, c.other}, {c.other, c.set}} {
				if got, ok := f([]byte(sets[0]), []byte(sets[1])); ok {
					t.Errorf("%s of %s and %s is said to be %s", name, sets[0], sets[1], got)
				}
			}
		}
	}
}

// What is refused would not be written as JSON says it.
func TestStringsThatNeedEscapes(t *testing.T) {
	shape := configMaps(t)
	for _, key := range []string{`a"b`, `a\b`, "a\nb", "a<b", "ä", "a\x7fb"} {
		if b, ok := fieldsOf(shape, &corev1.ConfigMap{Data: map[string]string{key: ""}}); ok {
			t.Errorf("%q is written as %s", key, b)
		}
	}
}

func TestNothingIsNoSet(t *testing.T) {
	shape := configMaps(t)
	if b, ok := fieldsOf(shape, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "a"}}); len(b) > 0 || !ok {
		t.Errorf("%s, %v", b, ok)
	}
}

func configMaps(t testing.TB) *Shape {
	goType := reflect.TypeFor[corev1.ConfigMap]()
	like, err := emptyOf(applyconfigurations.NewTypeConverter(scheme.Scheme), corev1.SchemeGroupVersion.WithKind("ConfigMap"), goType)
	if err != nil {
		t.Fatal(err)
	}
	shape, err := Compile(goType, like.Schema(), like.TypeRef(), leftOut...)
	if err != nil {
		t.Fatal(err)
	}
	return shape
}

func emptyOf(types managedfields.TypeConverter, kind schema.GroupVersionKind, t reflect.Type) (*typed.TypedValue, error) {
	empty := reflect.New(t).Interface().(runtime.Object)
	empty.GetObjectKind().SetGroupVersionKind(kind)
	return types.ObjectToTyped(empty, typed.AllowDuplicates)
}

var words = []string{"", "a", "b", "web", "TCP", "UDP", "app.kubernetes.io/name", "x-1", "100m", `"`}

// fill sets about half of all fields, not deeper than depth.
func fill(chance *rand.Rand, v reflect.Value, depth int) {
	if depth == 0 {
		return
	}
	switch at := v.Addr().Interface().(type) {
	case *metav1.Time:
		at.Time = time.Unix(chance.Int64N(2), 0)
		return
	case *metav1.MicroTime:
		at.Time = time.Unix(chance.Int64N(2), 0)
		return
	case *resource.Quantity:
		*at = *resource.NewQuantity(chance.Int64N(2), resource.DecimalSI)
		return
	case *intstr.IntOrString:
		*at = intstr.FromInt32(chance.Int32N(3))
		return
	case *[]metav1.ManagedFieldsEntry, *runtime.RawExtension:
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(chance, v.Elem(), depth-1)
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() && (v.Type().Field(i).Anonymous || chance.IntN(2) == 0) {
				fill(chance, f, depth-1)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), chance.IntN(4), 4))
		for i := range v.Len() {
			fill(chance, v.Index(i), depth-1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range chance.IntN(4) {
			elem := reflect.New(v.Type().Elem()).Elem()
			fill(chance, elem, depth-1)
			v.SetMapIndex(reflect.ValueOf(words[chance.IntN(len(words))]).Convert(v.Type().Key()), elem)
		}
	case reflect.String:
		v.SetString(words[chance.IntN(len(words))])
	case reflect.Bool:
		v.SetBool(chance.IntN(2) == 0)
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Int16, reflect.Int8:
		v.SetInt(chance.Int64N(4))
	case reflect.Uint8:
		v.SetUint(chance.Uint64N(4))
	case reflect.Float64:
		v.SetFloat(chance.Float64())
	case reflect.Interface:
	default:
		panic(fmt.Sprint(v.Type()))
	}
}

func fieldsOf(s *Shape, obj any) ([]byte, bool) {
	c, ok := s.Change(nil, obj)
	return c.Set, ok && len(c.Removed) == 0
}

// A pod as a Deployment makes it: all of it, and a change of a label.
func BenchmarkChange(b *testing.B) {
	kind, goType := corev1.SchemeGroupVersion.WithKind("Pod"), reflect.TypeFor[corev1.Pod]()
	like, err := emptyOf(applyconfigurations.NewTypeConverter(scheme.Scheme), kind, goType)
	if err != nil {
		b.Fatal(err)
	}
	shape, err := Compile(goType, like.Schema(), like.TypeRef(), leftOut...)
	if err != nil {
		b.Fatal(err)
	}
	container := corev1.Container{
		Name: "web", Image: "nginx", ImagePullPolicy: corev1.PullAlways, TerminationMessagePath: "/dev/termination-log",
		Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 80, Protocol: corev1.ProtocolTCP}},
		Env:   []corev1.EnvVar{{Name: "A", Value: "1"}, {Name: "B", Value: "2"}},
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "web", Labels: map[string]string{"app": "web", "pod-template-hash": "abc"}},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{container}, RestartPolicy: corev1.RestartPolicyAlways, DNSPolicy: corev1.DNSClusterFirst,
			SchedulerName: "default-scheduler", SecurityContext: &corev1.PodSecurityContext{},
			Volumes: []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
		},
	}
	labelled := pod.DeepCopy()
	labelled.Labels["changed"] = "true"
	for name, before := range map[string]any{"all": nil, "label": pod} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := shape.Change(before, labelled); !ok {
					b.Fatal("not told")
				}
			}
		})
	}
}
