package certificates

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"

	certificatesv1 "k8s.io/api/certificates/v1"

	"skiff/internal/api/apitest"
)

const approved = `{metadata: {name: c}, spec: {signerName: a.b/c, usages: [client auth]}, status: {conditions: [{type: Approved, status: "True"}]}}`

// The one who asks must not be able to approve, nor may a signer.
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
	apitest.PartUpdated(t, CertificateSigningRequest, "status", "{metadata: {name: c}}", approved,
		`status.conditions: Forbidden: updates may not add a condition of type "Approved"`)
}

func TestWhatWasAskedStays(t *testing.T) {
	old := apitest.Parse(t, CertificateSigningRequest, approved)
	o := apitest.Parse(t, CertificateSigningRequest, `{metadata: {name: c, labels: {a: b}}, spec: {signerName: d.e/f}}`)
	CertificateSigningRequest.PrepareUpdate(o, old)
	apitest.Same(t, o, `{metadata: {name: c, labels: {a: b}}, spec: {request: null, signerName: a.b/c, usages: [client auth]},
		status: {conditions: [{type: Approved, status: "True", lastUpdateTime: null, lastTransitionTime: null}]}}`)
}

// A signer that sends back what it read, or less, does not touch the decision;
// an approver does not touch the certificate.
func TestWhatPartsWrite(t *testing.T) {
	const at = `lastUpdateTime: "2001-01-01T00:00:00Z", lastTransitionTime: "2001-01-01T00:00:00Z"`
	const decided = `{type: Approved, status: "True", reason: R, ` + at + `}`
	for _, c := range []struct{ part, old, now, want string }{
		{"status", "{status: {conditions: [" + decided + "]}}",
			`{metadata: {labels: {a: b}}, spec: {signerName: x}, status: {certificate: YQ==, conditions: [{type: Ready, status: "True", ` + at + `}, {type: Approved, status: "True", reason: Other}]}}`,
			`{metadata: {labels: {a: b}}, spec: {request: null, signerName: ""}, status: {certificate: YQ==, conditions: [{type: Ready, status: "True", ` + at + `}, ` + decided + "]}}"},
		{"approval", `{status: {certificate: YQ==}}`, `{metadata: {annotations: {a: b}}, spec: {signerName: x}, status: {certificate: Yg==, conditions: [` + decided + "]}}",
			`{metadata: {annotations: {a: b}}, spec: {request: null, signerName: ""}, status: {certificate: YQ==, conditions: [` + decided + "]}}"},
		{"approval", "{status: {conditions: [" + decided + "]}}", `{status: {conditions: [{type: Approved, status: "True", lastUpdateTime: "2002-01-01T00:00:00Z"}]}}`,
			`{metadata: {}, spec: {request: null, signerName: ""}, status: {conditions: [{type: Approved, status: "True", lastUpdateTime: "2002-01-01T00:00:00Z", lastTransitionTime: "2001-01-01T00:00:00Z"}]}}`},
	} {
		o := apitest.Parse(t, CertificateSigningRequest, c.old)
		CertificateSigningRequest.Part(c.part).Copy(o, apitest.Parse(t, CertificateSigningRequest, c.now))
		apitest.Same(t, o, c.want)
	}
}

