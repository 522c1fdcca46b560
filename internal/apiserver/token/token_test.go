package token

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"skiff/internal/apiserver"
	"skiff/internal/apiserver/serviceaccount"
	"skiff/internal/apiserver/testreader"
)

func meta(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID("uid-of-" + name)}
}

// asked sends a request for a token of the account team/robot.
func asked(t *testing.T, request string) (*authenticationv1.TokenRequest, error) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := serviceaccount.NewIssuer(serviceaccount.DefaultIssuer, key)
	if err != nil {
		t.Fatal(err)
	}
	var body authenticationv1.TokenRequest
	if err := yaml.UnmarshalStrict([]byte(request), &body); err != nil {
		t.Fatal(err)
	}
	h := Handler{Issuer: issuer, Reader: testreader.New(
		&corev1.ServiceAccount{ObjectMeta: meta("team", "robot")}, &corev1.Secret{ObjectMeta: meta("team", "s")}, &corev1.Node{ObjectMeta: meta("", "n1")},
		&corev1.Pod{ObjectMeta: meta("team", "p"), Spec: corev1.PodSpec{ServiceAccountName: "robot"}},
		&corev1.Pod{ObjectMeta: meta("team", "other"), Spec: corev1.PodSpec{ServiceAccountName: "default"}},
	)}
	c := &apiserver.Call{RequestInfo: &apiserver.RequestInfo{Namespace: "team", Name: "robot"}}
	answer, err := h.Create(t.Context(), c, &body)
	if err != nil {
		return nil, err
	}
	return answer.(*authenticationv1.TokenRequest), nil
}

func TestTokenRequests(t *testing.T) {
	bound := func(ref string) string { return "{spec: {boundObjectRef: {" + ref + "}}}" }
	const invalid = `TokenRequest.authentication.k8s.io "" is invalid: `
	for request, want := range map[string]string{
		"{}":                                                       "",
		"{metadata: {name: robot}}":                                "",
		"{spec: {expirationSeconds: 600}}":                         "",
		"{spec: {expirationSeconds: 599}}":                         invalid + "spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes",
		"{spec: {expirationSeconds: 4294967296}}":                  "",
		"{spec: {expirationSeconds: 4294967297}}":                  invalid + "spec.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds",
		"{metadata: {name: x}, spec: {expirationSeconds: 1}}":      invalid + `[metadata.name: Invalid value: "x": must match the service account name if specified, spec.expirationSeconds: Invalid value: 1`,
		bound("apiVersion: v1, kind: Pod, name: p, uid: uid-of-p"): "",
		bound("apiVersion: v2, kind: Pod, name: p"):                "",
		bound("apiVersion: v1, kind: Secret, name: s"):             "",
		bound("apiVersion: v1, kind: Node, name: n1"):              "",
		bound("apiVersion: v1, kind: Pod, name: gone"):             `pods "gone" not found`,
		bound("apiVersion: v1, kind: Pod, name: other"):            `cannot bind token for serviceaccount "robot" to pod running with different serviceaccount name.`,
		bound("apiVersion: v1, kind: Pod, name: p, uid: x"): `Operation cannot be fulfilled on Pod "p": the UID in the bound object reference (x) does not match the UID in record. ` +
			"The object might have been deleted and then recreated",
		bound("apiVersion: v1, kind: ConfigMap, name: c"): "cannot bind token to object of type /v1, Kind=ConfigMap",
		bound("apiVersion: apps/v1, kind: Pod, name: p"):  "cannot bind token to object of type apps/v1, Kind=Pod",
	} {
		got := ""
		if _, err := asked(t, request); err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, want) || (got == "") != (want == "") {
			t.Errorf("%s\ngot  %s\nwant %s", request, got, want)
		}
	}
}

func TestTokenAnswers(t *testing.T) {
	answer, err := asked(t, "{spec: {audiences: [a]}, status: {token: mine}}")
	if err != nil {
		t.Fatal(err)
	}
	if answer.Name != "robot" || answer.Namespace != "team" || time.Since(answer.CreationTimestamp.Time) > time.Minute {
		t.Errorf("%+v", answer.ObjectMeta)
	}
	life := answer.Status.ExpirationTimestamp.Sub(answer.CreationTimestamp.Time)
	if s := answer.Spec; *s.ExpirationSeconds != 3600 || life != time.Hour || len(s.Audiences) != 1 || s.Audiences[0] != "a" {
		t.Errorf("%+v, for %v", s, life)
	}
	if answer.Status.Token == "mine" || answer.Status.Token == "" {
		t.Errorf("the token is %q", answer.Status.Token)
	}
	if answer, err = asked(t, "{}"); err != nil || len(answer.Spec.Audiences) != 1 || answer.Spec.Audiences[0] != serviceaccount.DefaultIssuer {
		t.Errorf("%+v, %v", answer, err)
	}
}
