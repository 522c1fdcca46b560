package authn

import "net/http"

// Union asks each authenticator in turn. The first that finds a user decides;
// a request whose credentials all fail is refused, even if it is one that
// anonymous users may make.
type Union []Authenticator

// Authenticate implements Authenticator.
func (u Union) Authenticate(r *http.Request) (*User, error) {
	var failed error
	for _, a := range u {
		user, err := a.Authenticate(r)
		if err != nil {
			failed = err
			continue
		}
		if user != nil {
			return authenticated(user), nil
		}
	}
	return nil, failed
}

// AllowAnonymous is the last word on requests: those without credentials are
// of system:anonymous.
type AllowAnonymous struct{ Authenticator }

// Authenticate implements Authenticator.
func (a AllowAnonymous) Authenticate(r *http.Request) (*User, error) {
	user, err := a.Authenticator.Authenticate(r)
	if user != nil || err != nil {
		return user, err
	}
	return anonymous, nil
}

var anonymous = &User{Name: Anonymous, Groups: []string{Unauthenticated}}
