package store

import (
	"slices"
	"unique"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
)

// label is one label or selectable field. Both strings are interned: among
// thousands of objects there are few different ones.
type label struct {
	key, value unique.Handle[string]
}

func makeLabel[S string | []byte](key, value S) label {
	return label{unique.Make(string(key)), unique.Make(string(value))}
}

// labelList is a small set of labels that selectors can read as it is; it
// takes a tenth of the memory of a map.
type labelList []label

var (
	_ labels.Labels = labelList(nil)
	_ fields.Fields = fieldList{}
)

// Lookup returns the value of a label and whether it is there.
func (l labelList) Lookup(key string) (string, bool) {
	for i := range l {
		if l[i].key.Value() == key {
			return l[i].value.Value(), true
		}
	}
	return "", false
}

// Has says whether the label is there.
func (l labelList) Has(key string) bool {
	_, found := l.Lookup(key)
	return found
}

// Get returns the label's value, or "".
func (l labelList) Get(key string) string {
	value, _ := l.Lookup(key)
	return value
}

func (l labelList) asMap() map[string]string {
	if len(l) == 0 {
		return nil
	}
	m := make(map[string]string, len(l))
	for _, p := range l {
		m[p.key.Value()] = p.value.Value()
	}
	return m
}

// fieldList is what a field selector reads of an item: the kind's own
// selectable fields and the two that every object has.
type fieldList struct {
	it *item
}

// Has says whether the field exists.
func (f fieldList) Has(field string) bool {
	return field == "metadata.name" || field == "metadata.namespace" || f.it.fields.Has(field)
}

// Get returns the field's value, or "".
func (f fieldList) Get(field string) string {
	switch field {
	case "metadata.name":
		return f.it.Name()
	case "metadata.namespace":
		return f.it.Namespace()
	}
	return f.it.fields.Get(field)
}

// requirement is one of a label selector's, with interned strings: it is
// compared by pointers, and thousands of objects are soon gone through.
type requirement struct {
	labels.Requirement
	key    unique.Handle[string]
	values []unique.Handle[string]
}

// requirementsOf takes a selector apart; false when it selects nothing.
func requirementsOf(s labels.Selector) ([]requirement, bool) {
	plain, selectable := s.Requirements()
	list := make([]requirement, 0, len(plain))
	for _, r := range plain {
		one := requirement{Requirement: r, key: unique.Make(r.Key())}
		for v := range r.Values() {
			one.values = append(one.values, unique.Make(v))
		}
		list = append(list, one)
	}
	return list, selectable
}

func (r *requirement) matches(l labelList) bool {
	has, among := false, false
	for i := range l {
		if l[i].key == r.key {
			has, among = true, slices.Contains(r.values, l[i].value)
			break
		}
	}
	switch r.Operator() {
	case selection.Exists:
		return has
	case selection.DoesNotExist:
		return !has
	case selection.In, selection.Equals, selection.DoubleEquals:
		return among
	case selection.NotIn, selection.NotEquals:
		return !among
	}
	return r.Requirement.Matches(l)
}
