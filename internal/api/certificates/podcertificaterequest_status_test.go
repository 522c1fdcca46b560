package certificates

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"

	"skiff/internal/api/apitest"
)

type podCertificateRequest = certificatesv1.PodCertificateRequest

func TestPodCertificateRequestEnds(t *testing.T) {
	is := func(kind, status string) string {
		return `{type: ` + kind + `, status: "` + status + `", reason: R, lastTransitionTime: "2000-01-01T00:00:00Z"}`
	}
	const (
		ended    = "status: Invalid value: immutable after PodCertificateRequest is issued, denied, or failed"
		notEnded = `status: Invalid value: status is immutable unless transitioning to "Issued", "Denied", or "Failed"`
		notEmpty = "status: Invalid value: non-condition status fields must be empty when denying or failing the PodCertificateRequest"
		onlyOne  = `Invalid value: "Failed": There may be at most one condition with type "Issued", "Denied", or "Failed"`
		known    = `supported values: "Issued", "Denied", "Failed"`
	)
	all := func(conditions ...string) string { return "conditions: [" + strings.Join(conditions, ", ") + "]" }
	denied, failed := is("Denied", "True"), is("Failed", "True")
	for _, c := range []struct {
		old, now string
		want     []string
	}{
		{"", "", nil},
		{"", all(denied), nil},
		{"", all(failed), nil},
		{all(denied), all(denied), nil},
		{all(denied), "", []string{ended}},
		{all(denied), all(failed), []string{ended}},
		{all(is("Issued", "True")), "certificateChain: x", []string{ended}},
		{"", "certificateChain: x", []string{notEnded}},
		{"certificateChain: x", "certificateChain: x", nil},
		{"", all(denied) + ", certificateChain: x", []string{notEmpty}},
		{"", all(failed) + `, notAfter: "2000-01-01T00:00:00Z"`, []string{notEmpty}},
		{"", all(is("Done", "True"), is("Issued", "False")), []string{
			`status.conditions.[0].type: Unsupported value: "Done": ` + known,
			`status.conditions.[1].status: Unsupported value: "False": supported values: "True"`}},
		{"", all(denied, failed), []string{"status.conditions.[1].type: " + onlyOne}},
		{"", all(`{type: Denied, status: "True", lastTransitionTime: "2000-01-01T00:00:00Z"}`), []string{"status.conditions[0].reason: Required value"}},
	} {
		status := func(s string) string { return "{metadata: {name: r, namespace: ns}, status: {" + s + "}}" }
		apitest.PartUpdated(t, PodCertificateRequest, "status", status(c.old), status(c.now), c.want...)
	}
}

// leaf is a certificate in PEM that holds for two hours from start.
func leaf(t *testing.T, key crypto.Signer, start time.Time, change func(*x509.Certificate)) string {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: start, NotAfter: start.Add(2 * time.Hour)}
	change(template)
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestPodCertificateRequestIssued(t *testing.T) {
	key, start := edKey(t), time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	asIs := func(*x509.Certificate) {}
	chain := func(change func(*x509.Certificate)) string { return leaf(t, key, start, change) }
	named := func(names ...string) string { return chain(func(c *x509.Certificate) { c.DNSNames = names }) }
	holds := func(d time.Duration) string { return chain(func(c *x509.Certificate) { c.NotAfter = start.Add(d) }) }
	good := chain(asIs)
	const at, dns = "status.certificateChain: Invalid value: ", "leaf certificate's DNSName should not "
	for name, c := range map[string]struct {
		chain               string
		now                 time.Duration
		from, renewed, till time.Duration
		want                string
	}{
		"good":            {chain: good},
		"several":         {chain: "said before\n" + good + good},
		"named":           {chain: named("a", "b.c")},
		"empty":           {want: at + `"": issued certificate chain must contain at least one certificate`},
		"too long":        {chain: strings.Repeat("x", 100<<10+1), want: "status.certificateChain: Too long: may not be more than 102400 bytes"},
		"long":            {chain: strings.Repeat("x", 100<<10), want: at + `"xxx`},
		"a key":           {chain: strings.ReplaceAll(good, "CERTIFICATE", "KEY"), want: at + "*: issued certificate chain must consist entirely of CERTIFICATE PEM blocks"},
		"rubbish":         {chain: rubbish, want: at + "*: leaf certificate does not parse as valid X.509"},
		"no name":         {chain: named("a", ""), want: at + `"": leaf certificate should not contain empty DNSName`},
		"two dots":        {chain: named("a..b"), want: at + `"a..b": ` + dns + "contain '..'"},
		"dot before":      {chain: named(".a"), want: at + `".a": ` + dns + "start or end with '.'"},
		"dot behind":      {chain: named("a."), want: at + `"a.": ` + dns + "start or end with '.'"},
		"address":         {chain: chain(func(c *x509.Certificate) { c.EmailAddresses = []string{"a@b"} })},
		"no address":      {chain: chain(func(c *x509.Certificate) { c.EmailAddresses = []string{"a"} }), want: at + `"a": leaf certificate should not contain invalid EmailAddress`},
		"other key":       {chain: leaf(t, edKey(t), start, asIs), want: at + "*: leaf certificate was not issued to the requested public key"},
		"other start":     {chain: good, from: time.Second, want: "status.notBefore: Invalid value: *: must be set to the NotBefore time encoded in the leaf certificate"},
		"nearly late":     {chain: good, now: 5 * time.Minute},
		"late":            {chain: good, now: 5*time.Minute + 1, want: "status.notBefore: Invalid value: *: must be set to within 5 minutes of kube-apiserver's current time"},
		"early":           {chain: good, now: -5*time.Minute - 1, want: "status.notBefore: Invalid value: *: must be set to within 5 minutes of kube-apiserver's current time"},
		"other end":       {chain: good, till: time.Second, want: "status.notAfter: Invalid value: *: must be set to the NotAfter time encoded in the leaf certificate"},
		"short":           {chain: holds(time.Hour - time.Second), till: -time.Hour - time.Second, want: at + "*: leaf certificate lifetime must be >= 1 hour"},
		"an hour":         {chain: holds(time.Hour), till: -time.Hour, renewed: -20 * time.Minute},
		"as asked":        {chain: holds(3 * time.Hour), till: time.Hour},
		"more than asked": {chain: holds(3*time.Hour + time.Second), till: time.Hour + time.Second, want: at + "*: leaf certificate lifetime must be <= spec.maxExpirationSeconds (10800)"},
		"renewed first":   {chain: good, renewed: -50 * time.Minute},
		"renewed early":   {chain: good, renewed: -51 * time.Minute, want: "status.beginRefreshAt: Invalid value: *: must be at least 10 minutes after status.notBefore"},
		"renewed last":    {chain: good, renewed: 50 * time.Minute},
		"renewed late":    {chain: good, renewed: 51 * time.Minute, want: "status.beginRefreshAt: Invalid value: *: must be at least 10 minutes before status.notAfter"},
		"then a key":      {chain: good + strings.ReplaceAll(good, "CERTIFICATE", "KEY"), want: at + "*: issued certificate chain must consist entirely of CERTFICATE PEM blocks"},
		"then rubbish":    {chain: good + rubbish, want: at + "*: intermediate certificate does not parse as valid X.509"},
	} {
		t.Run(name, func(t *testing.T) {
			o, old := issued(t, key, c.chain), issued(t, key, "")
			old.Status = certificatesv1.PodCertificateRequestStatus{}
			times := fmt.Sprintf("{status: {notBefore: %q, beginRefreshAt: %q, notAfter: %q}}", stamped(start.Add(c.from)),
				stamped(start.Add(time.Hour+c.renewed)), stamped(start.Add(2*time.Hour+c.till)))
			given := apitest.Parse(t, PodCertificateRequest, times).(*podCertificateRequest).Status
			o.Status.NotBefore, o.Status.BeginRefreshAt, o.Status.NotAfter = given.NotBefore, given.BeginRefreshAt, given.NotAfter
			var got []string
			for _, e := range validatePodRequestStatus(o, old, start.Add(c.now)) {
				got = append(got, e.Error())
			}
			if !matches(strings.Join(got, "\n"), c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
	o, old := issued(t, key, good), issued(t, key, "")
	old.Status = certificatesv1.PodCertificateRequestStatus{}
	apitest.Errors(t, validatePodRequestStatus(o, old, start), "status.notBefore: Required value: must be present and consistent with the issued certificate",
		"status.notAfter: Required value: must be present and consistent with the issued certificate",
		"status.beginRefreshAt: Required value: must be present and in the range [notbefore+10min, notafter-10min]")
}

const rubbish = "-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n"

func stamped(at time.Time) string { return at.Format(time.RFC3339) }

// matches compares an error with what is expected of it, in which "*" stands
// for a value.
func matches(got, want string) bool {
	before, after, value := strings.Cut(want, "*")
	return strings.HasPrefix(got, before) && (!value || strings.HasSuffix(got, after)) && (want != "") == (got != "")
}

// issued is a request for a certificate of three hours for key that is said to
// have been issued.
func issued(t *testing.T, key crypto.Signer, chain string) *podCertificateRequest {
	o := apitest.Parse(t, PodCertificateRequest, podRequest(stub(t, key), "maxExpirationSeconds: 10800")).(*podCertificateRequest)
	o.Status = apitest.Parse(t, PodCertificateRequest,
		`{status: {conditions: [{type: Issued, status: "True", reason: R, lastTransitionTime: "2000-01-01T00:00:00Z"}]}}`).(*podCertificateRequest).Status
	o.Status.CertificateChain = chain
	return o
}
