package apiserver

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"skiff/internal/apiserver/authn"
	"skiff/internal/apiserver/authz"
)

const extraHeader = "Impersonate-Extra-"

// impersonate lets a user act as another (kubectl --as), if the user may
// impersonate each part of the identity asked for.
func (s *Server) impersonate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		as, err := impersonated(r.Header)
		if err == nil && as == nil {
			next.ServeHTTP(w, r)
			return
		}
		if err == nil {
			err = s.mayImpersonate(r.Context(), authn.UserFrom(r.Context()), as)
		}
		if err != nil {
			WriteError(w, r, err)
			return
		}
		complete(as)
		dropImpersonation(r.Header)
		next.ServeHTTP(w, r.WithContext(authn.WithUser(r.Context(), as)))
	})
}

// impersonated reads the identity that the headers ask for; nil for none.
func impersonated(h http.Header) (*authn.User, error) {
	u := &authn.User{Name: h.Get("Impersonate-User"), UID: h.Get("Impersonate-Uid"), Groups: h.Values("Impersonate-Group")}
	for name, values := range h {
		if !strings.HasPrefix(name, extraHeader) {
			continue
		}
		key := strings.ToLower(name[len(extraHeader):])
		if decoded, err := url.PathUnescape(key); err == nil {
			key = decoded
		}
		if u.Extra == nil {
			u.Extra = map[string][]string{}
		}
		u.Extra[key] = values
	}
	switch {
	case u.Name != "":
		return u, nil
	case u.UID != "" || len(u.Groups) > 0 || len(u.Extra) > 0:
		return nil, apierrors.NewBadRequest("requested impersonation of groups, uid or extra info without impersonating a user")
	}
	return nil, nil
}

// mayImpersonate checks each part of the identity as RBAC knows it.
func (s *Server) mayImpersonate(ctx context.Context, u, as *authn.User) error {
	checks := []authz.Attributes{{Resource: "users", Version: "v1", Name: as.Name}}
	if ns, name, ok := serviceAccount(as.Name); ok {
		checks[0] = authz.Attributes{Resource: "serviceaccounts", Version: "v1", Namespace: ns, Name: name}
	}
	for _, g := range as.Groups {
		checks = append(checks, authz.Attributes{Resource: "groups", Version: "v1", Name: g})
	}
	const group = "authentication.k8s.io"
	if as.UID != "" {
		checks = append(checks, authz.Attributes{Group: group, Resource: "uids", Version: "v1", Name: as.UID})
	}
	for key, values := range as.Extra {
		for _, v := range values {
			checks = append(checks, authz.Attributes{Group: group, Resource: "userextras", Subresource: key, Version: "v1", Name: v})
		}
	}
	for _, a := range checks {
		a.User, a.Verb = u, "impersonate"
		if err := s.allow(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

// complete adds the groups that authentication would have added.
func complete(u *authn.User) {
	if ns, _, ok := serviceAccount(u.Name); ok && len(u.Groups) == 0 {
		u.Groups = []string{"system:serviceaccounts", "system:serviceaccounts:" + ns}
	}
	everyone := "system:authenticated"
	if u.Name == "system:anonymous" {
		everyone = "system:unauthenticated"
	}
	if !slices.Contains(u.Groups, everyone) {
		u.Groups = append(slices.Clone(u.Groups), everyone)
	}
}

func serviceAccount(user string) (namespace, name string, ok bool) {
	rest, ok := strings.CutPrefix(user, "system:serviceaccount:")
	if !ok {
		return "", "", false
	}
	namespace, name, ok = strings.Cut(rest, ":")
	return namespace, name, ok && namespace != "" && name != "" && !strings.Contains(name, ":")
}

func dropImpersonation(h http.Header) {
	for name := range h {
		if strings.HasPrefix(name, "Impersonate-") {
			h.Del(name)
		}
	}
}
