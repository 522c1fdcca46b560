package apiserver_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"skiff/internal/apiserver"
	"skiff/internal/apiserver/apitest"
	"skiff/internal/apiserver/fairness"
)

// narrow is a server on which eve has a level of her own with one seat, and a
// place for one more who waits.
type narrow struct {
	*testing.T
	*apitest.Server
	entered, leave chan struct{} // of requests for /slow
}

const eves = `{metadata: {name: eves, uid: schema-uid}, spec: {
	priorityLevelConfiguration: {name: narrow}, matchingPrecedence: 500, rules: [{
		subjects: [{kind: User, user: {name: eve}}],
		resourceRules: [{verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true}],
		nonResourceRules: [{verbs: ['*'], nonResourceURLs: ['*']}]}]}}`

func startNarrow(t *testing.T, response string) *narrow {
	t.Helper()
	n := &narrow{T: t, entered: make(chan struct{}, 10), leave: make(chan struct{})}
	var schema flowcontrolv1.FlowSchema
	var level flowcontrolv1.PriorityLevelConfiguration
	for text, obj := range map[string]any{
		eves: &schema,
		"{metadata: {name: narrow, uid: level-uid}, spec: {type: Limited, limited: {nominalConcurrencyShares: 1, borrowingLimitPercent: 0, limitResponse: " + response + "}}}": &level,
	} {
		if err := yaml.UnmarshalStrict([]byte(text), obj); err != nil {
			t.Fatal(err)
		}
	}
	d := fairness.New(1, 1, time.Now())
	d.Configure([]*flowcontrolv1.FlowSchema{&schema}, []*flowcontrolv1.PriorityLevelConfiguration{&level}, time.Now())
	n.Server = apitest.Start(t, func(c *apiserver.Config) {
		c.Fairness = d
		c.Paths["/slow"] = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			n.entered <- struct{}{}
			<-n.leave
			_, _ = io.WriteString(w, "done")
		})
	})
	return n
}

const oneWaits = "{type: Queue, queuing: {queues: 1, handSize: 1, queueLengthLimit: 1}}"

// answer is what has come of a request.
type answer struct {
	code   int
	body   string
	header http.Header
	err    error
}

