package api

import (
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"skiff/internal/api/meta"
	"skiff/internal/api/table"
)

// Kind is what the file of a kind writes down: a Resource whose functions
// take the kind's own Go type. See Resource for what each field means.
type Kind[P Object] struct {
	GVK        schema.GroupVersionKind
	Plural     string
	Singular   string // default: the kind in lower case
	ShortNames []string
	Categories []string
	Namespaced bool
	Prefix     string
	Verbs      []string

	New     func() P
	NewList func() runtime.Object

	StoredAs   *Resource
	ToStored   func(P) (Object, error)
	FromStored func(Object) (P, error)

	// ValidateName judges metadata.name, or metadata.generateName when prefix
	// is set; nil means that names are DNS subdomains.
	ValidateName func(name string, prefix bool) []string
	// ValidateNameOf is ValidateName where which names are valid follows from
	// the rest of the object.
	ValidateNameOf func(P) func(name string, prefix bool) []string

	Default        func(P)
	PrepareCreate  func(P)
	PrepareUpdate  func(obj, old P)
	Validate       func(P) field.ErrorList
	ValidateSpec   func(P) field.ErrorList // beside Validate, unless an update leaves Spec as it was
	ValidateNew    func(P) field.ErrorList // beside Validate, of a new object alone
	ValidateUpdate func(obj, old P) field.ErrorList
	Warnings       func(P) []string
	UpdateWarnings func(obj, old P) []string // in place of Warnings, on update
	Spec           func(P) any

	Parts        []PartOf[P]
	Subresources []Subresource
	Scale        *ScaleOf[P]

	Deleting        func(P) bool
	GracePeriod     func(obj P, asked *int64) int64
	ReturnsDeleted  bool
	OrphanByDefault bool
	// DeleteWarnings are remarks about how an object is to be deleted.
	DeleteWarnings func(*metav1.DeleteOptions) []string

	AllowCreateOnUpdate    bool
	RequireResourceVersion bool
	TTL                    int64

	Columns    []metav1.TableColumnDefinition
	Row        func(P) []any
	RowIgnores []string
	FieldNames []string
	Fields     func(P) map[string]string

	FieldAliases map[string]string
}

// PartOf is a Part of a kind with its own Go type.
type PartOf[P Object] struct {
	Name     string
	Copy     func(dst, src P)
	Validate func(obj, old P) field.ErrorList
	Warnings func(P) []string
	NoRead   bool

	// own copies the part alone: what a write of the whole object must leave
	// as it is. Set for status.
	own func(dst, src P)
	// givenOnCreate: a new object may bring the part with it.
	givenOnCreate bool
}

// ScaleOf is a Scale of a kind with its own Go type.
type ScaleOf[P Object] struct {
	Get func(P) *autoscalingv1.Scale
	Set func(obj P, replicas int32)
}

// Define turns a Kind into the Resource that the API server works with.
func Define[P Object](k Kind[P]) *Resource {
	r := &Resource{
		GroupVersionKind: k.GVK, Plural: k.Plural, Singular: k.Singular, ShortNames: k.ShortNames,
		Categories: k.Categories, Namespaced: k.Namespaced, Prefix: k.Prefix, Verbs: k.Verbs,
		New: func() Object { return k.New() }, NewList: k.NewList, StoredAs: k.StoredAs,
		Default: one(k.Default), PrepareCreate: one(k.prepareCreate()), PrepareUpdate: two(k.prepareUpdate()),
		Validate: k.validate(true), ValidateKept: k.validate(false), ValidateUpdate: validateUpdate(k.ValidateUpdate),
		Warnings: oneTo[P, []string](k.Warnings), UpdateWarnings: twoTo[P, []string](k.updateWarnings()), Spec: oneTo[P, any](k.Spec),
		Subresources: k.Subresources, Deleting: oneTo[P, bool](k.Deleting),
		ReturnsDeleted: k.ReturnsDeleted, OrphanByDefault: k.OrphanByDefault, DeleteWarnings: k.DeleteWarnings, AllowCreateOnUpdate: k.AllowCreateOnUpdate,
		RequireResourceVersion: k.RequireResourceVersion, TTL: k.TTL,
		Columns: k.Columns, Row: oneTo[P, []any](k.Row), RowIgnores: append(k.RowIgnores, "metadata.managedFields"),
		FieldNames: k.FieldNames, Fields: oneTo[P, map[string]string](k.Fields), FieldAliases: k.FieldAliases,
	}
	if r.Singular == "" {
		r.Singular = singular(k.GVK.Kind)
	}
	for _, p := range k.Parts {
		r.Parts = append(r.Parts, Part{
			Name: p.Name, Copy: two(p.Copy), Validate: validateUpdate(p.Validate), Warnings: oneTo[P, []string](p.Warnings), NoRead: p.NoRead,
		})
	}
	if r.Columns == nil {
		r.Columns, r.Row = table.Of("Name", "Created At").Dates("Created At"), nameAndTime
	}
	if s := k.Scale; s != nil {
		r.Scale = &Scale{
			Get: func(o Object) *autoscalingv1.Scale { return s.Get(o.(P)) },
			Set: func(o Object, replicas int32) { s.Set(o.(P), replicas) },
		}
	}
	if f := k.GracePeriod; f != nil {
		r.GracePeriod = func(o Object, asked *int64) int64 { return f(o.(P), asked) }
	}
	if f := k.ToStored; f != nil {
		r.ToStored = func(o Object) (Object, error) { return f(o.(P)) }
	}
	if f := k.FromStored; f != nil {
		r.FromStored = func(o Object) (Object, error) { return f(o) }
	}
	return r
}

