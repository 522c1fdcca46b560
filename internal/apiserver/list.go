package apiserver

import (
	"errors"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"skiff/internal/store"
)

// list answers with many objects, streamed from the store's view.
func (x *exchange) list() error {
	if err := x.negotiate(); err != nil {
		return err
	}
	o, err := x.listOptions()
	if err != nil {
		return err
	}
	l, meta, err := x.listAt(o)
	if err != nil {
		return err
	}
	return x.writeList(l, meta)
}

// listAt reads the list that the options ask for.
func (x *exchange) listAt(o *internalversion.ListOptions) (*store.List, metav1.ListMeta, error) {
	var from page
	want := store.ListOptions{Namespace: x.scope(), Labels: o.LabelSelector, Fields: o.FieldSelector, Limit: o.Limit}
	want.Name, _ = nameIn(o.FieldSelector)
	if err := x.revisionsOf(o, &want, &from); err != nil {
		return nil, metav1.ListMeta{}, err
	}
	l, err := x.e.table.List(x.ctx(), want)
	switch {
	case errors.Is(err, store.ErrExpired) && o.Continue != "":
		return nil, metav1.ListMeta{}, expiredPage(from)
	case errors.Is(err, store.ErrFuture):
		return nil, metav1.ListMeta{}, tooLarge(o.ResourceVersion)
	case err != nil:
		return nil, metav1.ListMeta{}, storeError(err, x.e.r, "")
	}
	meta := metav1.ListMeta{ResourceVersion: strconv.FormatInt(l.Revision, 10)}
	if want.Limit > 0 {
		finishPage(l, &meta, isEverything(o))
	}
	return l, meta, nil
}

// finishPage walks the page once, to learn what follows it: that stands
// before the items in the answer. It keeps what it walked over.
func finishPage(l *store.List, meta *metav1.ListMeta, countRest bool) {
	items := slices.Collect(l.Items)
	meta.Continue = nextPage(l.Revision, l.Next())
	if meta.Continue != "" && countRest {
		rest := l.Remaining()
		meta.RemainingItemCount = &rest
	}
	l.Items = slices.Values(items)
}

// revisionsOf translates resourceVersion, its match and continue into the
// revision to read, as the API reference defines it.
func (x *exchange) revisionsOf(o *internalversion.ListOptions, want *store.ListOptions, from *page) error {
	if o.Continue != "" {
		p, err := parsePage(o.Continue)
		if err != nil {
			return err
		}
		*from = p
		want.After = p.after()
		if p.Revision > 0 {
			want.ExactRevision = p.Revision
		} else {
			want.MinRevision = store.Latest
		}
		return nil
	}
	n, err := x.minRevision(o.ResourceVersion)
	if err != nil {
		return err
	}
	// A limit with a revision and no match has always meant that revision.
	legacyExact := o.ResourceVersionMatch == "" && o.Limit > 0 && n > 0
	switch {
	case o.ResourceVersionMatch == metav1.ResourceVersionMatchExact || legacyExact:
		want.ExactRevision = n
	default:
		want.MinRevision = n
		if n == 0 {
			want.Limit = 0 // reads of "anything" are not paged
		}
	}
	return nil
}

func nameIn(sel fields.Selector) (string, bool) {
	if sel == nil {
		return "", false
	}
	return sel.RequiresExactMatch("metadata.name")
}

func isEverything(o *internalversion.ListOptions) bool {
	return (o.LabelSelector == nil || o.LabelSelector.Empty()) && (o.FieldSelector == nil || o.FieldSelector.Empty())
}
