package apiserver

import (
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"skiff/internal/apiserver/authn"
	"skiff/internal/apiserver/authz"
)

// accessMetrics count who came and what they were allowed. Their labels are
// few: names of users are not among them.
type accessMetrics struct {
	users, attempts, decisions *prometheus.CounterVec
	identifying, deciding      *prometheus.HistogramVec
	expiring                   prometheus.Histogram
}

func newAccessMetrics() accessMetrics {
	counter := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	}
	seconds := func(name, help string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: prometheus.ExponentialBuckets(.001, 2, 15)}, []string{"result"})
	}
	return accessMetrics{
		users:       counter("authenticated_user_requests", "Authenticated requests by user; those of people are one.", "username"),
		attempts:    counter("authentication_attempts", "Attempts to authenticate.", "result"),
		decisions:   counter("authorization_attempts_total", "Decisions of authorization.", "result"),
		identifying: seconds("authentication_duration_seconds", "Time to authenticate."),
		deciding:    seconds("authorization_duration_seconds", "Time to authorize."),
		expiring: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "apiserver_client_certificate_expiration_seconds", Help: "How long the certificates that requests come with are still valid.",
			Buckets: []float64{0, 1800, 3600, 7200, 21600, 43200, 86400, 172800, 345600, 604800, 2592000, 7776000, 15552000, 31104000},
		}),
	}
}

func (m accessMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.users, m.attempts, m.decisions, m.identifying, m.deciding, m.expiring}
}

// certified notes how long the certificate of a request has to live.
func (m accessMetrics) certified(r *http.Request) {
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		m.expiring.Observe(time.Until(r.TLS.PeerCertificates[0].NotAfter).Seconds())
	}
}

func (m accessMetrics) authenticated(u *authn.User, err error, start time.Time) {
	result := "success"
	switch {
	case err != nil:
		result = "error"
	case u == nil:
		result = "failure"
	default:
		m.users.WithLabelValues(userLabel(u.Name)).Inc()
	}
	m.attempts.WithLabelValues(result).Inc()
	m.identifying.WithLabelValues(result).Observe(time.Since(start).Seconds())
}

// userLabel is a user's name if it is one of a few.
func userLabel(name string) string {
	if slices.Contains([]string{"admin", "client", "kube_proxy", "kubelet", "system:serviceaccount:kube-system:default"}, name) {
		return name
	}
	return "other"
}

func (m accessMetrics) authorized(d authz.Decision, err error, start time.Time) {
	result := map[authz.Decision]string{authz.Allow: "allowed", authz.Deny: "denied", authz.NoOpinion: "no-opinion"}[d]
	if err != nil && d != authz.Allow {
		result = "error"
	}
	m.decisions.WithLabelValues(result).Inc()
	m.deciding.WithLabelValues(result).Observe(time.Since(start).Seconds())
}
