package authn

import "slices"

// The users and groups that authentication itself gives.
const (
	Anonymous       = "system:anonymous"
	Authenticated   = "system:authenticated"
	Unauthenticated = "system:unauthenticated"
)

// NewUser is an authenticated user: one of groups, and of
// system:authenticated.
func NewUser(name string, groups ...string) *User {
	return authenticated(&User{Name: name, Groups: groups})
}

// authenticated returns u as a member of system:authenticated. u is shared
// and is not changed.
func authenticated(u *User) *User {
	if slices.Contains(u.Groups, Authenticated) || slices.Contains(u.Groups, Unauthenticated) {
		return u
	}
	out := *u
	out.Groups = append(slices.Clone(u.Groups), Authenticated)
	return &out
}
