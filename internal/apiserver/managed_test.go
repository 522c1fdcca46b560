package apiserver

import (
	"fmt"
	"math/rand"
	"reflect"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/apitesting/fuzzer"
	metafuzzer "k8s.io/apimachinery/pkg/apis/meta/fuzzer"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"

	"skiff/internal/api"
	"skiff/internal/api/catalogue"
)

// The account of a change is the same whether all of the object is looked at
// or only what is not the same as before.
func TestAccountOfWhatChangedAlone(t *testing.T) {
	fuzz := fuzzer.FuzzerFor(metafuzzer.Funcs, rand.NewSource(1), serializer.NewCodecFactory(catalogue.Scheme))
	m := newManagedFields(catalogue.Scheme)
	for _, r := range []*api.Resource{
		kindOf(t, corev1.SchemeGroupVersion.WithKind("Pod")), kindOf(t, appsv1.SchemeGroupVersion.WithKind("Deployment")),
		kindOf(t, corev1.SchemeGroupVersion.WithKind("Node")), kindOf(t, corev1.SchemeGroupVersion.WithKind("ConfigMap")),
	} {
		for n := range 40 {
			none, live, other := r.New(), r.New(), r.New()
			fuzz.Fill(live)
			fuzz.Fill(other)
			live.SetUID("1")
			for _, o := range []api.Object{none, live, other} {
				o.GetObjectKind().SetGroupVersionKind(r.GroupVersionKind)
				o.SetManagedFields(nil)
			}
			m.update(r, "", none, live, "first")
			obj := live.DeepCopyObject().(api.Object)
			is, from := reflect.ValueOf(obj).Elem(), reflect.ValueOf(other).Elem()
			for i := 2; i < is.NumField(); i++ { // behind TypeMeta and ObjectMeta
				if n&(1<<(i-2)) != 0 {
					is.Field(i).Set(from.Field(i))
				}
			}
			obj.SetLabels(map[string]string{"changed": fmt.Sprint(n % 3)})
			whole := obj.DeepCopyObject().(api.Object)
			subresource := []string{"", "status"}[n%2]
			f, err := m.manager(r, subresource)
			if err != nil {
				t.Fatal(err)
			}
			f.UpdateNoErrors(live, whole, "second")
			m.update(r, subresource, live, obj, "second")
			for i, entry := range whole.GetManagedFields() {
				got := obj.GetManagedFields()[i]
				got.Time = entry.Time
				if !reflect.DeepEqual(got, entry) {
					t.Fatalf("%s: %v, and of the whole %v", r.Kind, got, entry)
				}
			}
			if len(obj.GetManagedFields()) != len(whole.GetManagedFields()) || len(whole.GetManagedFields()) == 0 {
				t.Fatalf("%s: %v", r.Kind, obj.GetManagedFields())
			}
		}
	}
}

func kindOf(t *testing.T, kind schema.GroupVersionKind) *api.Resource {
	t.Helper()
	for _, r := range catalogue.All() {
		if r.GroupVersionKind == kind {
			return r
		}
	}
	t.Fatalf("no %s", kind)
	return nil
}
