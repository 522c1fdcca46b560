package certificates

import (
	"encoding/base64"
	"encoding/pem"
	"testing"

	"skiff/internal/api/apitest"
)

func TestPodCertificateRequest(t *testing.T) {
	raw, err := base64.StdEncoding.DecodeString(signed(t))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(raw)
	request := func(rest string) string {
		return "{metadata: {name: r, namespace: ns}, spec: {podName: p, podUID: a, serviceAccountName: s, serviceAccountUID: b, nodeName: n1, nodeUID: c, stubPKCS10Request: " +
			base64.StdEncoding.EncodeToString(block.Bytes) + ", " + rest + "}}"
	}
	apitest.Refused(t, PodCertificateRequest, request("signerName: a.b/c"))
	apitest.Refused(t, PodCertificateRequest, request("signerName: a.b/c, maxExpirationSeconds: 7862401"),
		"spec.maxExpirationSeconds: Invalid value: 7862401: must be in the range [3600, 7862400]")
	apitest.Refused(t, PodCertificateRequest, request("signerName: kubernetes.io/c, maxExpirationSeconds: 86401"),
		"spec.maxExpirationSeconds: Invalid value: 86401: must be in the range [3600, 86400]")
	apitest.Refused(t, PodCertificateRequest, `{metadata: {name: r, namespace: ns}, spec: {podName: A, podUID: a, serviceAccountName: s, serviceAccountUID: b, nodeName: n1}}`,
		"spec.signerName: Required value", `spec.podName: Invalid value: "A": `, `spec.nodeUID: Invalid value: "": must not be empty`,
		"spec.stubPKCS10Request: Invalid value: must be a PKCS#10 certificate request in DER: ")
	apitest.Updated(t, PodCertificateRequest, request("signerName: a.b/c"), request("signerName: a.b/d"), "spec: Invalid value: {")
}

func TestPodCertificateRequestStatus(t *testing.T) {
	is := func(kind, status string) string {
		return `{type: ` + kind + `, status: "` + status + `", reason: R, lastTransitionTime: "2000-01-01T00:00:00Z"}`
	}
	denied := "conditions: [" + is("Denied", "True") + "]"
	for _, c := range []struct {
		old, now string
		want     []string
	}{
		{"", denied, nil},
		{denied, denied, nil},
		{denied, "", []string{"status: Invalid value: immutable after PodCertificateRequest is issued, denied, or failed"}},
		{"", "certificateChain: x", []string{`status: Invalid value: status is immutable unless transitioning to "Issued", "Denied", or "Failed"`}},
		{"", denied + ", certificateChain: x", []string{"status: Invalid value: non-condition status fields must be empty when denying or failing the PodCertificateRequest"}},
		{"", "conditions: [" + is("Issued", "True") + "]", []string{`status.certificateChain: Invalid value: "": issued certificate chain must contain at least one certificate`}},
		{"", "conditions: [" + is("Done", "True") + "," + is("Issued", "False") + "]", []string{
			`status.conditions[0].type: Unsupported value: "Done": supported values: "Issued", "Denied", "Failed"`,
			"status.conditions[1].type: Invalid value: \"Issued\": There may be at most one condition",
			`status.conditions[1].status: Unsupported value: "False": supported values: "True"`}},
	} {
		status := func(s string) string { return "{metadata: {name: r, namespace: ns}, status: {" + s + "}}" }
		apitest.PartUpdated(t, PodCertificateRequest, "status", status(c.old), status(c.now), c.want...)
	}
}