// ask asks as eve. The answer comes when it comes.
func (n *narrow) ask(ctx context.Context, path string) <-chan answer {
	n.Helper()
	c, err := rest.HTTPClientFor(n.Config("eve"))
	if err != nil {
		n.Fatal(err)
	}
	got := make(chan answer, 1)
	go func() {
		r, _ := http.NewRequestWithContext(ctx, "GET", "https://kubernetes.default.svc"+path, nil)
		resp, err := c.Do(r)
		if err != nil {
			got <- answer{err: err}
			return
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		got <- answer{resp.StatusCode, string(body), resp.Header, err}
	}()
	return got
}

func (n *narrow) must(path string, code int) answer {
	n.Helper()
	a := <-n.ask(n.Context(), path)
	if a.code != code || a.err != nil {
		n.Fatalf("%s: %+v, want %d", path, a, code)
	}
	return a
}

// hold has eve's seat taken until release is called.
func (n *narrow) hold() (release func()) {
	n.Helper()
	first := n.ask(n.Context(), "/slow")
	<-n.entered
	return func() {
		n.Helper()
		n.leave <- struct{}{}
		if a := <-first; a.code != http.StatusOK || a.body != "done" {
			n.Errorf("the one who was served: %+v", a)
		}
	}
}

// shows waits until a path, as the system's masters see it, has all of a text;
// columns are one space apart.
func (n *narrow) shows(path string, want ...string) {
	n.Helper()
	var body string
	apitest.Eventually(n, fmt.Sprintf("%s shows %q", path, want), func(context.Context) bool {
		_, body = raw(n.T, n.Admin(), path, "")
		body = strings.Join(strings.Fields(body), " ")
		for _, text := range want {
			if !strings.Contains(body, text) {
				return false
			}
		}
		return true
	})
}

const dumps = "/debug/api_priority_and_fairness/"

func TestALevelOfOneSeat(t *testing.T) {
	n := startNarrow(t, oneWaits)
	release := n.hold()
	second := n.ask(t.Context(), "/version")
	n.shows("/metrics", `apiserver_current_inqueue_requests{request_kind="readOnly"} 1`,
		`apiserver_flowcontrol_current_inqueue_requests{flow_schema="eves",priority_level="narrow"} 1`,
		`apiserver_flowcontrol_current_executing_requests{flow_schema="eves",priority_level="narrow"} 1`,
		`apiserver_flowcontrol_nominal_limit_seats{priority_level="narrow"} 1`)
	n.shows(dumps+"dump_priority_levels", "narrow, 1, false, false, 1, 1, ")
	n.shows(dumps+"dump_queues", "narrow, 0, 1, 1, ")
	n.shows(dumps+"dump_requests?includeRequestDetails=1", "eve, get, /slow, ", "eve, get, /version, ")

	third := n.must("/version", http.StatusTooManyRequests)
	if third.body != "Too many requests, please try again later.\n" || third.header.Get("Retry-After") != "1" ||
		third.header.Get("X-Kubernetes-PF-FlowSchema-UID") != "schema-uid" || third.header.Get("X-Kubernetes-PF-PriorityLevel-UID") != "level-uid" {
		t.Errorf("the one for whom there is no place: %+v", third)
	}
	for _, user := range []*rest.Config{n.Admin(), n.Config("bob")} {
		if resp, _ := raw(t, user, "/version", ""); resp.StatusCode != http.StatusOK {
			t.Errorf("others do not go on: %s", resp.Status)
		}
	}
	release()
	if a := <-second; a.code != http.StatusOK || a.header.Get("X-Kubernetes-PF-FlowSchema-UID") != "schema-uid" {
		t.Errorf("the one who waited: %+v", a)
	}
	n.must("/version", http.StatusOK)
	n.shows("/metrics", `apiserver_current_inqueue_requests{request_kind="readOnly"} 0`,
		`apiserver_flowcontrol_rejected_requests_total{flow_schema="eves",priority_level="narrow",reason="queue-full"} 1`,
		`apiserver_flowcontrol_dispatched_requests_total{flow_schema="eves",priority_level="narrow"} 3`,
		`apiserver_flowcontrol_request_wait_duration_seconds_count{execute="true",flow_schema="eves",priority_level="narrow"} 3`,
		`apiserver_request_terminations_total{code="429",`)
}

func TestALevelThatRejects(t *testing.T) {
	n := startNarrow(t, "{type: Reject}")
	release := n.hold()
	n.must("/version", http.StatusTooManyRequests)
	release()
	n.must("/version", http.StatusOK)
}

func TestWaitingHasAnEnd(t *testing.T) {
	n := startNarrow(t, oneWaits)
	release := n.hold()
	began := time.Now()
	if n.must("/version?timeout=200ms", http.StatusTooManyRequests); time.Since(began) < 50*time.Millisecond {
		t.Errorf("it gave up after %v, want a quarter of its time", time.Since(began))
	}
	ctx, cancel := context.WithCancel(t.Context())
	gone := n.ask(ctx, "/version")
	n.shows(dumps+"dump_priority_levels", "narrow, 1, ")
	cancel()
	<-gone
	n.shows(dumps+"dump_priority_levels", "narrow, 0, ")
	next := n.ask(t.Context(), "/version")
	n.shows(dumps+"dump_priority_levels", "narrow, 1, ")
	release()
	if a := <-next; a.code != http.StatusOK {
		t.Errorf("%+v", a)
	}
}

// One who may not, or who asks for nothing that there is, is counted before it
// is told so; one who streams is not.
func TestWhatIsCounted(t *testing.T) {
	n := startNarrow(t, oneWaits)
	release := n.hold()
	defer release()
	for path, counted := range map[string]bool{
		"/nothing": true, "/api/v1/namespaces/default/pods/p": true, "/apis/none/v1/x": true,
		"/api/v1/namespaces/default/pods/p/log": false, "/api/v1/namespaces/default/services/s/proxy/x": false, "/debug/pprof/cmdline": false,
	} {
		ctx, cancel := context.WithCancel(t.Context())
		got := n.ask(ctx, path)
		if counted {
			n.shows(dumps+"dump_priority_levels", "narrow, 1, ")
			cancel()
		}
		a := <-got
		cancel()
		if !counted && (a.err != nil || a.code == http.StatusTooManyRequests || a.header["X-Kubernetes-Pf-Flowschema-Uid"] != nil) {
			t.Errorf("%s: %+v", path, a)
		}
		n.shows(dumps+"dump_priority_levels", "narrow, 0, ")
	}
}

// A watch has its seat until what was there before it has been sent.
func TestWatchesBegin(t *testing.T) {
	n := startNarrow(t, oneWaits)
	c := kubernetes.NewForConfigOrDie(n.Config("eve")).CoreV1().ConfigMaps("default")
	for range 3 { // nothing is there
		w, err := c.Watch(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Stop()
	}
	n.must("/version", http.StatusOK)
	if a := n.must("/api/v1/pods?watch=1&resourceVersion=none", http.StatusUnprocessableEntity); a.header.Get("X-Kubernetes-PF-FlowSchema-UID") != "schema-uid" {
		t.Errorf("a watch that fails: %+v", a)
	}
	n.must("/version", http.StatusOK)

	admin := kubernetes.NewForConfigOrDie(n.Admin()).CoreV1().ConfigMaps("full")
	for i := range 40 { // more than is buffered anywhere
		big := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("c", i)}, Data: map[string]string{"x": strings.Repeat("x", 30_000)}}
		if _, err := admin.Create(t.Context(), big, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	client, err := rest.HTTPClientFor(n.Config("eve"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Get("https://kubernetes.default.svc/api/v1/namespaces/full/configmaps?watch=1")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	next := n.ask(t.Context(), "/version")
	n.shows(dumps+"dump_requests?includeRequestDetails=1", "eve, watch, /api/v1/namespaces/full/configmaps, ", "eve, get, /version, ")
	go func() { _, _ = io.Copy(io.Discard, resp.Body) }()
	if a := <-next; a.code != http.StatusOK {
		t.Errorf("the one who waits for a watch to begin: %+v", a)
	}
	n.shows("/metrics", `apiserver_flowcontrol_request_execution_seconds_count{flow_schema="eves",priority_level="narrow",type="watch"} 5`)
}

// The dumps are for those who may read the paths, and nobody is pointed to them.
func TestDumpsAreNotListed(t *testing.T) {
	s := apitest.Start(t, apitest.WithAuthorizer(onlyMasters{}))
	if _, body := raw(t, s.Admin(), "/", ""); strings.Contains(body, "/debug/") || !strings.Contains(body, "/metrics") {
		t.Errorf("the index: %s", body)
	}
	if resp, body := raw(t, s.Config("eve"), dumps+"dump_requests", ""); resp.StatusCode != http.StatusForbidden {
		t.Errorf("%s: %s", resp.Status, body)
	}
	if resp, body := raw(t, s.Admin(), dumps+"dump_requests", ""); !strings.HasPrefix(body, "PriorityLevelName, ") || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("%s: %s", resp.Header, body)
	}
}
