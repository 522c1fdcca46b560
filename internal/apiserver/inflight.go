package apiserver

import (
	"net/http"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"skiff/internal/apiserver/authn"
)

// How many requests that do not stream may be under way at once. Further ones
// are turned away with 429, which clients retry.
const (
	maxReading = 400
	maxWriting = 200
)

// limitInFlight bounds the requests under way. The system's masters and its
// own components are never turned away: they must be able to mend things.
func (s *Server) limitInFlight(next http.Handler) http.Handler {
	reading, writing := make(chan struct{}, maxReading), make(chan struct{}, maxWriting)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info := InfoFrom(r.Context())
		if isLongRunning(info) || isExempt(authn.UserFrom(r.Context())) {
			next.ServeHTTP(w, r)
			return
		}
		places := writing
		if slices.Contains([]string{"get", "list", "head"}, info.Verb) {
			places = reading
		}
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
			next.ServeHTTP(w, r)
		default:
			s.metrics.turnedAway(info, s.knows(info))
			WriteError(w, r, apierrors.NewTooManyRequests("Too many requests, please try again later.", 1))
		}
	})
}

func isExempt(u *authn.User) bool {
	return slices.Contains(u.Groups, "system:masters")
}
