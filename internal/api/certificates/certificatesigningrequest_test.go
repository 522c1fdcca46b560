package certificates

import (
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

func TestRequestValidation(t *testing.T) {
	apitest.Refused(t, CertificateSigningRequest, `{metadata: {name: c}, spec: {expirationSeconds: 60, signerName: x}}`,
		`spec.request: Invalid value: null: PEM block type must be CERTIFICATE REQUEST`,
		"spec.usages: Required value",
		`spec.signerName: Invalid value: "x": must be a domain-prefixed path (such as "acme.io/foo")`,
		"spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 600 seconds (10 minutes)")
	apitest.Row(t, CertificateSigningRequest, `{metadata: {name: c}, spec: {signerName: a.b/c, username: u, expirationSeconds: 3600}}`,
		"c | <unknown> | a.b/c | u | 60m | Pending")
}
