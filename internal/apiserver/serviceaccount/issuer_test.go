package serviceaccount

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

func issuer(t *testing.T, key crypto.Signer) *Issuer {
	t.Helper()
	i, err := NewIssuer(DefaultIssuer, key)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func ecKey(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

var wish = Wish{
	Private: Private{
		Namespace: "default", ServiceAccount: Ref{Name: "builder", UID: "u1"}, Pod: &Ref{Name: "p", UID: "u2"},
	},
	Audiences: []string{DefaultIssuer, "vault"}, Lifetime: time.Hour,
}

func TestSignAndVerify(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for _, key := range []crypto.Signer{ecKey(t), rsaKey} {
		i := issuer(t, key)
		token, _, err := i.Sign(wish, now)
		if err != nil {
			t.Fatal(err)
		}
		claims, audiences, err := i.Verify(token, []string{"vault", "other"}, now.Add(59*time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		if claims.Subject != "system:serviceaccount:default:builder" || claims.Kubernetes.Pod.UID != "u2" {
			t.Errorf("claims %+v", claims)
		}
		if len(audiences) != 1 || audiences[0] != "vault" {
			t.Errorf("audiences %v", audiences)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	now := time.Now()
	ours := issuer(t, ecKey(t))
	token, _, _ := ours.Sign(wish, now)
	foreign, _, _ := issuer(t, ecKey(t)).Sign(wish, now)
	body := strings.Split(token, ".")
	for name, try := range map[string]struct {
		token    string
		audience string
		at       time.Time
		notOurs  bool
	}{
		"an ended token":     {token, DefaultIssuer, now.Add(2 * time.Hour), false},
		"another audience":   {token, "elsewhere", now, false},
		"another key":        {foreign, DefaultIssuer, now, true},
		"no signature":       {body[0] + "." + body[1] + ".", DefaultIssuer, now, true},
		"no token at all":    {"hello", DefaultIssuer, now, true},
		"not yet for a time": {token, DefaultIssuer, now.Add(-time.Hour), false},
	} {
		_, _, err := ours.Verify(try.token, []string{try.audience}, try.at)
		if err == nil || errors.Is(err, ErrNotOurs) != try.notOurs {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDocumentsVerifyTokens(t *testing.T) {
	i := issuer(t, ecKey(t))
	documents, err := i.Documents()
	if err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	documents[KeysPath].ServeHTTP(answer, nil)
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal(answer.Body.Bytes(), &keys); err != nil {
		t.Fatal(err)
	}
	token, _, _ := i.Sign(wish, time.Now())
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	var claims Claims
	if err := parsed.Claims(keys.Key(parsed.Headers[0].KeyID)[0].Key, &claims); err != nil {
		t.Errorf("the published key does not verify: %v", err)
	}
}

func TestUserNames(t *testing.T) {
	if ns, name, ok := SplitUserName(UserName("a", "b")); !ok || ns != "a" || name != "b" {
		t.Errorf("%s %s %t", ns, name, ok)
	}
	for _, bad := range []string{"", "system:serviceaccount:a", "system:serviceaccount::b", "system:serviceaccount:a:b:c", "bob"} {
		if _, _, ok := SplitUserName(bad); ok {
			t.Errorf("%q taken for a service account", bad)
		}
	}
}
