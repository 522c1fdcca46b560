// Package serviceaccount signs and verifies the tokens of ServiceAccounts:
// JSON web tokens (RFC 7519) with the claims that Kubernetes gives them, bound
// to a pod, secret or node if asked. It also publishes the keys that verify
// them, so that others can (OpenID Connect discovery).
//
// Whether what a token is bound to still exists is the authenticator's
// question, not this package's.
package serviceaccount

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"
)

// DefaultIssuer is the issuer of a cluster whose domain is cluster.local.
const DefaultIssuer = "https://kubernetes.default.svc.cluster.local"

// UserPrefix begins the user names of service accounts.
const UserPrefix = "system:serviceaccount:"

// UserName is the user name of a service account.
func UserName(namespace, name string) string { return UserPrefix + namespace + ":" + name }

// SplitUserName is the inverse of UserName.
func SplitUserName(user string) (namespace, name string, ok bool) {
	rest, ok := strings.CutPrefix(user, UserPrefix)
	if !ok {
		return "", "", false
	}
	namespace, name, ok = strings.Cut(rest, ":")
	return namespace, name, ok && namespace != "" && name != "" && !strings.Contains(name, ":")
}

// Groups are the groups of the service accounts of a namespace.
func Groups(namespace string) []string {
	return []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace}
}

// Ref names an object at one of its lives.
type Ref struct {
	Name string    `json:"name"`
	UID  types.UID `json:"uid,omitempty"`
}

// Private are the claims of Kubernetes' own.
type Private struct {
	Namespace      string           `json:"namespace,omitempty"`
	ServiceAccount Ref              `json:"serviceaccount"`
	Pod            *Ref             `json:"pod,omitempty"`
	Secret         *Ref             `json:"secret,omitempty"`
	Node           *Ref             `json:"node,omitempty"`
	WarnAfter      *jwt.NumericDate `json:"warnafter,omitempty"`
}

// Claims are all that a token says.
type Claims struct {
	jwt.Claims
	Kubernetes Private `json:"kubernetes.io"`
}

// Issuer signs and verifies tokens.
type Issuer struct {
	URL string
	// Audiences are those of the API server itself: tokens for none of them
	// are not for us. The first is what a token has that asks for none.
	Audiences []string

	keyID  string
	signer jose.Signer
	public crypto.PublicKey
	alg    jose.SignatureAlgorithm
}

// NewIssuer makes an issuer that signs with key (P-256, P-384, P-521 or RSA).
func NewIssuer(url string, key crypto.Signer) (*Issuer, error) {
	alg, err := algorithmOf(key.Public())
	if err != nil {
		return nil, err
	}
	id, err := keyID(key.Public())
	if err != nil {
		return nil, err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: id}}, nil)
	if err != nil {
		return nil, err
	}
	return &Issuer{URL: url, Audiences: []string{url}, keyID: id, signer: signer, public: key.Public(), alg: alg}, nil
}

func algorithmOf(key crypto.PublicKey) (jose.SignatureAlgorithm, error) {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return jose.RS256, nil
	case *ecdsa.PublicKey:
		switch k.Curve.Params().BitSize {
		case 256:
			return jose.ES256, nil
		case 384:
			return jose.ES384, nil
		case 521:
			return jose.ES512, nil
		}
	}
	return "", fmt.Errorf("a %T cannot sign service account tokens; use an RSA or ECDSA key", key)
}

// keyID is made of the key alone, so that each server of a cluster finds the
// same.
func keyID(key crypto.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(der)
	return base64.RawURLEncoding.EncodeToString(sum[:]), nil
}

// Wish is what a new token is to say.
type Wish struct {
	Private
	Audiences []string
	Lifetime  time.Duration
}

// Sign makes a token that holds from now on.
func (i *Issuer) Sign(w Wish, now time.Time) (token string, claims Claims, err error) {
	claims = Claims{
		Claims: jwt.Claims{
			ID:        string(uuid.NewUUID()),
			Issuer:    i.URL,
			Subject:   UserName(w.Namespace, w.ServiceAccount.Name),
			Audience:  w.Audiences,
			IssuedAt:  jwt.NewNumericDate(now),
			NotBefore: jwt.NewNumericDate(now),
			Expiry:    jwt.NewNumericDate(now.Add(w.Lifetime)),
		},
		Kubernetes: w.Private,
	}
	token, err = jwt.Signed(i.signer).Claims(claims).Serialize()
	return token, claims, err
}

// ErrNotOurs says that a token is not one that this issuer could have made.
var ErrNotOurs = errors.New("not a service account token of this cluster")

// Verify checks a token's signature and issuer, and then what Claims.For does.
func (i *Issuer) Verify(token string, audiences []string, now time.Time) (*Claims, []string, error) {
	claims, err := i.parse(token)
	if err != nil {
		return nil, nil, err
	}
	common, err := claims.For(audiences, now)
	if err != nil {
		return nil, nil, err
	}
	return claims, common, nil
}

// For checks a token's times, and that it is for one of audiences at least;
// it returns those that it is for. Clocks may lie a minute apart.
func (c *Claims) For(audiences []string, now time.Time) ([]string, error) {
	if err := c.Validate(jwt.Expected{Time: now}); err != nil {
		return nil, fmt.Errorf("service account token: %w", err)
	}
	var common []string
	for _, a := range audiences {
		if slices.Contains(c.Audience, a) {
			common = append(common, a)
		}
	}
	if len(common) == 0 {
		return nil, fmt.Errorf("token audiences %q is invalid for the target audiences %q", []string(c.Audience), audiences)
	}
	return common, nil
}

// parse returns the claims of a token that this issuer signed.
func (i *Issuer) parse(token string) (*Claims, error) {
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{i.alg})
	if err != nil {
		return nil, ErrNotOurs
	}
	var claims Claims
	if err := parsed.Claims(i.public, &claims); err != nil {
		return nil, ErrNotOurs
	}
	p := claims.Kubernetes
	if claims.Issuer != i.URL || claims.Expiry == nil || claims.Subject != UserName(p.Namespace, p.ServiceAccount.Name) {
		return nil, ErrNotOurs
	}
	return &claims, nil
}
