package conformance

import (
	"bufio"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// leftOut are collections that nobody answers for, each with the reason. The
// walk asks for them too: what answers after all must leave this list.
var leftOut = map[string]string{
	"/apis/internal.apiserver.k8s.io/": "the group has one kind, StorageVersion, which is alpha",
}

// walk is the namespace of the objects that live and die in the walk.
const walk = "walk"

// Every stable operation that Kubernetes publishes answers as it should: with
// its own code and kind, and not only with anything but 404.
func TestEveryStableOperationAnswers(t *testing.T) {
	a := start(t)
	a.stand(t)
	a.namespace(t, walk)
	w := &walker{admin: a, objects: objects(t), inNamespaces: map[string]bool{}, published: map[string]string{}}
	for _, facts := range publishedFacts(t) {
		maps.Copy(w.published, facts)
	}
	for _, o := range operations(t) {
		if strings.Contains(o.path, "/namespaces/{namespace}/") {
			w.inNamespaces[o.collection()] = true
		}
	}
	for _, life := range byCollection(operations(t)) {
		t.Run(strings.TrimPrefix(life[0].collection(), "/"), func(t *testing.T) {
			for _, o := range life {
				t.Run(o.id, func(t *testing.T) { w.perform(t, o) })
			}
		})
	}
}

// walker performs operations, each with the object that it needs.
type walker struct {
	*admin
	objects map[string]*unstructured.Unstructured
	// inNamespaces are the collections that lie in namespaces.
	inNamespaces map[string]bool
	// published are the facts of all OpenAPI documents.
	published map[string]string
}

func (w *walker) perform(t *testing.T, o operation) {
	if reason := leftOut[o.collection()]; reason != "" {
		if code, _ := w.call(t, o.method, o.path, nil); code != http.StatusNotFound {
			t.Errorf("answers %d, but is left out: %s", code, reason)
		}
		return
	}
	path := w.fill(o)
	switch o.action {
	case "post":
		w.post(t, o, path)
	case "put":
		w.put(t, o, path)
	case "patch":
		w.patch(t, o, path)
	case "watch", "watchlist":
		w.watch(t, o, path)
	case "connect":
		w.connect(t, o, path)
	case "delete":
		w.delete(t, o, path)
	case "deletecollection":
		w.create(t, o)
		w.expect(t, o, http.StatusOK, path+"?gracePeriodSeconds=0", nil)
		w.release(t, o)
	default:
		w.get(t, o, path)
	}
}

// get covers lists, discovery and logs too.
func (w *walker) get(t *testing.T, o operation, path string) {
	if strings.HasSuffix(path, "/log") {
		if code, text := w.call(t, o.method, path, nil); code != http.StatusOK || text != "GET /containerLogs/standing/web/c" {
			t.Errorf("%d %q", code, text)
		}
		return
	}
	w.expect(t, o, http.StatusOK, path, nil)
}

func (w *walker) post(t *testing.T, o operation, path string) {
	body, err := json.Marshal(w.object(t, o))
	need(t, err)
	w.expect(t, o, http.StatusCreated, path, body)
}

// put sends back what is there, with a change.
func (w *walker) put(t *testing.T, o operation, path string) {
	from := strings.TrimSuffix(path, "/finalize")
	code, text := w.call(t, http.MethodGet, from, nil)
	if code != http.StatusOK {
		t.Fatalf("GET %s: %d %s", from, code, text)
	}
	object := &unstructured.Unstructured{}
	need(t, json.Unmarshal([]byte(text), &object.Object))
	if o.kind == "Scale" {
		need(t, unstructured.SetNestedField(object.Object, int64(2), "spec", "replicas"))
	} else {
		object.SetAnnotations(map[string]string{"example.com/walked": "put"})
	}
	body, err := json.Marshal(object)
	need(t, err)
	w.expect(t, o, http.StatusOK, path, body)
}

func (w *walker) patch(t *testing.T, o operation, path string) {
	body := `{"metadata":{"annotations":{"example.com/walked":"patch"}}}`
	if o.kind == "Scale" {
		body = `{"spec":{"replicas":1}}`
	}
	w.expect(t, o, http.StatusOK, path, []byte(body), "Content-Type", "application/merge-patch+json")
}

// watch wants what is there now as the first event.
func (w *walker) watch(t *testing.T, o operation, path string) {
	if w.posted(o) {
		w.create(t, o)
	}
	response := w.do(t, o.method, path+"?resourceVersion=0", nil)
	defer response.Body.Close()
	line, err := bufio.NewReader(response.Body).ReadBytes('\n')
	need(t, err)
	var event struct {
		Type   string
		Object struct{ Kind string }
	}
	if err := json.Unmarshal(line, &event); err != nil || response.StatusCode != http.StatusOK || event.Type != "ADDED" || event.Object.Kind != o.kind {
		t.Errorf("%s %s: %d %s, %v; want a %s", o.method, path, response.StatusCode, line, err, o.kind)
	}
}

func (w *walker) delete(t *testing.T, o operation, path string) {
	w.create(t, o)
	w.expect(t, o, http.StatusOK, path+"?gracePeriodSeconds=0", nil)
	w.release(t, o)
}

// connect wants to be passed on, over an upgraded connection where it is for
// streams.
func (w *walker) connect(t *testing.T, o operation, path string) {
	var header []string
	want := http.StatusOK
	if !strings.Contains(path, "/proxy") {
		protocol := map[string]string{http.MethodGet: "websocket", http.MethodPost: "SPDY/3.1"}[o.method]
		header, want = []string{"Connection", "Upgrade", "Upgrade", protocol}, http.StatusSwitchingProtocols
	}
	response := w.plain().do(t, o.method, path+"?command=ls", nil, header...)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	need(t, err)
	if asked := response.Header.Get("X-Asked"); response.StatusCode != want || asked+string(text) == "" {
		t.Errorf("%s %s: %s, asked %q, %q", o.method, path, response.Status, asked, text)
	}
}

// expect performs an operation and looks at the code and kind of the answer.
func (w *walker) expect(t *testing.T, o operation, code int, path string, body []byte, header ...string) {
	t.Helper()
	got, text := w.call(t, o.method, path, body, header...)
	if got != code {
		t.Fatalf("%s %s: %d %s; want %d", o.method, path, got, text, code)
	}
	if o.kind == "-" {
		return
	}
	var answer struct {
		Kind     string
		Metadata struct{ DeletionTimestamp string }
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatalf("%s %s: %v in %s", o.method, path, err, text)
	}
	if want := w.answers(o); answer.Kind != want && (o.action != "delete" || answer.Metadata.DeletionTimestamp == "") {
		t.Errorf("%s %s: a %s, want a %s: %.300s", o.method, path, answer.Kind, want, text)
	}
}

// answers is the kind of an operation's answer. An object that a finalizer
// keeps is answered with in place of the Status of one that is gone.
func (w *walker) answers(o operation) string {
	switch o.action {
	case "list", "deletecollection":
		return o.kind + "List"
	case "delete":
		var schema struct {
			Ref string `json:"$ref"`
		}
		_ = json.Unmarshal([]byte(w.published["DELETE "+o.path+" = 200 application/json"]), &schema)
		return schema.Ref[strings.LastIndex(schema.Ref, ".")+1:]
	}
	if o.kind == "Binding" || o.kind == "Eviction" {
		return "Status" // they are done, and not kept
	}
	return o.kind
}
