package apiserver

import (
	"cmp"
	"fmt"
	"math/rand"
	"reflect"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/apitesting/fuzzer"
	metafuzzer "k8s.io/apimachinery/pkg/apis/meta/fuzzer"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/randfill"

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

// Who owns what after many updates is what a field manager says, for every
// kind.
func TestAccountsWithoutFieldManagers(t *testing.T) {
	plain := func(serializer.CodecFactory) []any {
		return []any{func(s *string, c randfill.Continue) { *s = string(rune('a' + c.Intn(9))) }}
	}
	fuzz := fuzzer.FuzzerFor(fuzzer.MergeFuzzerFuncs(metafuzzer.Funcs, plain), rand.NewSource(1), serializer.NewCodecFactory(catalogue.Scheme)).
		NumElements(0, 3).MaxDepth(9) // schemas contain schemas
	m := newManagedFields(catalogue.Scheme, catalogue.All()...)
	done := map[bool]int{}
	for _, r := range catalogue.All() {
		if _, err := m.manager(r, ""); err != nil || m.shape(r, "") == nil {
			continue
		}
		live := r.New()
		for n := range 12 {
			obj := r.New()
			fuzz.Fill(obj)
			is, from := reflect.ValueOf(obj).Elem(), reflect.ValueOf(live).Elem()
			for i := range is.NumField() {
				if n > 0 && (n>>max(i-1, 0))&1 == 0 { // some members stay as they are
					is.Field(i).Set(from.Field(i))
				}
			}
			obj.SetUID(types.UID([]string{"", "1"}[min(n, 1)]))
			obj.GetObjectKind().SetGroupVersionKind(r.GroupVersionKind)
			live.GetObjectKind().SetGroupVersionKind(r.GroupVersionKind)
			obj.SetManagedFields(live.GetManagedFields())
			subresource, name := "", fmt.Sprint("manager", n%4)
			if n%3 == 1 && r.Part("status") != nil {
				subresource = "status"
			}
			f, err := m.manager(r, subresource)
			if err != nil {
				t.Fatal(err)
			}
			before, after := onlyChanged(live, obj)
			_, ok := m.updated(r, subresource, before, after, name)
			want := after.DeepCopyObject().(api.Object)
			if _, err := f.Update(before, want, name); err != nil {
				continue // a list's item has no key
			}
			done[ok]++
			m.update(r, subresource, live, obj, name)
			if !sameEntries(byManager(obj.GetManagedFields()), byManager(want.GetManagedFields())) {
				t.Fatalf("%s, update %d:\n got %v\nwant %v\nbefore %v", r.Kind, n, obj.GetManagedFields(), want.GetManagedFields(), live.GetManagedFields())
			}
			live = obj
		}
	}
	t.Logf("%d accounts without a field manager, %d with one", done[true], done[false])
	if done[true] < 200 {
		t.Error("too few without") // what is made up has strings that take one
	}
}

// byManager are entries in an order that times have no part in.
func byManager(entries []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry {
	return slices.SortedFunc(slices.Values(entries), func(a, b metav1.ManagedFieldsEntry) int {
		return cmp.Or(cmp.Compare(a.Manager, b.Manager), cmp.Compare(a.Subresource, b.Subresource), cmp.Compare(a.Operation, b.Operation))
	})
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
