// Package store keeps objects in etcd and reads them from a cache that holds
// their wire bytes. It is etcd's only user; the API server is its only one.
//
// A Table is all objects of one resource. Writes go to etcd and return when
// they are durable; reads come from the table's cache, which follows etcd by
// one watch and can wait for a revision.
package store

import (
	"context"
	"errors"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"

	"skiff/internal/api"
)

// Errors of the store. The API server turns them into Statuses.
var (
	ErrNotFound = errors.New("no such key")
	ErrExists   = errors.New("key exists")
	ErrConflict = errors.New("the object has changed")
	// ErrExpired: the revision asked for is compacted, or no longer held.
	ErrExpired = errors.New("revision is too old")
	// ErrFuture: the revision asked for did not arrive in time.
	ErrFuture = errors.New("revision is in the future")
)

// Item is one object at one revision. It never changes and is shared by all
// readers; what its methods return must not be written to.
type Item interface {
	Namespace() string
	Name() string
	Revision() int64 // etcd's mod revision: metadata.resourceVersion
	Labels() labels.Set
	Fields() fields.Set

	// Proto is the object as clients receive it in protobuf: "k8s\x00" and
	// a runtime.Unknown, with metadata.resourceVersion filled in.
	Proto() []byte
	// JSON is the object as clients receive it in JSON, with apiVersion, kind
	// and metadata.resourceVersion, without a trailing newline.
	JSON() []byte
	// AppendJSON appends JSON to b. It suits those who go through many items,
	// as nothing of it is kept for other readers, and what an item has in
	// common with the one before it, written with the same Scratch, is copied.
	// The Scratch may be nil.
	AppendJSON(b []byte, s *Scratch) []byte
	// Members is what JSON has in some members of the object, beside
	// apiVersion and kind, and without metadata.managedFields. It is nil of a
	// kind without protobuf.
	Members(names []string) []byte
	// Object is the decoded object, with metadata.resourceVersion. Callers
	// that change it DeepCopy it first.
	Object() api.Object
	// Shared is the decoded object without managedFields: one for all who hold
	// it for long, as informers do.
	Shared() api.Object
	// Printed is the object as its resource's Row needs it: it may lack
	// RowIgnores. It may lie in the scratch, and is good until the scratch
	// is used again.
	Printed(*Scratch) api.Object
}

// ListOptions choose what a List returns.
type ListOptions struct {
	Namespace string // "": all namespaces
	Name      string // "": all names (a metadata.name field selector)
	Labels    labels.Selector
	Fields    fields.Selector

	// MinRevision waits until the cache holds that revision; 0 reads what
	// the cache has now; Latest asks etcd for the present revision first.
	MinRevision int64
	// ExactRevision reads that revision, or fails with ErrExpired.
	ExactRevision int64

	Limit int64
	// After continues behind this key ("NAMESPACE/NAME", or "NAME").
	After string
}

// Latest, as a MinRevision, asks for all that was acknowledged before the
// call (a consistent read).
const Latest int64 = -1

// List is an immutable view of matching items.
type List struct {
	Revision  int64 // of the view
	Items     func(yield func(Item) bool)
	Remaining func() int64 // items beyond Limit; callable after Items is drained
	// Next is the After of the following page; "" when this was the last.
	// Callable after Items is drained.
	Next func() string
}

// EventType of a watch event.
type EventType string

// The types of watch events, as the API names them.
const (
	Added    EventType = "ADDED"
	Modified EventType = "MODIFIED"
	Deleted  EventType = "DELETED"
	Bookmark EventType = "BOOKMARK"
)

// Event is one change, already in the watcher's terms: an object that comes
// to match its selectors is Added, one that ceases to is Deleted.
type Event struct {
	Type     EventType
	Item     Item  // nil for a Bookmark; of a Deleted: the last state, at Revision
	Revision int64 // of the change
	// Initial marks the present state, which every watch is sent by itself;
	// InitialEnd the Bookmark that ends it.
	Initial, InitialEnd bool
}

// WatchOptions choose what a Watch sees.
type WatchOptions struct {
	Namespace, Name string
	Labels          labels.Selector
	Fields          fields.Selector
	// Since starts behind this revision (ErrExpired when it is no longer
	// held). 0 starts with the present state as Added events.
	Since int64
	// Initial sends the present state first, at least MinRevision, then a
	// Bookmark with InitialEnd.
	Initial     bool
	MinRevision int64
	Bookmarks   bool
	// Dropped, if set, is called when the watch ends because its reader is too
	// slow, which the reader may be too busy to see. It must return at once.
	Dropped func()
	// Begun, if set, is called once the events of what was before the watch
	// have been handed on. It must return at once.
	Begun func()
}

// Take takes an event, if ok. The function after, unless it is nil, is called
// once all watchers have been offered the event: to begin there what all of
// them need, and not with the first. Both are called under locks of the store,
// and must not wait.
type Take func(Event) (after func(), ok bool)

// Watch is a stream of events. The channel of Events closes when the watch
// ends: by Stop, by the end of its context, or because the reader was too
// slow (Err is then ErrExpired).
type Watch interface {
	Events() <-chan Event
	// Direct has events handed to take from now on, in the place of Events,
	// until take refuses one: that one, and all that follow, come by Events
	// again. It is for the reader of Events to call when it has dealt with all
	// that it has received; while there is more it does nothing and returns
	// false.
	Direct(take Take) bool
	Err() error
	Stop()
}

// Table is all objects of one resource.
type Table interface {
	// Get returns the object; minRevision as in ListOptions.
	Get(ctx context.Context, namespace, name string, minRevision int64) (Item, error)
	List(ctx context.Context, o ListOptions) (*List, error)
	Watch(ctx context.Context, o WatchOptions) (Watch, error)

	// Create stores a new object. metadata.resourceVersion is ignored.
	Create(ctx context.Context, obj api.Object) (Item, error)
	// Update replaces old by obj if old is still what is stored.
	Update(ctx context.Context, old Item, obj api.Object) (Item, error)
	// Delete removes old if it is still what is stored, and returns its last
	// state at the revision of the deletion.
	Delete(ctx context.Context, old Item) (Item, error)

	// Count is the number of objects, and Size that of their bytes in etcd.
	Count() int
	Size() int64
	// Watchers is how many watches see every change of an object, however it
	// looks; name is "" of one that has none yet.
	Watchers(namespace, name string) int
}