func TestConditionsAreStamped(t *testing.T) {
	for _, part := range []string{"status", "approval"} {
		o := apitest.Parse(t, CertificateSigningRequest, `{status: {conditions: [{type: A, status: "False", lastTransitionTime: "2001-01-01T00:00:00Z"}]}}`).(*certificatesv1.CertificateSigningRequest)
		CertificateSigningRequest.Part(part).Copy(o, apitest.Parse(t, CertificateSigningRequest, `{status: {conditions: [{type: A, status: "True"}]}}`))
		c := o.Status.Conditions[0]
		if c.LastUpdateTime.IsZero() || c.LastTransitionTime.Year() < 2026 {
			t.Errorf("%s: updated %v, in transition %v", part, c.LastUpdateTime, c.LastTransitionTime)
		}
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

const allUsages = "signing, digital signature, content commitment, key encipherment, key agreement, data encipherment, cert sign, crl sign, " +
	"encipher only, decipher only, any, server auth, client auth, code signing, email protection, s/mime, ipsec end system, ipsec tunnel, " +
	"ipsec user, timestamping, ocsp signing, microsoft sgc, netscape sgc"

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
		"signerName: a.b/c, usages: [any], expirationSeconds: 600": nil,
		"signerName: a.b/c, usages: [any], expirationSeconds: 599": {
			"spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)"},
		"signerName: a.b/c, usages: [" + allUsages + "]": nil,
	} {
		apitest.Refused(t, CertificateSigningRequest, csr(spec), want...)
	}
	raw, err := base64.StdEncoding.DecodeString(signed(t))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(raw)
	refused := func(kind string, der []byte, why string) {
		t.Helper()
		text := base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
		apitest.Refused(t, CertificateSigningRequest, "{metadata: {name: Any:Thing}, spec: {signerName: a.b/c, usages: [any], request: "+text+"}}",
			`spec.request: Invalid value: "`+text+`": `+why)
	}
	refused("CERTIFICATE", block.Bytes, "PEM block type must be CERTIFICATE REQUEST")
	refused("CERTIFICATE REQUEST", []byte("a"), "asn1: ")
	block.Bytes[len(block.Bytes)-1] ^= 1
	refused("CERTIFICATE REQUEST", block.Bytes, "x509: ")
	// What is stored is not judged again.
	apitest.Updated(t, CertificateSigningRequest, "{metadata: {name: c}}", "{metadata: {name: c}, spec: {signerName: x}}")
	apitest.Described(t, CertificateSigningRequest, "Name string, Age string, SignerName string, Requestor string, RequestedDuration string, Condition string")
}

func TestRequestRow(t *testing.T) {
	apitest.Row(t, CertificateSigningRequest, `{metadata: {name: c}, spec: {username: u}}`, "c | <unknown> | <none> | u | <none> | Pending")
	is := func(kinds ...string) string {
		var all []string
		for _, k := range kinds {
			all = append(all, "{type: "+k+"}")
		}
		return "conditions: [" + strings.Join(all, ", ") + "]"
	}
	for status, want := range map[string]string{
		is():                                   "Pending",
		is("Approved"):                         "Approved",
		is("Approved", "Denied"):               "Denied",
		is("Failed"):                           "Pending,Failed",
		is("Failed", "Denied"):                 "Denied,Failed",
		is("Ready"):                            "Pending",
		is("Approved") + ", certificate: YQ==": "Approved,Issued",
	} {
		apitest.Row(t, CertificateSigningRequest, `{metadata: {name: c}, spec: {signerName: a.b/c, username: u, expirationSeconds: 3600}, status: {`+status+"}}",
			"c | <unknown> | a.b/c | u | 60m | "+want)
	}
}

