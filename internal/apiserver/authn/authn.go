// Package authn says who makes a request: by client certificate, bearer
// token, or, for components in this process, by the identity that the
// in-process client put into the request's context.
package authn

import (
	"context"
	"net/http"
)

// User is who makes a request.
type User struct {
	Name   string
	UID    string
	Groups []string
	Extra  map[string][]string
}

// Authenticator finds the user of a request. It returns nil, nil when the
// request carries no credentials of its sort, and an error when it carries
// ones that do not hold (the answer is then 401).
type Authenticator interface {
	Authenticate(*http.Request) (*User, error)
}

type userKey struct{}

// WithUser returns a context that carries the user of a request.
func WithUser(ctx context.Context, u *User) context.Context {
	return context.WithValue(ctx, userKey{}, u)
}

// UserFrom returns the user that WithUser put into ctx, or nil.
func UserFrom(ctx context.Context) *User {
	u, _ := ctx.Value(userKey{}).(*User)
	return u
}
