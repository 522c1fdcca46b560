package reviews

import (
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
)

// What became of a selector that could not be read as a whole. What is ignored
// narrows nothing, which is the safe side.
const (
	ignoredAll  = "ignored"
	ignoredSome = "partially ignored"
)

// fieldSelector is f as far as it can be read; left says what became of the
// rest, if there is any. Requirements are read that say "is" or "is not".
func fieldSelector(f *authorizationv1.FieldSelectorAttributes) (selector fields.Selector, left string) {
	switch {
	case f == nil:
		return nil, ""
	case f.RawSelector != "":
		selector, err := fields.ParseSelector(f.RawSelector)
		if err != nil {
			return nil, ignoredAll
		}
		return selector, ""
	}
	var terms []fields.Selector
	for _, r := range f.Requirements {
		switch {
		case len(r.Values) != 1:
		case r.Operator == metav1.FieldSelectorOpIn:
			terms = append(terms, fields.OneTermEqualSelector(r.Key, r.Values[0]))
		case r.Operator == metav1.FieldSelectorOpNotIn:
			terms = append(terms, fields.OneTermNotEqualSelector(r.Key, r.Values[0]))
		}
	}
	if len(terms) > 0 {
		selector = fields.AndSelectors(terms...)
	}
	return selector, unread(len(terms), len(f.Requirements))
}

// unreadLabels says what of l could not be read. No authorizer looks at labels.
func unreadLabels(l *authorizationv1.LabelSelectorAttributes) string {
	switch {
	case l == nil:
		return ""
	case l.RawSelector != "":
		if _, err := labels.Parse(l.RawSelector); err != nil {
			return ignoredAll
		}
		return ""
	}
	read := 0
	for _, r := range l.Requirements {
		one := metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{r}}
		if _, err := metav1.LabelSelectorAsSelector(&one); err == nil {
			read++
		}
	}
	return unread(read, len(l.Requirements))
}

func unread(read, all int) string {
	switch read {
	case all:
		return ""
	case 0:
		return ignoredAll
	}
	return ignoredSome
}
