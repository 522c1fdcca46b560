// Package api says what each kind of object means: its names, defaults,
// validation, what create and update may touch, and how it prints.
//
// Each kind is one value in one file of the package of its group
// (internal/api/core/pod.go, internal/api/apps/deployment.go, ...), made with
// Define. Package internal/api/catalogue lists them all; discovery, OpenAPI,
// REST routes, tables and RBAC names follow from that list and from nothing
// else. This package holds no object and does no I/O.
package api

import (
	"context"
	"strings"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Object is any API object with metadata.
type Object interface {
	runtime.Object
	metav1.Object
}

// Resource is one kind as the API server sees it. It is made by Define from
// the typed Kind; its functions may be called with objects of its own kind
// only. A nil function means that the kind has nothing to say there.
type Resource struct {
	schema.GroupVersionKind
	Plural     string   // "pods"
	Singular   string   // "pod"
	ShortNames []string // "po"
	Categories []string // "all"
	Namespaced bool

	// Prefix is where objects lie in etcd, below /registry/: Kubernetes' own
	// path, so "pods", but "services/specs", "services/endpoints", "minions".
	Prefix string

	// Verbs that the kind serves; nil means all of AllVerbs. A kind with an
	// empty Prefix is not stored (reviews); its verbs are answered by the
	// API server's own code.
	Verbs []string

	New     func() Object
	NewList func() runtime.Object

	// StoredAs is the resource that holds this one's objects when it is a
	// second view of them (autoscaling/v1 of v2, events.k8s.io of core).
	StoredAs             *Resource
	ToStored, FromStored func(Object) (Object, error)

	// Default fills in what the client left out; on create, update and patch,
	// before anything else.
	Default func(Object)
	// PrepareCreate resets what a client may not set on create (status) and
	// adds what follows from the object's final name and UID; PrepareUpdate
	// puts back what a client may not change. Both run behind the admission
	// that changes objects and before validation.
	PrepareCreate func(Object)
	PrepareUpdate func(obj, old Object)
	// Validate judges a whole object, metadata included, on create and on
	// update of the main resource. ValidateUpdate comes in addition on update:
	// what may change. ValidateKept is Validate for an update that leaves Spec
	// as it was, and may leave out what was judged when that was stored. Define
	// makes them, so they are never nil.
	Validate       func(Object) field.ErrorList
	ValidateKept   func(Object) field.ErrorList
	ValidateUpdate func(obj, old Object) field.ErrorList
	// Warnings are remarks about a new object, UpdateWarnings about a change of
	// one: of objects that are stored, not of those that are refused.
	Warnings       func(Object) []string
	UpdateWarnings func(obj, old Object) []string

	// Spec is the part whose change raises metadata.generation; nil when the
	// kind has no generation.
	Spec func(Object) any

	// Parts are the subresources that write one part of the object and leave
	// the rest: status, finalize, approval, ephemeralcontainers, resize.
	Parts []Part

	// Subresources are those answered by the API server's own code: binding,
	// eviction, log, exec, attach, portforward, proxy, token.
	Subresources []Subresource

	Scale *Scale

	// Deleting is called when a deletion is asked for; it may change the
	// object (a Namespace turns Terminating) and says whether the object may
	// go once metadata.finalizers is empty.
	Deleting func(Object) bool

	// GracePeriod says how many seconds a deletion waits before the object
	// may go (Pods); asked is what the client asked for, or nil. A kind
	// without it is removed at once.
	GracePeriod func(obj Object, asked *int64) int64

	// ReturnsDeleted: a deletion answers with the object that it removed, and
	// not with a Status.
	ReturnsDeleted bool

	// OrphanByDefault: dependants are orphaned when a deletion names no
	// propagation policy.
	OrphanByDefault bool
	// DeleteWarnings are remarks about how an object is to be deleted.
	DeleteWarnings func(*metav1.DeleteOptions) []string

	AllowCreateOnUpdate    bool // PUT to a name that is not there creates it
	RequireResourceVersion bool // PUT must carry metadata.resourceVersion

	// TTL is how many seconds a new object lives (Events); 0: for ever.
	TTL int64

	Columns []metav1.TableColumnDefinition
	Row     func(Object) []any // one cell a column
	// RowIgnores are paths of fields that Row does not look at, in JSON
	// names; the objects that it is given may lack them. It names those that
	// are large.
	RowIgnores []string

	// Fields are the selectable fields beside metadata.name and
	// metadata.namespace. FieldNames lists their names.
	FieldNames []string
	Fields     func(Object) map[string]string
	// FieldAliases are further names of selectable fields, and which fields
	// they mean: what older clients say, or what a kind shown as another
	// calls them.
	FieldAliases map[string]string
}

// Part is a subresource that writes one part of the object.
type Part struct {
	Name string
	// Copy copies the part from src, what the client sent, to dst, a copy of
	// what is stored.
	Copy func(dst, src Object)
	// Validate judges an update of the part, in place of the resource's own
	// Validate and ValidateUpdate. Never nil.
	Validate func(obj, old Object) field.ErrorList
	Warnings func(Object) []string // remarks on the part
	NoRead   bool                  // no GET on the subresource (namespaces/finalize)
}

// Subresource is one that the API server answers with code of its own.
type Subresource struct {
	Name  string
	Kind  schema.GroupVersionKind // of the body; zero GroupVersion: as the parent
	Verbs []string
}

// Scale reads and writes the scale subresource.
type Scale struct {
	Get func(Object) *autoscalingv1.Scale
	Set func(obj Object, replicas int32)
	// Kind of the body: autoscaling/v1 Scale.
}

// AllVerbs are the verbs of an ordinary kind.
var AllVerbs = []string{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}

// GroupVersionResource names the resource in URLs.
func (r *Resource) GroupVersionResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: r.Group, Version: r.Version, Resource: r.Plural}
}

// GroupResource names the resource in RBAC rules and errors.
func (r *Resource) GroupResource() schema.GroupResource {
	return schema.GroupResource{Group: r.Group, Resource: r.Plural}
}

// Part returns the part called name, or nil.
func (r *Resource) Part(name string) *Part {
	for i := range r.Parts {
		if r.Parts[i].Name == name {
			return &r.Parts[i]
		}
	}
	return nil
}

// Serves says whether the kind answers verb.
func (r *Resource) Serves(verb string) bool {
	verbs := r.Verbs
	if verbs == nil {
		verbs = AllVerbs
	}
	for _, v := range verbs {
		if v == verb {
			return true
		}
	}
	return false
}

// Key is the object's key in etcd: /registry/PREFIX[/NAMESPACE]/NAME.
func (r *Resource) Key(namespace, name string) string {
	if !r.Namespaced {
		return "/registry/" + r.Prefix + "/" + name
	}
	return "/registry/" + r.Prefix + "/" + namespace + "/" + name
}

// Reader reads stored objects at the latest revision that this process knows.
// What it returns is shared and must not be changed.
type Reader interface {
	// Get returns the object, or a NotFound StatusError.
	Get(ctx context.Context, r *Resource, namespace, name string) (Object, error)
	// List returns the objects of a namespace, of all when it is "".
	List(ctx context.Context, r *Resource, namespace string) ([]Object, error)
}

func singular(kind string) string { return strings.ToLower(kind) }
