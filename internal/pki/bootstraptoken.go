package pki

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/kubernetes"
)

// What a bootstrap token's Secret looks like: the API's own contract.
const (
	BootstrapTokenType       corev1.SecretType = "bootstrap.kubernetes.io/token"
	BootstrapTokenPrefix                       = "bootstrap-token-"
	BootstrapUserPrefix                        = "system:bootstrap:"
	BootstrapGroup                             = "system:bootstrappers"
	BootstrapNodeGroup                         = "system:bootstrappers:kubeadm:default-node-token"
	BootstrapIDKey                             = "token-id"
	BootstrapSecretKey                         = "token-secret"
	BootstrapExpirationKey                     = "expiration"
	BootstrapDescriptionKey                    = "description"
	BootstrapGroupsKey                         = "auth-extra-groups"
	BootstrapAuthUsageKey                      = "usage-bootstrap-authentication"
	bootstrapSigningUsageKey                   = "usage-bootstrap-signing"
)

// BootstrapToken is a stored token as `skiff token list` shows it.
type BootstrapToken struct {
	ID, Secret, Description string
	Expires                 time.Time // zero: never
	Usages, Groups          []string
}

// CreateBootstrapToken stores the bootstrap part of a join token, so that
// nodes can join with it. ttl 0 means for ever. It does nothing when the token
// is there already.
func CreateBootstrapToken(ctx context.Context, client kubernetes.Interface, t JoinToken, ttl time.Duration, description string) error {
	data := map[string]string{
		BootstrapIDKey:           t.ID,
		BootstrapSecretKey:       t.Secret,
		BootstrapAuthUsageKey:    "true",
		bootstrapSigningUsageKey: "true",
		BootstrapGroupsKey:       BootstrapNodeGroup,
	}
	if description != "" {
		data[BootstrapDescriptionKey] = description
	}
	if ttl > 0 {
		data[BootstrapExpirationKey] = time.Now().Add(ttl).UTC().Format(time.RFC3339)
	}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: BootstrapTokenPrefix + t.ID, Namespace: metav1.NamespaceSystem},
		Type:       BootstrapTokenType,
		Data:       map[string][]byte{},
	}
	for k, v := range data {
		secret.Data[k] = []byte(v)
	}
	_, err := client.CoreV1().Secrets(metav1.NamespaceSystem).Create(ctx, secret, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// ListBootstrapTokens lists the stored tokens that can still be used to join.
func ListBootstrapTokens(ctx context.Context, client kubernetes.Interface) ([]BootstrapToken, error) {
	secrets, err := client.CoreV1().Secrets(metav1.NamespaceSystem).List(ctx, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector("type", string(BootstrapTokenType)).String(),
	})
	if err != nil {
		return nil, err
	}
	var out []BootstrapToken
	for i := range secrets.Items {
		if t, err := ReadBootstrapToken(&secrets.Items[i], time.Now()); err == nil {
			out = append(out, t)
		}
	}
	return out, nil
}

// ReadBootstrapToken reads a token from its Secret, and fails if it is none,
// or is past its end at now.
func ReadBootstrapToken(s *corev1.Secret, now time.Time) (BootstrapToken, error) {
	t := BootstrapToken{
		ID: string(s.Data[BootstrapIDKey]), Secret: string(s.Data[BootstrapSecretKey]),
		Description: string(s.Data[BootstrapDescriptionKey]),
		Groups:      []string{BootstrapGroup},
	}
	if _, _, ok := SplitBootstrapToken(t.ID + bootstrapSeparator + t.Secret); !ok ||
		s.Type != BootstrapTokenType || s.Name != BootstrapTokenPrefix+t.ID {
		return t, fmt.Errorf("secret %q is not a bootstrap token", s.Name)
	}
	if end := string(s.Data[BootstrapExpirationKey]); end != "" {
		var err error
		if t.Expires, err = time.Parse(time.RFC3339, end); err != nil || !now.Before(t.Expires) {
			return t, fmt.Errorf("bootstrap token %s ended at %s", t.ID, end)
		}
	}
	for key, value := range s.Data {
		if usage, ok := strings.CutPrefix(key, "usage-bootstrap-"); ok && string(value) == "true" {
			t.Usages = append(t.Usages, usage)
		}
	}
	slices.Sort(t.Usages)
	for group := range strings.SplitSeq(string(s.Data[BootstrapGroupsKey]), ",") {
		if group == "" {
			continue
		}
		if !strings.HasPrefix(group, BootstrapGroup+":") {
			return t, fmt.Errorf("bootstrap token %s names the group %q; its groups must begin with %s:", t.ID, group, BootstrapGroup)
		}
		t.Groups = append(t.Groups, group)
	}
	return t, nil
}

// Authenticates says whether the token may be used as a bearer token.
func (t BootstrapToken) Authenticates() bool { return slices.Contains(t.Usages, "authentication") }
