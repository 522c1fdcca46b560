package store

import (
	"strings"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
)

// filter is what a list or a watch asks for.
type filter struct {
	namespace, name string
	key             string          // the only one that can match; "": there may be more
	labels          []requirement   // all of them; none: everything
	nothing         bool            // the label selector matches nothing
	fields          fields.Selector // nil: everything
	onNode          bool            // fields want one value of nodeField:
	node            string
}

// newFilter finds the namespace and the name that a field selector pins down,
// so that they narrow the search.
func newFilter(namespace, name string, l labels.Selector, f fields.Selector) filter {
	if f != nil && f.Empty() {
		f = nil
	}
	if f != nil {
		if v, found := f.RequiresExactMatch("metadata.namespace"); found && namespace == "" {
			namespace = v
		}
		if v, found := f.RequiresExactMatch("metadata.name"); found && name == "" {
			name = v
		}
	}
	out := filter{namespace: namespace, name: name, fields: f}
	if f != nil {
		out.node, out.onNode = f.RequiresExactMatch(nodeField)
	}
	if l != nil {
		selectable := true
		out.labels, selectable = requirementsOf(l)
		out.nothing = !selectable
	}
	return out
}

func (f *filter) matches(it *item) bool {
	if f.namespace != "" && it.Namespace() != f.namespace {
		return false
	}
	if f.name != "" && it.Name() != f.name {
		return false
	}
	if f.nothing {
		return false
	}
	for i := range f.labels {
		if !f.labels[i].matches(it.labels) {
			return false
		}
	}
	return f.fields == nil || f.fields.Matches(fieldList{it})
}

// selects says whether more than the place is asked for.
func (f *filter) selects() bool {
	return f.name != "" || f.nothing || len(f.labels) > 0 || f.fields != nil
}

// pin says that only one key can match, where namespace and name make a key.
func (f *filter) pin(namespaced bool) {
	switch {
	case !namespaced:
		f.namespace, f.key = "", f.name
	case f.namespace != "" && f.name != "":
		f.key = f.namespace + "/" + f.name
	}
}

// start is the first key that can match behind after.
func (f *filter) start(after string) string {
	if f.key != "" {
		return max(after, f.key)
	}
	if f.namespace == "" {
		return after
	}
	return max(after, f.namespace+"/")
}

// past says that no key from here on can match.
func (f *filter) past(key string) bool {
	if f.key != "" {
		return key > f.key
	}
	return f.namespace != "" && !(strings.HasPrefix(key, f.namespace) && len(key) > len(f.namespace) && key[len(f.namespace)] == '/')
}
