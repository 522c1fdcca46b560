// Package admission changes and checks objects between authorization and
// storage: each built-in plug-in is one file.
package admission

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime"

	"skiff/internal/api"
	"skiff/internal/apiserver/authn"
)

// The operations that pass through admission.
const (
	Create  = "CREATE"
	Update  = "UPDATE"
	Delete  = "DELETE"
	Connect = "CONNECT"
)

// Request is one write on its way to storage.
type Request struct {
	Operation   string
	Verb        string // of the request: what it is authorized by
	Resource    *api.Resource
	Subresource string
	Namespace   string
	Name        string
	Object      runtime.Object // nil on DELETE; mutating plug-ins change it in place
	Old         runtime.Object // nil on CREATE; read only
	Options     runtime.Object // CreateOptions, UpdateOptions, DeleteOptions, or nil
	User        *authn.User
	DryRun      bool
	// Warn adds a Warning header to the answer.
	Warn func(text string)

	reserved []reservation // of quotas, by ResourceQuota
}

// Plugin is one admission plug-in: an Admitter, a Validator, or both. The
// errors of either are StatusErrors (apierrors.NewForbidden and the like).
type Plugin interface {
	Name() string
}

// Admitter is a Plugin that runs before validation, and may change the object.
type Admitter interface {
	Plugin
	Admit(ctx context.Context, r *Request) error
}

// Validator is a Plugin that sees the final object, and may only refuse.
type Validator interface {
	Plugin
	Validate(ctx context.Context, r *Request) error
}

// Finisher is a Plugin that has to know what became of a request that its
// Validate let pass: Finish is called once, with whether the object was stored.
type Finisher interface {
	Finish(ctx context.Context, r *Request, stored bool)
}
