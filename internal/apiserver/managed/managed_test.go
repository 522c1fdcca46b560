package managed

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
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

// The fields of a new object are those in which it differs from an empty one,
// for every kind that has a schema.
func TestFieldsAreWhatComparingFinds(t *testing.T) {
	types := applyconfigurations.NewTypeConverter(scheme.Scheme)
	written := map[bool]int{}
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
		for n := range 200 {
			obj := reflect.New(goType).Interface().(runtime.Object)
			fill(chance, reflect.ValueOf(obj).Elem(), 2+n%9)
			obj.GetObjectKind().SetGroupVersionKind(kind)
			want, err := compared(types, kind, obj)
			if err != nil {
				continue // items without keys, which Fields refuses
			}
			got, ok := shape.Fields(obj)
			written[ok]++
			if ok && !bytes.Equal(got, want) {
				t.Fatalf("%s:\n got %s\nwant %s\nof %+v", kind, got, want, obj)
			}
		}
	}
	t.Logf("%d objects were written, %d refused", written[true], written[false])
	if written[true] < 10000 {
		t.Errorf("only %d objects were written", written[true])
	}
}

// What is refused would not be written as JSON says it.
func TestStringsThatNeedEscapes(t *testing.T) {
	shape := configMaps(t)
	for _, key := range []string{`a"b`, `a\b`, "a\nb", "a<b", "ä", "a\x7fb"} {
		if b, ok := shape.Fields(&corev1.ConfigMap{Data: map[string]string{key: ""}}); ok {
			t.Errorf("%q is written as %s", key, b)
		}
	}
}

func TestNothingIsNoSet(t *testing.T) {
	shape := configMaps(t)
	if b, ok := shape.Fields(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "a"}}); b != nil || !ok {
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

// compared is what structured-merge-diff says of obj.
func compared(types managedfields.TypeConverter, kind schema.GroupVersionKind, obj runtime.Object) ([]byte, error) {
	was, err := emptyOf(types, kind, reflect.TypeOf(obj).Elem())
	if err != nil {
		return nil, err
	}
	v, err := value.NewValueReflect(obj)
	if err != nil {
		return nil, err
	}
	change, err := was.Compare(typed.AsTypedUnvalidated(v, was.Schema(), was.TypeRef()))
	if err != nil {
		return nil, err
	}
	out := fieldpath.NewSet(fieldpath.MakePathOrDie("apiVersion"), fieldpath.MakePathOrDie("kind"), fieldpath.MakePathOrDie("metadata"))
	for _, name := range []string{"name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields", "resourceVersion"} {
		out.Insert(fieldpath.MakePathOrDie("metadata", name))
	}
	all := change.Added.Union(change.Modified).RecursiveDifference(fieldpath.NewSet(fieldpath.MakePathOrDie("status"))).Difference(out)
	if all.Empty() {
		return nil, nil
	}
	return all.ToJSON()
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
