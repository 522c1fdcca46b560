package network

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

// fakeAPI is an API server that knows nodes: list, watch and patch, in JSON.
type fakeAPI struct {
	*httptest.Server
	mu      sync.Mutex
	changed *sync.Cond
	version int
	nodes   map[string]*corev1.Node
	events  []metav1.WatchEvent
}

// newFakeAPI serves nodes of these names and ranges on the address.
func newFakeAPI(t *testing.T, address string, podCIDRs map[string]string) *fakeAPI {
	a := &fakeAPI{nodes: map[string]*corev1.Node{}}
	a.changed = sync.NewCond(&a.mu)
	for name, cidr := range podCIDRs {
		a.put(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.NodeSpec{PodCIDR: cidr}})
	}
	l, err := net.Listen("tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	a.Server = &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(a.handle)}}
	a.Start()
	t.Cleanup(func() {
		a.CloseClientConnections()
		a.changed.Broadcast()
		a.Close()
	})
	return a
}

// put stores a node and tells the watchers.
func (a *fakeAPI) put(node *corev1.Node) {
	a.mu.Lock()
	defer a.mu.Unlock()
	kind := "ADDED"
	if a.nodes[node.Name] != nil {
		kind = "MODIFIED"
	}
	a.tell(kind, node)
	a.nodes[node.Name] = node
}

func (a *fakeAPI) remove(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tell("DELETED", a.nodes[name].DeepCopy())
	delete(a.nodes, name)
}

func (a *fakeAPI) get(name string) *corev1.Node {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.nodes[name].DeepCopy()
}

func (a *fakeAPI) tell(kind string, node *corev1.Node) {
	a.version++
	node.ResourceVersion = strconv.Itoa(a.version)
	node.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Node"}
	data, _ := json.Marshal(node)
	event := metav1.WatchEvent{Type: kind}
	event.Object.Raw = data
	a.events = append(a.events, event)
	a.changed.Broadcast()
}

func (a *fakeAPI) handle(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	query := r.URL.Query()
	switch {
	case r.Method == http.MethodPatch:
		a.patch(w, r)
	case query.Get("sendInitialEvents") != "":
		http.Error(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Invalid","code":422}`, http.StatusUnprocessableEntity)
	case query.Get("watch") != "":
		a.watch(w, r)
	default:
		a.list(w)
	}
}

func (a *fakeAPI) list(w io.Writer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := corev1.NodeList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "NodeList"}}
	list.ResourceVersion = strconv.Itoa(a.version)
	for _, node := range a.nodes {
		list.Items = append(list.Items, *node)
	}
	_ = json.NewEncoder(w).Encode(list)
}

func (a *fakeAPI) watch(w http.ResponseWriter, r *http.Request) {
	next, _ := strconv.Atoi(r.URL.Query().Get("resourceVersion"))
	w.WriteHeader(http.StatusOK)
	w.(http.Flusher).Flush()
	go func() { <-r.Context().Done(); a.changed.Broadcast() }()
	for {
		a.mu.Lock()
		for next >= len(a.events) && r.Context().Err() == nil {
			a.changed.Wait()
		}
		if r.Context().Err() != nil {
			a.mu.Unlock()
			return
		}
		event := a.events[next]
		a.mu.Unlock()
		next++
		_ = json.NewEncoder(w).Encode(event)
		w.(http.Flusher).Flush()
	}
}

func (a *fakeAPI) patch(w http.ResponseWriter, r *http.Request) {
	name := strings.Split(r.URL.Path, "/")[4]
	patch, _ := io.ReadAll(r.Body)
	before := a.get(name)
	if before == nil {
		http.Error(w, fmt.Sprintf("no node %q", name), http.StatusNotFound)
		return
	}
	data, _ := json.Marshal(before)
	data, err := strategicpatch.StrategicMergePatch(data, patch, corev1.Node{})
	after := &corev1.Node{}
	if err == nil {
		err = json.Unmarshal(data, after)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a.put(after)
	_ = json.NewEncoder(w).Encode(after)
}
