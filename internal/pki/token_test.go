package pki

import (
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

func joinToken(t *testing.T, ca *CA) JoinToken {
	t.Helper()
	token, err := NewJoinToken(ca)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestJoinTokenText(t *testing.T) {
	token := joinToken(t, open(t, t.TempDir()).CA)
	parsed, err := ParseJoinToken(token.String())
	if err != nil || parsed != token {
		t.Errorf("%q read as %+v, %v", token, parsed, err)
	}
	for _, bad := range []string{"", "abc", "abcdef.0123456789abcdef", token.Bootstrap() + "::sha256:12", strings.ToUpper(token.String())} {
		if _, err := ParseJoinToken(bad); err == nil {
			t.Errorf("%q was taken for a join token", bad)
		}
	}
}

func TestBootstrapTokensAreStoredAndListed(t *testing.T) {
	ctx, client := t.Context(), fake.NewClientset()
	ca := open(t, t.TempDir()).CA
	token := joinToken(t, ca)
	for range 2 {
		if err := CreateBootstrapToken(ctx, client, token, time.Hour, "for a friend"); err != nil {
			t.Fatal(err)
		}
	}
	list, err := ListBootstrapTokens(ctx, client)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d tokens, %v", len(list), err)
	}
	got := list[0]
	if got.ID != token.ID || got.Secret != token.Secret || got.Description != "for a friend" || !got.Authenticates() {
		t.Errorf("listed as %+v", got)
	}
	if strings.Join(got.Groups, " ") != BootstrapGroup+" "+BootstrapNodeGroup {
		t.Errorf("groups %v", got.Groups)
	}
}

func TestBootstrapTokenThatDoesNotHold(t *testing.T) {
	now := time.Now()
	for name, change := range map[string]func(*corev1.Secret){
		"ended":         func(s *corev1.Secret) { s.Data["expiration"] = []byte(now.Add(-time.Second).Format(time.RFC3339)) },
		"no date":       func(s *corev1.Secret) { s.Data["expiration"] = []byte("soon") },
		"other type":    func(s *corev1.Secret) { s.Type = corev1.SecretTypeOpaque },
		"other name":    func(s *corev1.Secret) { s.Name = "bootstrap-token-zzzzzz" },
		"foreign group": func(s *corev1.Secret) { s.Data["auth-extra-groups"] = []byte("system:masters") },
		"short secret":  func(s *corev1.Secret) { s.Data["token-secret"] = []byte("x") },
	} {
		s := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: "bootstrap-token-abcdef"},
			Type:       BootstrapTokenType,
			Data: map[string][]byte{"token-id": []byte("abcdef"), "token-secret": []byte("0123456789abcdef"),
				"usage-bootstrap-authentication": []byte("true")},
		}
		if _, err := ReadBootstrapToken(s, now); err != nil {
			t.Fatal(err)
		}
		change(s)
		if _, err := ReadBootstrapToken(s, now); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestJoinBelievesOnlyThePinnedAuthority(t *testing.T) {
	p := open(t, t.TempDir())
	serving, err := p.Serving(ServingOptions{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != clusterInfoPath {
			http.NotFound(w, r)
			return
		}
		info := clientcmdapi.NewConfig()
		info.Clusters[""] = &clientcmdapi.Cluster{CertificateAuthorityData: p.CA.PEM}
		kubeconfig, _ := clientcmd.Write(*info)
		_ = json.NewEncoder(w).Encode(corev1.ConfigMap{Data: map[string]string{"kubeconfig": string(kubeconfig)}})
	}))
	server.TLS = &tls.Config{GetCertificate: serving.GetCertificate}
	server.StartTLS()
	defer server.Close()

	token := joinToken(t, p.CA)
	dir := t.TempDir()
	config, err := Join(t.Context(), server.URL, token, dir)
	if err != nil {
		t.Fatal(err)
	}
	if config.BearerToken != token.Bootstrap() || string(config.CAData) != string(p.CA.PEM) {
		t.Errorf("joined with %q", config.BearerToken)
	}
	if !Pins(token, p.CA.PEM) {
		t.Error("the token does not pin its own authority")
	}
	if _, err := Rejoin(server.URL, "a", dir); err == nil {
		t.Error("a node without a certificate has joined")
	}
	certPEM, keyPEM, err := p.CA.ClientCertificate(Client{User: NodeUser("a"), Groups: []string{NodesGroup}})
	if err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(clientPath(dir), append(certPEM, keyPEM...), 0o600); err != nil {
		t.Fatal(err)
	}
	if again, err := Rejoin(server.URL, "a", dir); err != nil || string(again.CAData) != string(p.CA.PEM) {
		t.Errorf("a node that has joined needs a token: %v", err)
	}
	if _, err := Rejoin(server.URL, "b", dir); err == nil {
		t.Error("a node took another's certificate")
	}
	other := joinToken(t, open(t, t.TempDir()).CA)
	if Pins(other, p.CA.PEM) {
		t.Error("a token pins an authority that is not its own")
	}
	if _, err := Join(t.Context(), server.URL, other, dir); err == nil || !strings.Contains(err.Error(), "not the server that this join token is for") {
		t.Errorf("another authority was believed: %v", err)
	}
}
