package pki

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"regexp"
	"strings"
)

// JoinToken is what a node is given to join: a bootstrap token, as Kubernetes
// has them, and the authority that the server must have. Its text is
// ID.SECRET::sha256:HASH.
type JoinToken struct {
	ID, Secret string
	// CAHash is CA.Hash().
	CAHash string
}

const (
	bootstrapSeparator = "."
	hashSeparator      = "::sha256:"
	tokenLetters       = "0123456789abcdefghijklmnopqrstuvwxyz"
)

var (
	bootstrapToken = regexp.MustCompile(`^([a-z0-9]{6})\.([a-z0-9]{16})$`)
	sha256Hex      = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// NewJoinToken makes a token nobody can guess. It joins nothing until its
// bootstrap part is stored (CreateBootstrapToken).
func NewJoinToken(ca *CA) (JoinToken, error) {
	letters := make([]byte, 22)
	for i := range letters {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(tokenLetters))))
		if err != nil {
			return JoinToken{}, err
		}
		letters[i] = tokenLetters[n.Int64()]
	}
	return JoinToken{ID: string(letters[:6]), Secret: string(letters[6:]), CAHash: ca.Hash()}, nil
}

// ParseJoinToken reads a token's text. A bare bootstrap token is refused: a
// node that trusted whoever answers would hand its secrets to anyone.
func ParseJoinToken(text string) (JoinToken, error) {
	bootstrap, hash, _ := strings.Cut(strings.TrimSpace(text), hashSeparator)
	id, secret, ok := SplitBootstrapToken(bootstrap)
	if !ok || !sha256Hex.MatchString(hash) {
		return JoinToken{}, fmt.Errorf("this is not a join token: it should look like abcdef.0123456789abcdef%s<64 hex digits>, as `skiff token create` prints it", hashSeparator)
	}
	return JoinToken{ID: id, Secret: secret, CAHash: hash}, nil
}

// SplitBootstrapToken splits ID.SECRET.
func SplitBootstrapToken(text string) (id, secret string, ok bool) {
	m := bootstrapToken.FindStringSubmatch(text)
	if m == nil {
		return "", "", false
	}
	return m[1], m[2], true
}

// Bootstrap is the bearer token.
func (t JoinToken) Bootstrap() string { return t.ID + bootstrapSeparator + t.Secret }

func (t JoinToken) String() string { return t.Bootstrap() + hashSeparator + t.CAHash }
