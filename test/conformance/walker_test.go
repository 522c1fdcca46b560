package conformance

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// places are where operations are performed that need more than an object of
// their own: a node, a pod on it, a service with endpoints.
var places = map[string][2]string{
	"log": {standing, "web"}, "exec": {standing, "web"}, "attach": {standing, "web"}, "portforward": {standing, "web"},
	"eviction": {standing, "evicted"}, "binding": {standing, "bound"}, "bindings": {standing, ""},
	"services": {standing, "front"}, "pods": {standing, "web"}, "nodes": {"", "n1"},
}

// fill writes namespace and name into an operation's path.
func (w *walker) fill(o operation) string {
	namespace, name := walk, "walked"
	if fixture := w.fixture(o); fixture != nil {
		name = fixture.GetName()
	}
	parts := strings.Split(o.path, "/")
	last := parts[len(parts)-1]
	if o.action == "connect" && last != "exec" && last != "attach" && last != "portforward" {
		last = o.collection()[strings.LastIndex(o.collection(), "/")+1:]
	}
	if at, ok := places[last]; ok && (o.action == "connect" || last == "log" || o.action == "post" && last != "pods" && last != "services" && last != "nodes") {
		namespace, name = at[0], at[1]
	}
	if o.kind == "ComponentStatus" {
		name = "scheduler"
	}
	return strings.NewReplacer("{namespace}", namespace, "{name}", name, "{path}", "some/page", "{logpath}", "skiff.log").Replace(o.path)
}

// apiVersion is the group and version in an operation's path.
func (o operation) apiVersion() string {
	parts := strings.Split(strings.Trim(o.path, "/"), "/")
	if parts[0] == "api" && len(parts) > 1 {
		return parts[1]
	}
	if parts[0] == "apis" && len(parts) > 2 {
		return parts[1] + "/" + parts[2]
	}
	return ""
}

// fixture is the object of the operation's resource.
func (w *walker) fixture(o operation) *unstructured.Unstructured {
	for _, kind := range []string{o.kind, kindAt[o.collection()]} {
		if found := w.objects[o.apiVersion()+" "+kind]; found != nil {
			return found
		}
	}
	return nil
}

// kindAt are the kinds of the resources whose subresources have others.
var kindAt = map[string]string{
	"/api/v1/replicationcontrollers": "ReplicationController", "/api/v1/serviceaccounts": "ServiceAccount",
	"/apis/apps/v1/deployments": "Deployment", "/apis/apps/v1/replicasets": "ReplicaSet", "/apis/apps/v1/statefulsets": "StatefulSet",
}

// object is the body of a post: of the subresource's own kind, if it has one.
func (w *walker) object(t *testing.T, o operation) *unstructured.Unstructured {
	t.Helper()
	switch {
	case strings.HasSuffix(o.path, "/token"):
		return w.objects["authentication.k8s.io/v1 TokenRequest"]
	case strings.HasSuffix(o.path, "/eviction"):
		return w.objects["policy/v1 Eviction"]
	case strings.HasSuffix(o.path, "/binding"):
		body := w.objects["v1 Binding"].DeepCopy()
		body.SetName("bound")
		return body
	}
	found := w.fixture(o)
	if found == nil {
		t.Fatalf("objects.yaml has no %s %s", o.apiVersion(), o.kind)
	}
	return found
}

// posted says whether the operation's resource has objects to be made.
func (w *walker) posted(o operation) bool { return w.fixture(o) != nil }

// home is where the operation's objects are made.
func (w *walker) home(o operation) string {
	parts := strings.Split(o.collection(), "/")
	last := len(parts) - 1
	if !w.namespaced(o) {
		return o.collection()
	}
	return strings.Join(parts[:last], "/") + "/namespaces/" + walk + "/" + parts[last]
}

// namespaced is read off the paths of the operation's life.
func (w *walker) namespaced(o operation) bool {
	return w.inNamespaces[o.collection()]
}

// create makes the resource's object where it is not there.
func (w *walker) create(t *testing.T, o operation) {
	t.Helper()
	body, err := json.Marshal(w.fixture(o))
	need(t, err)
	if code, text := w.call(t, http.MethodPost, w.home(o), body); code != http.StatusCreated && code != http.StatusConflict {
		t.Fatalf("make a %s: %d %s", o.kind, code, text)
	}
}

// release lets a deleted object go that a finalizer holds: there are no
// controllers here to do it.
func (w *walker) release(t *testing.T, o operation) {
	t.Helper()
	path := w.home(o) + "/" + w.fixture(o).GetName()
	code, text := w.call(t, http.MethodPatch, path, []byte(`{"metadata":{"finalizers":null}}`), "Content-Type", "application/merge-patch+json")
	if code != http.StatusOK && code != http.StatusNotFound {
		t.Fatalf("release %s: %d %s", path, code, text)
	}
}
