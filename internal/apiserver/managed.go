package apiserver

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/client-go/applyconfigurations"

	"skiff/internal/api"
	"skiff/internal/apiserver/managed"
)

// managedFields keeps account of who set which field (metadata.managedFields)
// and merges what is applied. It is the only user of the field managers, which
// do what package managed does not: what is applied, and what is rare.
type managedFields struct {
	types func() *trustingConverter // made once: it parses all schemas
	kinds []*api.Resource           // those served, to find views of the same objects

	mu       sync.Mutex
	managers map[managerKey]*managedfields.FieldManager

	shapes sync.Map // of managerKey: *managed.Shape, nil if there is none
}

type managerKey struct {
	kind        schema.GroupVersionKind
	subresource string
}

func newManagedFields(scheme *runtime.Scheme, kinds ...*api.Resource) *managedFields {
	m := &managedFields{
		kinds:    kinds,
		managers: map[managerKey]*managedfields.FieldManager{},
		types: sync.OnceValue(func() *trustingConverter {
			return &trustingConverter{TypeConverter: withExtensionTypes(applyconfigurations.NewTypeConverter(scheme))}
		}),
	}
	go m.types() // 60 ms: the first write comes soon, and should find it done
	return m
}

// shape is how the fields of a kind's objects are told; nil if that takes field
// managers.
func (m *managedFields) shape(r *api.Resource, subresource string) *managed.Shape {
	key := managerKey{r.GroupVersionKind, subresource}
	if known, ok := m.shapes.Load(key); ok {
		return known.(*managed.Shape)
	}
	obj := r.New()
	obj.GetObjectKind().SetGroupVersionKind(r.GroupVersionKind)
	var s *managed.Shape
	if t := reflect.TypeOf(obj).Elem(); hasMembers(t) {
		if like, err := m.types().like(obj); err == nil {
			s, _ = managed.Compile(t, like.Schema(), like.TypeRef(), slices.Concat(notOwned, ownedElsewhere(r, subresource))...)
		}
	}
	m.shapes.Store(key, s)
	return s
}

// notOwned are the fields that nobody owns.
var notOwned = []string{
	"apiVersion", "kind", "metadata.name", "metadata.namespace", "metadata.creationTimestamp", "metadata.selfLink",
	"metadata.uid", "metadata.generation", "metadata.managedFields", "metadata.resourceVersion",
}

// update writes down in obj that manager changed it from live. Fields of
// other subresources do not count.
func (m *managedFields) update(r *api.Resource, subresource string, live, obj api.Object, manager string) {
	before, after := onlyChanged(live, obj)
	if entries, ok := m.updated(r, subresource, before, after, manager); ok {
		obj.SetManagedFields(entries)
		return
	}
	f, err := m.manager(r, subresource)
	if err != nil {
		obj.SetManagedFields(live.GetManagedFields())
		return
	}
	f.UpdateNoErrors(before, after, manager)
	obj.SetManagedFields(after.GetManagedFields())
}

// updated is the account of an update, unless that takes a field manager.
func (m *managedFields) updated(r *api.Resource, subresource string, live, obj api.Object, manager string) ([]metav1.ManagedFieldsEntry, bool) {
	entries := live.GetManagedFields()
	isNew := live.GetUID() == ""
	if len(entries) == 0 && !isNew {
		return nil, false // no account is kept
	}
	if given := obj.GetManagedFields(); given != nil && subresource == "" && (isNew || !sameEntries(given, entries)) {
		return nil, false // the client writes the account
	}
	s := m.shape(r, subresource)
	if s == nil {
		return nil, false
	}
	change, ok := s.Change(live, obj)
	if !ok {
		return nil, false
	}
	return managed.After(entries, change, metav1.ManagedFieldsEntry{
		Manager: cmp.Or(manager, "unknown"), Operation: metav1.ManagedFieldsOperationUpdate, Subresource: subresource,
		APIVersion: r.GroupVersion().String(), Time: &metav1.Time{Time: time.Now().UTC()},
	})
}

