package authn

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"
)

// The keys of a user's Extra that authentication fills in.
const (
	CredentialIDKey = "authentication.kubernetes.io/credential-id"
	PodNameKey      = "authentication.kubernetes.io/pod-name"
	PodUIDKey       = "authentication.kubernetes.io/pod-uid"
	NodeNameKey     = "authentication.kubernetes.io/node-name"
	NodeUIDKey      = "authentication.kubernetes.io/node-uid"
)

// TokenAuthenticator finds the user of a bearer token. nil, nil, nil means
// that the token is not of its sort. audiences are whom the token must be for,
// nil for the API server itself; those that it is for are returned.
type TokenAuthenticator interface {
	AuthenticateToken(ctx context.Context, token string, audiences []string) (*User, []string, error)
}

// Tokens asks each token authenticator in turn.
type Tokens []TokenAuthenticator

// AuthenticateToken implements TokenAuthenticator.
func (t Tokens) AuthenticateToken(ctx context.Context, token string, audiences []string) (*User, []string, error) {
	for _, a := range t {
		user, found, err := a.AuthenticateToken(ctx, token, audiences)
		if err != nil {
			return nil, nil, err
		}
		if user != nil {
			return authenticated(user), found, nil
		}
	}
	return nil, nil, nil
}

// Bearer authenticates requests by the token in their Authorization header,
// or, as browsers must, in a WebSocket subprotocol.
type Bearer struct{ Tokens TokenAuthenticator }

var errInvalidToken = errors.New("invalid bearer token")

// Authenticate implements Authenticator. Credentials are taken off the request
// when they have served: nothing behind needs them.
func (b Bearer) Authenticate(r *http.Request) (*User, error) {
	token, strip := bearerToken(r)
	if token == "" {
		return nil, nil
	}
	user, _, err := b.Tokens.AuthenticateToken(r.Context(), token, nil)
	if err != nil {
		return nil, err
	}
	if user == nil {
		return nil, errInvalidToken
	}
	strip()
	return user, nil
}

func bearerToken(r *http.Request) (token string, strip func()) {
	scheme, value, found := strings.Cut(strings.TrimSpace(r.Header.Get("Authorization")), " ")
	if found && strings.EqualFold(scheme, "bearer") {
		return strings.TrimSpace(value), func() { r.Header.Del("Authorization") }
	}
	return websocketToken(r)
}

const (
	protocolHeader = "Sec-Websocket-Protocol"
	protocolPrefix = "base64url.bearer.authorization.k8s.io."
)

// websocketToken finds the token that a browser has put among the protocols
// that it offers. The others must stay: one of them is what is spoken.
func websocketToken(r *http.Request) (token string, strip func()) {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		return "", nil
	}
	var rest []string
	for _, line := range r.Header[protocolHeader] {
		for protocol := range strings.SplitSeq(line, ",") {
			protocol = strings.TrimSpace(protocol)
			encoded, ok := strings.CutPrefix(protocol, protocolPrefix)
			if !ok {
				rest = append(rest, protocol)
				continue
			}
			if decoded, err := base64.RawURLEncoding.DecodeString(encoded); err == nil && utf8.Valid(decoded) {
				token = string(decoded)
			}
		}
	}
	if len(rest) == 0 {
		return "", nil // nothing would be left to speak
	}
	return token, func() { r.Header.Set(protocolHeader, strings.Join(rest, ",")) }
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }
