package certificates

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"skiff/internal/api/apitest"
)

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
		{bundle("a.b:c:V1", "a.b/c", ca), []string{`metadata.name: Invalid value: "a.b:c:V1": a lowercase RFC 1123 subdomain must`}},
		{bundle("B", "", ca), []string{`metadata.name: Invalid value: "B": a lowercase RFC 1123 subdomain must`}},
		{bundle("a:b:", "a/b", ca), []string{"metadata.name: Invalid value", `spec.signerName: Invalid value: "a": should be a domain with at least two segments separated by dots`}},
		{"{metadata: {generateName: a.b:c:x-, name: a.b:c:x-1}, spec: {signerName: a.b/c, trustBundle: " + strconv.Quote(ca) + "}}", nil},
		{"{metadata: {generateName: x-, name: a.b:c:x}, spec: {signerName: a.b/c, trustBundle: " + strconv.Quote(ca) + "}}", []string{"metadata.generateName: Invalid value"}},
		{bundle("b", "", ""), []string{`spec.trustBundle: Invalid value: "<value omitted>": at least one trust anchor must be provided`}},
		{bundle("b", "", ca+ca), []string{`spec.trustBundle: Invalid value: "<value omitted>": duplicate trust anchor (indices [0 1])`}},
		{bundle("b", "", anchor(t, false)), []string{`spec.trustBundle: Invalid value: "<value omitted>": entry 0 does not have the CA bit set`}},
		{bundle("b", "", strings.ReplaceAll(ca, "CERTIFICATE", "KEY")), []string{`spec.trustBundle: Invalid value: "<value omitted>": entry 0 has bad block type: KEY`}},
		{bundle("b", "", strings.ReplaceAll(ca, "BEGIN CERTIFICATE-----", "BEGIN CERTIFICATE-----\nA: b\n")), []string{`spec.trustBundle: Invalid value: "<value omitted>": entry 0 has PEM block headers`}},
		{bundle("b", "", ca+rubbish), []string{`spec.trustBundle: Invalid value: "<value omitted>": entry 1 does not parse as X.509`}},
		{bundle("b", "", strings.Repeat("x", 1<<20+1)), []string{"spec.trustBundle: Too long: may not be more than 1048576 bytes"}},
		{bundle("b", "", strings.Repeat("x", 1<<20)), []string{`spec.trustBundle: Invalid value: "<value omitted>": at least one trust anchor must be provided`}},
	} {
		apitest.Refused(t, ClusterTrustBundle, c.text, c.want...)
	}
	apitest.Updated(t, ClusterTrustBundle, bundle("b", "", ca), bundle("b", "", ""),
		`spec.trustBundle: Invalid value: "<value omitted>": at least one trust anchor must be provided`)
	// What was stored may stay; a bundle stays with its signer.
	apitest.Updated(t, ClusterTrustBundle, bundle("b", "", "x"), bundle("b", "", "x"))
	apitest.Updated(t, ClusterTrustBundle, bundle("b", "", ca), bundle("a.b:c:v1", "a.b/c", "x"),
		`metadata.name: Invalid value: "a.b:c:v1": field is immutable`, `spec.trustBundle: Invalid value: "<value omitted>": at least`, `spec.signerName: Invalid value: "a.b/c": field is immutable`)
	apitest.Row(t, ClusterTrustBundle, bundle("b", "a.b/c", ""), "b | a.b/c")
	apitest.Row(t, ClusterTrustBundle, bundle("b", "", ""), "b | <none>")
}
