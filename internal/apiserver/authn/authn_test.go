package authn

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"skiff/internal/apiserver/serviceaccount"
	"skiff/internal/apiserver/testreader"
	"skiff/internal/pki"
)

// server is all that authentication stands on.
type server struct {
	*pki.PKI
	issuer *serviceaccount.Issuer
	reader *testreader.Reader
	authn  Authenticator
}

func newServer(t *testing.T) *server {
	t.Helper()
	p, err := pki.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := serviceaccount.NewIssuer(serviceaccount.DefaultIssuer, p.ServiceAccountKey)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{PKI: p, issuer: issuer, reader: testreader.New()}
	s.authn, _ = New(Config{ClientCAs: p.CA.Pool(), Issuer: issuer, Reader: s.reader})
	return s
}

func request() *http.Request { return httptest.NewRequest(http.MethodGet, "/api/v1/pods", nil) }

func withCertificate(t *testing.T, ca *pki.CA, c pki.Client) *http.Request {
	t.Helper()
	certPEM, keyPEM, err := ca.ClientCertificate(c)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	r := request()
	r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{pair.Leaf}}
	return r
}

func withToken(token string) *http.Request {
	r := request()
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

func wantUser(t *testing.T, a Authenticator, r *http.Request, name string, groups ...string) *User {
	t.Helper()
	u, err := a.Authenticate(r)
	if err != nil {
		t.Fatal(err)
	}
	if u.Name != name || !slices.Equal(u.Groups, groups) {
		t.Errorf("the request is of %s in %v, want %s in %v", u.Name, u.Groups, name, groups)
	}
	return u
}

func wantRefused(t *testing.T, a Authenticator, r *http.Request, why string) {
	t.Helper()
	if u, err := a.Authenticate(r); err == nil {
		t.Errorf("%s: taken as %s", why, u.Name)
	}
}

func TestClientCertificate(t *testing.T) {
	s := newServer(t)
	r := withCertificate(t, s.CA, pki.Admin)
	for range 2 {
		wantUser(t, s.authn, r, pki.AdminUser, pki.MastersGroup, Authenticated)
	}
	other := newServer(t)
	wantRefused(t, s.authn, withCertificate(t, other.CA, pki.Admin), "a certificate of another authority")
}

func TestServingCertificateIsNoClient(t *testing.T) {
	s := newServer(t)
	serving, err := s.Serving(pki.ServingOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c, _ := serving.Certificate()
	r := request()
	r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{c.Leaf}}
	wantRefused(t, s.authn, r, "a serving certificate")
}

func TestAnonymous(t *testing.T) {
	s := newServer(t)
	wantUser(t, s.authn, request(), Anonymous, Unauthenticated)
	wantRefused(t, s.authn, withToken("nonsense"), "a token nobody made")
	strict, _ := New(Config{ClientCAs: s.CA.Pool(), Issuer: s.issuer, Reader: s.reader, NoAnonymous: true})
	if u, err := strict.Authenticate(request()); u != nil || err != nil {
		t.Errorf("without anonymous users: %v, %v", u, err)
	}
}

func TestServiceAccountToken(t *testing.T) {
	s := newServer(t)
	account := &corev1.ServiceAccount{ObjectMeta: meta("builder", "u1")}
	pod := &corev1.Pod{ObjectMeta: meta("p", "u2")}
	s.reader.Put(account)
	s.reader.Put(pod)
	token, claims, err := s.issuer.Sign(serviceaccount.Wish{
		Private: serviceaccount.Private{
			Namespace: "default", ServiceAccount: serviceaccount.Ref{Name: "builder", UID: "u1"},
			Pod: &serviceaccount.Ref{Name: "p", UID: "u2"}, Node: &serviceaccount.Ref{Name: "n", UID: "u3"},
		},
		Audiences: s.issuer.Audiences, Lifetime: time.Hour,
	}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	u := wantUser(t, s.authn, withToken(token), "system:serviceaccount:default:builder",
		"system:serviceaccounts", "system:serviceaccounts:default", Authenticated)
	for key, want := range map[string]string{CredentialIDKey: "JTI=" + claims.ID, PodNameKey: "p", PodUIDKey: "u2", NodeNameKey: "n", NodeUIDKey: "u3"} {
		if got := strings.Join(u.Extra[key], ","); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}

	now := metav1.Now()
	going := pod.DeepCopy()
	going.DeletionTimestamp = &now
	s.reader.Put(going)
	wantUser(t, s.authn, withToken(token), u.Name, u.Groups...)
	gone := metav1.NewTime(now.Add(-2 * time.Minute))
	past := pod.DeepCopy()
	past.DeletionTimestamp = &gone
	s.reader.Put(past)
	wantRefused(t, s.authn, withToken(token), "the token of a pod that should be gone")
	s.reader.Put(&corev1.Pod{ObjectMeta: meta("p", "another")})
	wantRefused(t, s.authn, withToken(token), "the token of a pod of an earlier life")
	s.reader.Put(pod)
	s.reader.Put(&corev1.ServiceAccount{ObjectMeta: meta("builder", "another")})
	wantRefused(t, s.authn, withToken(token), "the token of an account of an earlier life")
}

func TestTokenForOthers(t *testing.T) {
	s := newServer(t)
	s.reader.Put(&corev1.ServiceAccount{ObjectMeta: meta("builder", "u1")})
	token, _, _ := s.issuer.Sign(serviceaccount.Wish{
		Private:   serviceaccount.Private{Namespace: "default", ServiceAccount: serviceaccount.Ref{Name: "builder", UID: "u1"}},
		Audiences: []string{"vault"}, Lifetime: time.Hour,
	}, time.Now())
	wantRefused(t, s.authn, withToken(token), "a token for vault")
	_, tokens := New(Config{Issuer: s.issuer, Reader: s.reader})
	u, audiences, err := tokens.AuthenticateToken(t.Context(), token, []string{"vault"})
	if err != nil || u == nil || !slices.Equal(audiences, []string{"vault"}) {
		t.Errorf("vault's own token: %v, %v, %v", u, audiences, err)
	}
}

func TestBootstrapToken(t *testing.T) {
	s := newServer(t)
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "bootstrap-token-abcdef"},
		Type:       pki.BootstrapTokenType,
		Data: map[string][]byte{"token-id": []byte("abcdef"), "token-secret": []byte("0123456789abcdef"),
			"usage-bootstrap-authentication": []byte("true"), "auth-extra-groups": []byte("system:bootstrappers:team")},
	}
	s.reader.Put(secret)
	wantUser(t, s.authn, withToken("abcdef.0123456789abcdef"), "system:bootstrap:abcdef",
		"system:bootstrappers", "system:bootstrappers:team", Authenticated)
	wantRefused(t, s.authn, withToken("abcdef.0123456789abcdee"), "a wrong secret")
	wantRefused(t, s.authn, withToken("aaaaaa.0123456789abcdef"), "an unknown token")
	signing := secret.DeepCopy()
	delete(signing.Data, "usage-bootstrap-authentication")
	s.reader.Put(signing)
	wantRefused(t, s.authn, withToken("abcdef.0123456789abcdef"), "a token for signing only")
}

func TestTokenInWebSocketProtocol(t *testing.T) {
	encoded := base64.RawURLEncoding.EncodeToString([]byte("secret"))
	r := request()
	r.Header.Set("Upgrade", "websocket")
	r.Header.Set(protocolHeader, protocolPrefix+encoded+", v5.channel.k8s.io")
	token, strip := bearerToken(r)
	if token != "secret" {
		t.Fatalf("token %q", token)
	}
	strip()
	if got := r.Header.Get(protocolHeader); got != "v5.channel.k8s.io" {
		t.Errorf("protocols left: %q", got)
	}
}

func TestMemoForgetsWhenFull(t *testing.T) {
	var m memo[int]
	for i := range 3 * memoSize {
		m.put([32]byte{byte(i), byte(i >> 8), byte(i >> 16)}, i)
	}
	if len(m.known) > memoSize {
		t.Errorf("it remembers %d", len(m.known))
	}
}

func meta(name, uid string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: "default", Name: name, UID: types.UID(uid)}
}