// prepareCreate empties the parts that a new object may not bring, and then
// does what the kind wants.
func (k Kind[P]) prepareCreate() func(P) {
	return func(o P) {
		for _, p := range k.Parts {
			if p.own != nil && !p.givenOnCreate {
				p.own(o, k.New())
			}
		}
		if k.PrepareCreate != nil {
			k.PrepareCreate(o)
		}
	}
}

// prepareUpdate keeps the parts that have a subresource of their own as they
// are, and then does what the kind wants.
func (k Kind[P]) prepareUpdate() func(obj, old P) {
	return func(o, old P) {
		for _, p := range k.Parts {
			if p.own != nil {
				p.own(o, old)
			}
		}
		if k.PrepareUpdate != nil {
			k.PrepareUpdate(o, old)
		}
	}
}

// updateWarnings are the kind's own, or else what it remarks about any object.
func (k Kind[P]) updateWarnings() func(obj, old P) []string {
	if k.UpdateWarnings != nil || k.Warnings == nil {
		return k.UpdateWarnings
	}
	return func(obj, _ P) []string { return k.Warnings(obj) }
}

// validate adds the rules of metadata to the kind's own. What is not stored (a
// review) needs no name.
func (k Kind[P]) validate(spec bool) func(Object) field.ErrorList {
	validName := k.ValidateName
	if validName == nil {
		validName = meta.Subdomain
	}
	return func(o Object) field.ErrorList {
		var errs field.ErrorList
		validName := validName
		if k.ValidateNameOf != nil {
			validName = k.ValidateNameOf(o.(P))
		}
		if k.Prefix != "" {
			errs = meta.Validate(o, k.Namespaced, validName)
			if !k.anyFinalizer() {
				errs = append(errs, meta.Finalizers(o)...)
			}
		}
		if k.Validate != nil {
			errs = append(errs, k.Validate(o.(P))...)
		}
		if k.ValidateSpec != nil && spec {
			errs = append(errs, k.ValidateSpec(o.(P))...)
		}
		// What is stored has a resourceVersion; what is new has none.
		if k.ValidateNew != nil && o.GetResourceVersion() == "" {
			errs = append(errs, k.ValidateNew(o.(P))...)
		}
		return errs
	}
}

// anyFinalizer says whether a finalizer needs no domain: groups that know
// nothing of the core ask for none, and two kinds never look.
func (k Kind[P]) anyFinalizer() bool {
	switch k.GVK.Group {
	case "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "coordination.k8s.io", "node.k8s.io":
		return true
	}
	return k.GVK.Kind == "Event" || k.GVK.Kind == "PodDisruptionBudget"
}

// validateUpdate adds what holds for metadata at every update.
func validateUpdate[P Object](own func(obj, old P) field.ErrorList) func(obj, old Object) field.ErrorList {
	return func(obj, old Object) field.ErrorList {
		errs := meta.ValidateUpdate(obj, old)
		if own != nil {
			errs = append(errs, own(obj.(P), old.(P))...)
		}
		return errs
	}
}

// nameAndTime is how a kind prints that has nothing special to say.
func nameAndTime(o Object) []any {
	return []any{o.GetName(), o.GetCreationTimestamp().UTC().Format(time.RFC3339)}
}

// New makes an empty T; it is the New of most kinds.
func New[T any]() *T { return new(T) }

// NewList makes an empty T; it is the NewList of most kinds.
func NewList[T any, P interface {
	*T
	runtime.Object
}]() runtime.Object {
	return P(new(T))
}

// Status is the status subresource of kinds whose labels and annotations may
// be written along with their status, which is most of them.
func Status[P Object](copy func(dst, src P)) PartOf[P] {
	return PartOf[P]{Name: "status", own: copy, Copy: func(dst, src P) {
		dst.SetLabels(src.GetLabels())
		dst.SetAnnotations(src.GetAnnotations())
		copy(dst, src)
	}}
}

// StatusOnly is the status subresource of kinds where it leaves metadata alone.
func StatusOnly[P Object](copy func(dst, src P)) PartOf[P] {
	return PartOf[P]{Name: "status", own: copy, Copy: copy}
}

// GivenOnCreate returns the part for a kind whose new objects may bring it.
func (p PartOf[P]) GivenOnCreate() PartOf[P] {
	p.givenOnCreate = true
	return p
}

// Along returns the part for a kind where more may be written along with it, or
// less. more comes first: dst is as it was, and src is the client's, which it
// may change.
func (p PartOf[P]) Along(more func(dst, src P)) PartOf[P] {
	part := p.Copy
	p.Copy = func(dst, src P) {
		more(dst, src)
		part(dst, src)
	}
	return p
}

// Validated returns the part with rules for what it writes.
func (p PartOf[P]) Validated(rules func(obj, old P) field.ErrorList) PartOf[P] {
	p.Validate = rules
	return p
}

// Warned returns the part with remarks on what it writes.
func (p PartOf[P]) Warned(remarks func(P) []string) PartOf[P] {
	p.Warnings = remarks
	return p
}

func one[P Object](f func(P)) func(Object) {
	if f == nil {
		return nil
	}
	return func(o Object) { f(o.(P)) }
}

func two[P Object](f func(a, b P)) func(a, b Object) {
	if f == nil {
		return nil
	}
	return func(a, b Object) { f(a.(P), b.(P)) }
}

func oneTo[P Object, T any](f func(P) T) func(Object) T {
	if f == nil {
		return nil
	}
	return func(o Object) T { return f(o.(P)) }
}

func twoTo[P Object, T any](f func(a, b P) T) func(a, b Object) T {
	if f == nil {
		return nil
	}
	return func(a, b Object) T { return f(a.(P), b.(P)) }
}
