package certificates

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"skiff/internal/api/apitest"
)

// stub is a request in DER, in base64 as JSON has it.
func stub(t *testing.T, key crypto.Signer) string {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func made[K crypto.Signer](t *testing.T, err error, key K) crypto.Signer {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func edKey(t *testing.T) crypto.Signer {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return made(t, err, key)
}

func curveKey(t *testing.T, curve elliptic.Curve) crypto.Signer {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	return made(t, err, key)
}

func rsaKey(t *testing.T, bits int) crypto.Signer {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	return made(t, err, key)
}

const sound = "signerName: a.b/c, podName: p, podUID: a, serviceAccountName: s, serviceAccountUID: b, nodeName: n1, nodeUID: c, "

// podRequest is a request whose fields overrides takes the place of.
func podRequest(stub, overrides string) string {
	fields := map[string]string{}
	for _, text := range strings.Split(sound+"stubPKCS10Request: "+stub+", "+overrides, ", ") {
		if name, value, ok := strings.Cut(text, ": "); ok {
			fields[name] = value
		}
	}
	var spec []string
	for name, value := range fields {
		spec = append(spec, name+": "+value)
	}
	return "{metadata: {name: r, namespace: ns}, spec: {" + strings.Join(spec, ", ") + "}}"
}

func TestPodCertificateRequest(t *testing.T) {
	const badName = "a lowercase RFC 1123 subdomain must"
	good := stub(t, edKey(t))
	for _, c := range []struct {
		overrides string
		want      []string
	}{
		{"", nil},
		{"unverifiedUserAnnotations: {a.b/C: x}", nil},
		{"unverifiedUserAnnotations: {c: x}", []string{`spec.unverifiedUserAnnotations: Invalid value: "c": must be a domain-prefixed key (such as "acme.io/foo")`}},
		{"unverifiedUserAnnotations: {a.b/c: " + strings.Repeat("x", 256<<10-5) + "}", nil},
		{"unverifiedUserAnnotations: {a.b/c: " + strings.Repeat("x", 256<<10-4) + "}", []string{"spec.unverifiedUserAnnotations: Too long: may not be more than 262144 bytes"}},
		{`signerName: ""`, []string{"spec.signerName: Required value"}},
		{"podName: A", []string{`spec.podName: Invalid value: "A": ` + badName}},
		{`podUID: ""`, []string{`spec.podUID: Invalid value: "": must not be empty`}},
		{"podUID: " + strings.Repeat("x", 128), nil},
		{"podUID: " + strings.Repeat("x", 129), []string{"spec.podUID: Too long: may not be more than 128 bytes"}},
		{"serviceAccountName: A", []string{`spec.serviceAccountName: Invalid value: "A": ` + badName}},
		{`serviceAccountUID: ""`, []string{`spec.serviceAccountUID: Invalid value: "": must not be empty`}},
		{"nodeName: A", []string{`spec.nodeName: Invalid value: "A": ` + badName}},
		{`nodeUID: ""`, []string{`spec.nodeUID: Invalid value: "": must not be empty`}},
		{"maxExpirationSeconds: 3600", nil},
		{"maxExpirationSeconds: 7862400", nil},
		{"maxExpirationSeconds: 3599", []string{"spec.maxExpirationSeconds: Invalid value: 3599: must be in the range [3600, 7862400]"}},
		{"maxExpirationSeconds: 7862401", []string{"spec.maxExpirationSeconds: Invalid value: 7862401: must be in the range [3600, 7862400]"}},
		{"signerName: kubernetes.io/c, maxExpirationSeconds: 86401", []string{"spec.maxExpirationSeconds: Invalid value: 86401: must be in the range [3600, 86400]"}},
		{"signerName: a.kubernetes.io/c, maxExpirationSeconds: 86401", []string{"spec.maxExpirationSeconds: Invalid value: 86401: must be in the range [3600, 86400]"}},
		{`podName: A, nodeUID: "", signerName: x, unverifiedUserAnnotations: {c: x}`, []string{
			"spec.signerName: Invalid value", "spec.unverifiedUserAnnotations: Invalid value", "spec.podName: Invalid value", "spec.nodeUID: Invalid value"}},
	} {
		apitest.Refused(t, PodCertificateRequest, podRequest(good, c.overrides), c.want...)
	}
	apitest.Errors(t, PodCertificateRequest.Validate(apitest.Parse(t, PodCertificateRequest, podRequest("YQ==", ""))),
		"spec.maxExpirationSeconds: Required value: must be set")
	apitest.Updated(t, PodCertificateRequest, podRequest(good, ""), podRequest(good, "signerName: a.b/d"), "spec: Invalid value: {")
	apitest.Updated(t, PodCertificateRequest, podRequest("YQ==", ""), podRequest("YQ==", ""))
}

func TestPodCertificateRequestKeys(t *testing.T) {
	der, err := base64.StdEncoding.DecodeString(stub(t, edKey(t)))
	if err != nil {
		t.Fatal(err)
	}
	const ed25519ID, ed448ID = "\x06\x03\x2b\x65\x70", "\x06\x03\x2b\x65\x71"
	ed448 := bytes.Replace(der, []byte(ed25519ID), []byte(ed448ID), 1)
	der[len(der)-1] ^= 1
	const at = "spec.stubPKCS10Request: "
	for _, c := range []struct {
		stub string
		want []string
	}{
		{stub(t, curveKey(t, elliptic.P256())), nil},
		{stub(t, curveKey(t, elliptic.P384())), nil},
		{stub(t, curveKey(t, elliptic.P521())), nil},
		{stub(t, rsaKey(t, 3072)), nil},
		{stub(t, curveKey(t, elliptic.P224())), []string{at + `Invalid value: "curve P-224": elliptic public keys must use curve P256, P384, or P521`}},
		{stub(t, rsaKey(t, 2048)), []string{at + `Invalid value: "2048-bit modulus": RSA keys must have modulus size 3072 or 4096`}},
		{base64.StdEncoding.EncodeToString(ed448), []string{at + "Invalid value: unknown public key type; supported types are Ed25519, ECDSA, and RSA"}},
		{`""`, []string{"spec: Invalid value: exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set"}},
		{"YQ==", []string{at + "Invalid value: must be a valid PKCS#10 CSR"}},
		{base64.StdEncoding.EncodeToString(make([]byte, 10<<10)), []string{at + "Invalid value: must be a valid PKCS#10 CSR"}},
		{base64.StdEncoding.EncodeToString(make([]byte, 10<<10+1)), []string{at + "Too long: may not be more than 10240 bytes"}},
		{base64.StdEncoding.EncodeToString(der), []string{at + "Invalid value: could not verify proof-of-possession signature"}},
	} {
		apitest.Refused(t, PodCertificateRequest, podRequest(c.stub, ""), c.want...)
	}
}

func TestPodCertificateRequestWrites(t *testing.T) {
	const request = `{metadata: {name: r}, spec: {signerName: a.b/c, podName: p, nodeName: n1}, status: {certificateChain: x}}`
	o, old := apitest.Created(t, PodCertificateRequest, request), apitest.Parse(t, PodCertificateRequest, request)
	if got := fmt.Sprint(PodCertificateRequest.Fields(o)); got != "map[spec.nodeName:n1 spec.podName:p spec.signerName:a.b/c]" {
		t.Error(got)
	}
	if o.(*podCertificateRequest).Status.CertificateChain != "" {
		t.Error("brought a certificate along")
	}
	PodCertificateRequest.PrepareUpdate(o, old)
	if o.(*podCertificateRequest).Status.CertificateChain != "x" {
		t.Error("lost its certificate")
	}
}

// A signer that repeats what it said does not change it.
func TestPodCertificateRequestConditions(t *testing.T) {
	const said = `{type: Denied, status: "True", reason: R, message: m, lastTransitionTime: "2001-01-01T00:00:00Z"}`
	const end = "{status: {conditions: ["
	for _, c := range []struct{ old, now, want string }{
		{said, `{type: Denied, status: "True", reason: Other, message: m}`, said},
		{`{type: Ready, status: "True", reason: R, message: m, lastTransitionTime: "2001-01-01T00:00:00Z"}`, `{type: Ready, status: "True", reason: Other, message: m}`,
			`{type: Ready, status: "True", reason: Other, message: m, lastTransitionTime: "2001-01-01T00:00:00Z"}`},
		{"", said, said},
	} {
		o := apitest.Parse(t, PodCertificateRequest, end+c.old+"]}}")
		PodCertificateRequest.Part("status").Copy(o, apitest.Parse(t, PodCertificateRequest, "{metadata: {labels: {a: b}}, status: {conditions: ["+c.now+"]}}"))
		apitest.Same(t, map[string]any{"status": o.(*podCertificateRequest).Status, "labels": o.GetLabels()}, "{labels: null, status: {conditions: ["+c.want+"]}}")
	}
	o := apitest.Parse(t, PodCertificateRequest, end+`{type: Ready, status: "False", lastTransitionTime: "2001-01-01T00:00:00Z"}]}}`)
	PodCertificateRequest.Part("status").Copy(o, apitest.Parse(t, PodCertificateRequest, end+`{type: Ready, status: "True"}, {type: Denied, status: "True"}]}}`))
	for _, c := range o.(*podCertificateRequest).Status.Conditions {
		if c.LastTransitionTime.Year() < 2026 {
			t.Errorf("%s in transition %v", c.Type, c.LastTransitionTime)
		}
	}
}
