package apiserver

import (
	"fmt"
	"reflect"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"skiff/internal/api"
)

// conversion is what field managers need to know of a kind. Managers name
// fields in the version that they wrote; where one object is served in several
// (autoscaling/v1 and v2, the two Events), what changed is looked at in the
// version of each of them.
type conversion struct {
	r     *api.Resource
	views []*api.Resource // of the same objects, r among them
}

// viewsOf are the kinds that show the objects of r.
func viewsOf(r *api.Resource, kinds []*api.Resource) []*api.Resource {
	views := []*api.Resource{r}
	for _, other := range kinds {
		if other != r && storedAs(other) == storedAs(r) {
			views = append(views, other)
		}
	}
	return views
}

func storedAs(r *api.Resource) *api.Resource {
	if r.StoredAs != nil {
		return r.StoredAs
	}
	return r
}

// ownedElsewhere are the fields that writes through the subresource cannot set,
// so cannot own.
func ownedElsewhere(r *api.Resource, subresource string) []string {
	switch {
	case subresource == "status":
		return []string{"spec"}
	case r.Part("status") != nil:
		return []string{"status"}
	}
	return nil
}

// ignored is ownedElsewhere as field managers want it.
func (c conversion) ignored(subresource string) map[fieldpath.APIVersion]fieldpath.Filter {
	fields := ownedElsewhere(c.r, subresource)
	if fields == nil {
		return nil
	}
	set := fieldpath.NewSet()
	for _, field := range fields {
		set.Insert(fieldpath.MakePathOrDie(field))
	}
	filters := map[fieldpath.APIVersion]fieldpath.Filter{}
	for _, view := range c.views {
		filters[fieldpath.APIVersion(view.GroupVersion().String())] = fieldpath.NewExcludeSetFilter(set)
	}
	return filters
}

// ConvertToVersion decodes an object that has no Go type yet, and turns it
// into the version that is asked for. It leaves in as it is.
func (c conversion) ConvertToVersion(in runtime.Object, target runtime.GroupVersioner) (runtime.Object, error) {
	from := c.view(func(k schema.GroupVersionKind) bool { return k == in.GetObjectKind().GroupVersionKind() })
	to := c.view(func(k schema.GroupVersionKind) bool {
		chosen, ok := target.KindForGroupVersionKinds([]schema.GroupVersionKind{k})
		return ok && chosen == k
	})
	if from == nil || to == nil {
		return nil, runtime.NewNotRegisteredErrForTarget("skiff", reflect.TypeOf(in), target)
	}
	if _, free := in.(*unstructured.Unstructured); !free && from == to {
		return in, nil
	}
	obj, err := decoded(in, from)
	if err == nil && from != to {
		obj, err = converted(obj, from, to)
	}
	if err != nil {
		return nil, err
	}
	obj.GetObjectKind().SetGroupVersionKind(to.GroupVersionKind)
	return obj, nil
}

func (c conversion) view(want func(schema.GroupVersionKind) bool) *api.Resource {
	for _, view := range c.views {
		if want(view.GroupVersionKind) {
			return view
		}
	}
	return nil
}

// decoded is an object of kind r that the caller owns.
func decoded(in runtime.Object, r *api.Resource) (api.Object, error) {
	u, free := in.(*unstructured.Unstructured)
	if !free {
		obj, ok := in.DeepCopyObject().(api.Object)
		if !ok {
			return nil, fmt.Errorf("a %T is no object of kind %s", in, r.Kind)
		}
		return obj, nil
	}
	obj := r.New()
	return obj, runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, obj)
}

// converted turns obj, by way of the version that is stored.
func converted(obj api.Object, from, to *api.Resource) (api.Object, error) {
	var err error
	if from.StoredAs != nil {
		if obj, err = from.ToStored(obj); err != nil {
			return nil, err
		}
	}
	if to.StoredAs != nil {
		return to.FromStored(obj)
	}
	return obj, nil
}

func (c conversion) Convert(in, out, _ any) error {
	return fmt.Errorf("no conversion from %T to %T", in, out)
}

func (c conversion) ConvertFieldLabel(_ schema.GroupVersionKind, label, value string) (string, string, error) {
	return label, value, nil
}

func (c conversion) New(kind schema.GroupVersionKind) (runtime.Object, error) {
	obj := c.r.New()
	obj.GetObjectKind().SetGroupVersionKind(kind)
	return obj, nil
}

func (c conversion) Default(obj runtime.Object) {
	if o, ok := obj.(api.Object); ok && c.r.Default != nil {
		c.r.Default(o)
	}
}
