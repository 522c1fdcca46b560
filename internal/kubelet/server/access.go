package server

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

const (
	// apiServerUser is the name in the certificate with which API servers
	// call kubelets.
	apiServerUser = "kube-apiserver-kubelet-client"

	// How long an answer of the API server about a caller is believed.
	allowedFor, deniedFor = 5 * time.Minute, 30 * time.Second
	maxDecisions          = 1000
)

// masters are the groups that may do everything everywhere.
var masters = []string{"system:masters", "kubeadm:cluster-admins"}

// Access decides who may use the kubelet. Callers are named by a client
// certificate, checked in the handshake, or by a bearer token. The API server
// and administrators may do everything; of others the API server is asked.
type Access struct {
	Client kubernetes.Interface
	Node   string

	mu        sync.Mutex
	decisions map[string]decision
}

type user struct {
	name   string
	uid    string
	groups []string
	extra  map[string]authorizationv1.ExtraValue
}

type decision struct {
	user    user
	allowed bool
	until   time.Time
}

// guard lets through who may.
func (a *Access) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, ok, err := a.authenticate(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if !ok {
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
			return
		}
		allowed, err := a.authorize(r.Context(), u, r)
		if err != nil {
			http.Error(w, fmt.Sprintf("Authorization error (user=%s, verb=%s, resource=nodes): %v", u.name, verb(r.Method), err), http.StatusInternalServerError)
			return
		}
		if !allowed {
			http.Error(w, fmt.Sprintf("Forbidden (user=%s, verb=%s, resource=nodes, subresource(s)=%v)", u.name, verb(r.Method), subresources(r.URL.Path)), http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// authenticate names the caller; false if it cannot.
func (a *Access) authenticate(r *http.Request) (user, bool, error) {
	if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		s := r.TLS.PeerCertificates[0].Subject
		return user{name: s.CommonName, groups: append(slices.Clone(s.Organization), "system:authenticated")}, true, nil
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || token == "" {
		return user{}, false, nil
	}
	d, err := a.remember("token\x00"+token, func() (decision, error) { return a.review(r.Context(), token) })
	return d.user, d.allowed, err
}

// review asks the API server whose a token is.
func (a *Access) review(ctx context.Context, token string) (decision, error) {
	tr, err := a.Client.AuthenticationV1().TokenReviews().Create(ctx,
		&authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token}}, metav1.CreateOptions{})
	if err != nil {
		return decision{}, err
	}
	u := user{name: tr.Status.User.Username, uid: tr.Status.User.UID, groups: tr.Status.User.Groups, extra: map[string]authorizationv1.ExtraValue{}}
	for k, v := range tr.Status.User.Extra {
		u.extra[k] = authorizationv1.ExtraValue(v)
	}
	return decision{user: u, allowed: tr.Status.Authenticated}, nil
}

// authorize says whether the user may do what is asked.
func (a *Access) authorize(ctx context.Context, u user, r *http.Request) (bool, error) {
	if u.name == apiServerUser || slices.ContainsFunc(u.groups, func(g string) bool { return slices.Contains(masters, g) }) {
		return true, nil
	}
	for _, sub := range subresources(r.URL.Path) {
		key := strings.Join(append([]string{"access", u.name, verb(r.Method), sub}, u.groups...), "\x00")
		d, err := a.remember(key, func() (decision, error) { return a.ask(ctx, u, verb(r.Method), sub) })
		if err != nil || d.allowed {
			return d.allowed, err
		}
	}
	return false, nil
}

func (a *Access) ask(ctx context.Context, u user, verb, sub string) (decision, error) {
	r, err := a.Client.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
		Spec: authorizationv1.SubjectAccessReviewSpec{
			User: u.name, UID: u.uid, Groups: u.groups, Extra: u.extra,
			ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: verb, Version: "v1", Resource: "nodes", Subresource: sub, Name: a.Node},
		}}, metav1.CreateOptions{})
	if err != nil {
		return decision{}, err
	}
	return decision{allowed: r.Status.Allowed}, nil
}

// remember returns a recent decision, or makes and keeps a new one.
func (a *Access) remember(key string, decide func() (decision, error)) (decision, error) {
	a.mu.Lock()
	known, ok := a.decisions[key]
	a.mu.Unlock()
	if ok && time.Now().Before(known.until) {
		return known, nil
	}
	d, err := decide()
	if err != nil {
		return d, err
	}
	d.until = time.Now().Add(deniedFor)
	if d.allowed {
		d.until = time.Now().Add(allowedFor)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.decisions == nil || len(a.decisions) >= maxDecisions {
		a.decisions = map[string]decision{}
	}
	a.decisions[key] = d
	return d, nil
}

// verb is the API's word for an HTTP method.
func verb(method string) string {
	switch method {
	case http.MethodPost:
		return "create"
	case http.MethodPut:
		return "update"
	case http.MethodPatch:
		return "patch"
	case http.MethodDelete:
		return "delete"
	}
	return "get"
}

// subresources are those of nodes that a path belongs to; the right to one of
// them is enough.
func subresources(path string) []string {
	top, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch top {
	case "stats", "metrics":
		return []string{top}
	case "logs":
		return []string{"log"}
	case "healthz", "pods", "configz":
		return []string{top, "proxy"}
	}
	return []string{"proxy"}
}