func TestRequestParts(t *testing.T) {
	const (
		approved  = `{type: Approved, status: "True"}`
		denied    = `{type: Denied, status: "True"}`
		failed    = `{type: Failed, status: "True"}`
		statusses = `supported values: "False", "True", "Unknown"`
		onlyTrue  = `supported values: "True"`
		oneOfThem = "status.conditions: Invalid value: \"{conditions[{\\\"type\\\": \\\"Approved\\\"}], conditions[{\\\"type\\\": \\\"Denied\\\"}]}\": must specify at most one of: `conditions[{\"type\": \"Approved\"}]`, `conditions[{\"type\": \"Denied\"}]`"
		badCert   = `status.certificate: Invalid value: "<certificate data>": `
		otherCert = "status.certificate: Forbidden: updates may not modify existing certificate content"
	)
	is := func(conditions ...string) string { return "conditions: [" + strings.Join(conditions, ", ") + "]" }
	removed := func(kind string) string {
		return `status.conditions: Forbidden: updates may not remove a condition of type "` + kind + `"`
	}
	added := func(kind string) string {
		return `status.conditions: Forbidden: updates may not add a condition of type "` + kind + `"`
	}
	cert := func(blocks ...string) string {
		return "certificate: " + base64.StdEncoding.EncodeToString([]byte(strings.Join(blocks, "")))
	}
	good := anchor(t, true)
	for _, c := range []struct {
		part, old, now string
		want           []string
	}{
		{"approval", "", is(approved), nil},
		{"approval", "", is(`{type: Approved, status: "False"}`), []string{`status.conditions[0].status: Unsupported value: "False": ` + onlyTrue}},
		{"approval", "", is(`{type: Denied, status: "Unknown"}`), []string{`status.conditions[0].status: Unsupported value: "Unknown": ` + onlyTrue}},
		{"approval", "", is(`{type: Failed, status: "x"}`), []string{`status.conditions[0].status: Unsupported value: "x": ` + onlyTrue}},
		{"approval", "", is(`{type: Ready, status: "False"}`), nil},
		{"approval", "", is(`{type: Ready, status: "x"}`), []string{`status.conditions[0].status: Unsupported value: "x": ` + statusses}},
		{"approval", "", is(approved, denied), []string{oneOfThem}},
		{"approval", is(approved), is(approved, denied), []string{oneOfThem}},
		{"approval", is(approved, denied), is(denied, approved), nil},
		{"approval", "", is("{}"), []string{"status.conditions[0].type: Required value", "status.conditions[0].status: Required value"}},
		{"approval", is("{}"), is(`{status: "True"}`), nil},
		{"approval", "", is(approved, approved), []string{`status.conditions[1].type: Duplicate value: "Approved"`}},
		{"approval", is(approved, approved), is(approved, failed, failed, approved), nil},
		{"approval", is(approved), "", []string{removed("Approved")}},
		{"approval", is(denied), "", []string{removed("Denied")}},
		{"approval", is(failed), "", []string{removed("Failed")}},
		{"approval", is(`{type: Ready, status: "True"}`), "", nil},
		{"approval", is(approved), is(denied), []string{removed("Approved")}},

		{"status", "", cert("a"), []string{badCert + "must contain at least one CERTIFICATE PEM block"}},
		{"status", "", cert(strings.ReplaceAll(good, "CERTIFICATE", "KEY")), []string{badCert + `only CERTIFICATE PEM blocks are allowed, found "KEY"`}},
		{"status", "", cert(strings.ReplaceAll(good, "BEGIN CERTIFICATE-----", "BEGIN CERTIFICATE-----\nA: b\n")), []string{badCert + "no PEM block headers are permitted"}},
		{"status", "", cert(good, "-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n"), []string{badCert + "x509: "}},
		{"status", "", cert("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"), []string{badCert + "found CERTIFICATE PEM block containing 0 certificates"}},
		{"status", "", cert("said before\n", good, good), nil},
		{"status", cert(good), cert(good), nil},
		{"status", cert(good), cert("a"), []string{badCert, otherCert}},
		{"status", cert(good), "", []string{otherCert}},
		{"status", "certificate: YQ==", "certificate: Yg==", []string{otherCert}},
		{"status", is(failed), "", []string{removed("Failed")}},
		{"status", is(approved), "", []string{removed("Approved")}},
		{"status", "", is(failed), nil},
		{"status", "", is(denied), []string{added("Denied")}},
		{"status", is(approved), is(approved, denied), []string{added("Denied"), oneOfThem}},
		{"status", "", is(`{type: Ready}`), []string{"status.conditions[0].status: Required value"}},
	} {
		status := func(s string) string { return "{metadata: {name: c}, status: {" + s + "}}" }
		apitest.PartUpdated(t, CertificateSigningRequest, c.part, status(c.old), status(c.now), c.want...)
	}
}