// sameEntries compares two accounts, but not their times.
func sameEntries(a, b []metav1.ManagedFieldsEntry) bool {
	return slices.EqualFunc(a, b, func(x, y metav1.ManagedFieldsEntry) bool {
		return x.Manager == y.Manager && x.Operation == y.Operation && x.APIVersion == y.APIVersion &&
			x.Subresource == y.Subresource && x.FieldsType == y.FieldsType && sameFields(x.FieldsV1, y.FieldsV1)
	})
}

// onlyChanged are shallow copies of two states of an object without the
// top-level members in which they are the same: these cannot change an account
// that is kept of differences, and comparing them by their schema is dear. An
// object that is no struct of members is returned as it is.
func onlyChanged(live, obj api.Object) (before, after api.Object) {
	was, is := reflect.ValueOf(live).Elem(), reflect.ValueOf(obj).Elem()
	if live.GetUID() == "" || was.Type() != is.Type() || !hasMembers(is.Type()) {
		return live, obj
	}
	a, b := reflect.New(was.Type()), reflect.New(is.Type())
	a.Elem().Set(was)
	b.Elem().Set(is)
	for i := range is.NumField() {
		if !is.Type().Field(i).Anonymous && same(was.Field(i).Addr().Interface(), is.Field(i).Addr().Interface()) {
			a.Elem().Field(i).SetZero()
			b.Elem().Field(i).SetZero()
		}
	}
	return a.Interface().(api.Object), b.Interface().(api.Object)
}

// hasMembers says whether a type is a struct with ObjectMeta and members
// beside it, as the kinds with Go types are.
func hasMembers(t reflect.Type) bool {
	meta, found := t.FieldByName("ObjectMeta")
	return found && meta.Anonymous && len(meta.Index) == 1
}

// apply merges patch into live on behalf of manager. It fails with a Conflict
// where another manager owns a field, unless force takes it.
func (m *managedFields) apply(r *api.Resource, subresource string, live api.Object, patch *unstructured.Unstructured, manager string, force bool) (api.Object, error) {
	f, err := m.manager(r, subresource)
	if err != nil {
		return nil, err
	}
	out, err := f.Apply(live, patch, manager, force)
	if err != nil {
		return nil, err
	}
	obj, ok := out.(api.Object)
	if !ok {
		return nil, fmt.Errorf("applying made a %T of a %s", out, r.Kind)
	}
	return obj, nil
}

func (m *managedFields) manager(r *api.Resource, subresource string) (*managedfields.FieldManager, error) {
	key := managerKey{r.GroupVersionKind, subresource}
	m.mu.Lock()
	defer m.mu.Unlock()
	if f := m.managers[key]; f != nil {
		return f, nil
	}
	c := conversion{r, viewsOf(r, m.kinds)}
	f, err := managedfields.NewDefaultFieldManager(m.types(), c, c, c, r.GroupVersionKind, r.GroupVersion(), subresource, c.ignored(subresource))
	if err == nil {
		m.managers[key] = f
	}
	return f, err
}

// managerName is who is written down as the writer: the name that the client
// gives, or the first word of its user agent.
func managerName(given, userAgent string) string {
	if given != "" {
		return given
	}
	name, _, _ := strings.Cut(userAgent, "/")
	name = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, name)
	if len(name) > 128 {
		name = strings.ToValidUTF8(name[:128], "")
	}
	return name
}

// keepTimes gives obj the old times of managers when nothing else of the
// account changed, so that a write that changes nothing is none.
func keepTimes(obj, old metav1.Object) {
	now, then := obj.GetManagedFields(), old.GetManagedFields()
	if sameEntries(now, then) {
		obj.SetManagedFields(then)
	}
}

func sameFields(a, b *metav1.FieldsV1) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}
