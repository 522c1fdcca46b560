package certificates

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"

	certificatesv1 "k8s.io/api/certificates/v1"

	"skiff/internal/api/apitest"
)

const approved = `{metadata: {name: c}, spec: {signerName: a.b/c, usages: [client auth]}, status: {conditions: [{type: Approved, status: "True"}]}}`

// The one who asks must not be able to approve.
func TestNobodyBringsAnApproval(t *testing.T) {
	o := apitest.Created(t, CertificateSigningRequest, approved).(*certificatesv1.CertificateSigningRequest)
	if len(o.Status.Conditions) > 0 {
		t.Error("created approved")
	}
	sent := apitest.Parse(t, CertificateSigningRequest, approved).(*certificatesv1.CertificateSigningRequest)
	CertificateSigningRequest.PrepareUpdate(sent, o)
	if len(sent.Status.Conditions) > 0 {
		t.Error("approved by an ordinary update")
	}
	status, approval := CertificateSigningRequest.Part("status"), CertificateSigningRequest.Part("approval")
	status.Copy(o, apitest.Parse(t, CertificateSigningRequest, approved))
	if len(o.Status.Conditions) > 0 {
		t.Error("approved by a write of status")
	}
	approval.Copy(o, apitest.Parse(t, CertificateSigningRequest, approved))
	status.Copy(o, apitest.Parse(t, CertificateSigningRequest, `{status: {certificate: YQ==}}`))
	if got := requestCondition(o); got != "Approved,Issued" {
		t.Errorf("condition %s", got)
	}
}

// signed is a request in PEM, in base64 as JSON has it.
func signed(t *testing.T) string {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

func TestRequestValidation(t *testing.T) {
	csr := func(spec string) string {
		return "{metadata: {name: c}, spec: {request: " + signed(t) + ", " + spec + "}}"
	}
	apitest.Refused(t, CertificateSigningRequest, csr("signerName: a.b/c, usages: [client auth]"))
	apitest.Refused(t, CertificateSigningRequest, `{metadata: {name: c}, spec: {expirationSeconds: 60, signerName: x}}`,
		`spec.request: Invalid value: null: PEM block type must be CERTIFICATE REQUEST`,
		"spec.usages: Required value",
		`spec.signerName: Invalid value: "x": must be a fully qualified domain and path of the form 'example.com/signer-name'`,
		"spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 600 seconds (10 minutes)")
	for spec, want := range map[string][]string{
		"signerName: a.b/c, usages: [client auth, fun, client auth]": {
			`spec.usages[1]: Unsupported value: "fun": supported values: "any", "cert sign", "client auth"`, `spec.usages[2]: Duplicate value: "client auth"`},
		"signerName: kubernetes.io/legacy-unknown, usages: [any]": {
			`spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version`},
		"signerName: a/B, usages: [any]": {
			`spec.signerName: Invalid value: "a": should be a domain with at least two segments separated by dots`,
			`spec.signerName: Invalid value: "B": validating label "B": `},
		"usages: [any]": {"spec.signerName: Required value"},
	} {
		apitest.Refused(t, CertificateSigningRequest, csr(spec), want...)
	}
	apitest.Described(t, CertificateSigningRequest, "Name string, Age string, SignerName string, Requestor string, RequestedDuration string, Condition string")
	apitest.Row(t, CertificateSigningRequest, `{metadata: {name: c}, spec: {signerName: a.b/c, username: u, expirationSeconds: 3600}}`,
		"c | <unknown> | a.b/c | u | 60m | Pending")
}

func TestRequestParts(t *testing.T) {
	for _, c := range []struct {
		part, old, now string
		want           []string
	}{
		{"approval", "", `conditions: [{type: Approved, status: "True"}]`, nil},
		{"approval", "", `conditions: [{type: Approved, status: "False"}]`, []string{
			`status.conditions[0].status: Unsupported value: "False": supported values: "True"`}},
		{"approval", "", `conditions: [{type: Approved, status: "True"}, {type: Denied, status: "True"}]`, []string{
			`status.conditions[1].type: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive`}},
		{"approval", "", `conditions: [{}]`, []string{"status.conditions[0].type: Required value", "status.conditions[0].status: Required value"}},
		{"approval", `conditions: [{type: Approved, status: "True"}]`, "", []string{
			`status.conditions: Forbidden: updates may not remove a condition of type "Approved"`}},
		{"status", "", "certificate: YQ==", []string{
			`status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block`}},
		{"status", "certificate: YQ==", "certificate: Yg==", []string{
			`status.certificate: Invalid value: "<certificate data>": must contain`, "status.certificate: Forbidden: updates may not modify existing certificate content"}},
		{"status", `conditions: [{type: Failed, status: "True"}]`, "", []string{
			`status.conditions: Forbidden: updates may not remove a condition of type "Failed"`}},
	} {
		status := func(s string) string { return "{metadata: {name: c}, status: {" + s + "}}" }
		apitest.PartUpdated(t, CertificateSigningRequest, c.part, status(c.old), status(c.now), c.want...)
	}
}

func anchor(t *testing.T, authority bool) string {
	t.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: authority, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestClusterTrustBundle(t *testing.T) {
	bundle := func(name, signer, pem string) string {
		return fmt.Sprintf("{metadata: {name: %q}, spec: {signerName: %q, trustBundle: %q}}", name, signer, pem)
	}
	ca := anchor(t, true)
	for _, c := range []struct {
		text string
		want []string
	}{
		{bundle("b", "", ca), nil},
		{bundle("a.b:c:v1", "a.b/c", ca), nil},
		{bundle("a:b", "", ca), []string{`metadata.name: Invalid value: "a:b": ClusterTrustBundle without signer name must not have ":" in its name`}},
		{bundle("b", "a.b/c", ca), []string{`metadata.name: Invalid value: "b": ClusterTrustBundle for signerName a.b/c must be named with prefix a.b:c:`}},
		{bundle("b", "", ""), []string{`spec.trustBundle: Invalid value: "<value omitted>": at least one trust anchor must be provided`}},
		{bundle("b", "", ca+ca), []string{`spec.trustBundle: Invalid value: "<value omitted>": duplicate trust anchor (indices [0 1])`}},
		{bundle("b", "", anchor(t, false)), []string{`spec.trustBundle: Invalid value: "<value omitted>": entry 0 does not have the CA bit set`}},
		{bundle("b", "", strings.ReplaceAll(ca, "CERTIFICATE", "KEY")), []string{`spec.trustBundle: Invalid value: "<value omitted>": entry 0 has bad block type: KEY`}},
	} {
		apitest.Refused(t, ClusterTrustBundle, c.text, c.want...)
	}
	apitest.Updated(t, ClusterTrustBundle, bundle("b", "", ca), bundle("b", "", ""),
		`spec.trustBundle: Invalid value: "<value omitted>": at least one trust anchor must be provided`)
	apitest.Row(t, ClusterTrustBundle, bundle("b", "", ""), "b | <none>")
}
