package authz

import (
	"context"
	"slices"
	"strings"

	"skiff/internal/api"
	"skiff/internal/apiserver/authn"
	"skiff/internal/pki"
	"skiff/internal/store"
)

// Storage is where roles, bindings and pods are read from: *store.Store.
type Storage interface {
	Table(*api.Resource) store.Table
}

// Union asks each authorizer in turn until one has an opinion. The reasons of
// those that have none are joined: they say why a request is refused.
type Union []Authorizer

// Authorize implements Authorizer.
func (u Union) Authorize(ctx context.Context, a Attributes) (Decision, string, error) {
	var reasons []string
	for _, authorizer := range u {
		decision, reason, err := authorizer.Authorize(ctx, a)
		if err != nil || decision != NoOpinion {
			return decision, reason, err
		}
		if reason != "" {
			reasons = append(reasons, reason)
		}
	}
	return NoOpinion, strings.Join(reasons, ", "), nil
}

// Masters allows members of system:masters everything, so that a cluster whose
// roles are broken can be mended.
type Masters struct{}

// Authorize implements Authorizer.
func (Masters) Authorize(_ context.Context, a Attributes) (Decision, string, error) {
	if isMaster(a.User) {
		return Allow, "", nil
	}
	return NoOpinion, "", nil
}

func isMaster(u *authn.User) bool { return slices.Contains(u.Groups, pki.MastersGroup) }

// New makes the API server's authorizer over rbac.
func New(storage Storage, rbac *RBAC) Authorizer {
	return Union{Masters{}, &Node{Storage: storage}, rbac}
}
