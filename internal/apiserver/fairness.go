package apiserver

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"skiff/internal/apiserver/authn"
	"skiff/internal/apiserver/fairness"
)

// The headers that say how a request was classified, as net/http spells them.
const (
	schemaHeader = "X-Kubernetes-Pf-Flowschema-Uid"
	levelHeader  = "X-Kubernetes-Pf-Prioritylevel-Uid"
)

// shareFairly has requests wait until their priority level has seats for them,
// and turns away those for whom there is no place. Those that last do not
// count; a watch does until it has begun.
func (s *Server) shareFairly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info := InfoFrom(r.Context())
		if isLongRunning(info) && !isWatch(info) {
			next.ServeHTTP(w, r)
			return
		}
		request := classified(authn.UserFrom(r.Context()), info)
		class := s.cfg.Fairness.Classify(&request)
		w.Header()[schemaHeader], w.Header()[levelHeader] = class.UIDs()
		ticket, verdict := s.cfg.Fairness.Arrive(class, &request, s.width(r, info, class.MostSeats()), time.Now())
		if verdict == fairness.Waiting {
			verdict = s.waitForSeats(r.Context(), info, ticket)
		}
		switch {
		case verdict == fairness.Refused:
			s.turnAway(w, info, class)
		case isWatch(info):
			s.beginWatch(next, w, r, ticket)
		default:
			defer s.leaveSeats(ticket)
			next.ServeHTTP(w, r)
		}
	})
}

func isWatch(i *RequestInfo) bool { return i.IsResource && i.Verb == "watch" }

// classified is a request in the terms of FlowSchemas.
func classified(u *authn.User, i *RequestInfo) fairness.Request {
	return fairness.Request{
		User: u.Name, Groups: u.Groups, Verb: i.Verb, Path: i.Path, IsResource: i.IsResource,
		APIGroup: i.Group, APIVersion: i.Version, Resource: i.Resource, Subresource: i.Subresource, Namespace: i.Namespace, Name: i.Name,
	}
}

// waitForSeats waits for no longer than a quarter of the time that the request
// has. Those who wait see to it that seats are lent anew when it is time: there
// may be nobody else to do it.
func (s *Server) waitForSeats(ctx context.Context, i *RequestInfo, t *fairness.Ticket) fairness.Verdict {
	defer s.metrics.waiting(i)()
	d, now := s.cfg.Fairness, time.Now()
	ctx, cancel := context.WithDeadline(ctx, now.Add(patience(ctx, now)))
	defer cancel()
	timer := time.NewTimer(d.UntilAdjustment(now))
	defer timer.Stop()
	for {
		select {
		case <-t.Seated():
			return fairness.Seated
		case <-ctx.Done():
			if d.Leave(t, time.Now()) {
				return fairness.Refused
			}
			return fairness.Seated
		case now = <-timer.C:
			d.Adjust(now)
			timer.Reset(d.UntilAdjustment(now))
		}
	}
}

// patience is how long a request may wait.
func patience(ctx context.Context, now time.Time) time.Duration {
	left := requestTimeout
	if deadline, ok := ctx.Deadline(); ok {
		left = deadline.Sub(now)
	}
	return min(left/4, time.Minute)
}

// turnAway answers in plain text, as upstream does.
func (s *Server) turnAway(w http.ResponseWriter, i *RequestInfo, c fairness.Class) {
	s.metrics.turnedAway(i, s.knows(i))
	w.Header().Set("Retry-After", strconv.Itoa(s.cfg.Fairness.RetryAfter(c, time.Now())))
	http.Error(w, "Too many requests, please try again later.", http.StatusTooManyRequests)
}

// leaveSeats lets go of a request's seats, or has them let go when what the
// request has set off should be over.
func (s *Server) leaveSeats(t *fairness.Ticket) {
	if linger := s.cfg.Fairness.Done(t, time.Now()); linger > 0 {
		time.AfterFunc(linger, func() { s.cfg.Fairness.Release(t, time.Now()) })
	}
}

type begunKey struct{}

// beginWatch lets go of the seats of a watch once it has begun. One whose
// client does not read has had them for long enough when any other request
// would have ended.
func (s *Server) beginWatch(next http.Handler, w http.ResponseWriter, r *http.Request, t *fairness.Ticket) {
	begun := sync.OnceFunc(func() { s.leaveSeats(t) })
	defer begun()
	defer time.AfterFunc(requestTimeout, begun).Stop()
	next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), begunKey{}, begun)))
}

// begun is what a watch calls once it has begun; nil outside of requests.
func begun(ctx context.Context) func() {
	f, _ := ctx.Value(begunKey{}).(func())
	return f
}
