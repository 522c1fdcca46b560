package apiserver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"skiff/internal/apiserver/apitest"
)

// TestClientsThatDoNotReadAreLetGo has watches over real connections that take
// nothing of what is sent to them. They hold nobody up, and nothing of them
// stays when their time is up, though the server stands in the middle of a
// write to them.
func TestClientsThatDoNotReadAreLetGo(t *testing.T) {
	t.Parallel() // waits for what does not come
	s := apitest.Start(t)
	config := s.Listen("admin")
	c := kubernetes.NewForConfigOrDie(config).CoreV1().ConfigMaps("default")
	for i := range 40 { // more than all buffers on the way hold
		big := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("c", i)}, Data: map[string]string{"x": strings.Repeat("x", 900_000)}}
		if _, err := c.Create(t.Context(), big, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	before := watchers(t, s)
	for _, protocol := range []string{"http/1.1", "h2"} {
		silent(t, config, protocol, "/api/v1/configmaps?watch=1&timeoutSeconds=2")
	}
	apitest.Eventually(t, "both watches have begun", func(context.Context) bool { return watchers(t, s) == before+2 })
	w, err := c.Watch(t.Context(), metav1.ListOptions{FieldSelector: "metadata.name=late"})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	if _, err := c.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "late"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	nextOf(t, w, watch.Added, "late")
	apitest.Eventually(t, "the watches of those who do not read have ended", func(context.Context) bool { return watchers(t, s) == before+1 })
}

// TestAWatchThatFellBehindCatchesUp: a client that stops to read for a while,
// until its window is full, gets all events in order, and those after them.
func TestAWatchThatFellBehindCatchesUp(t *testing.T) {
	t.Parallel() // waits for what does not come
	s := apitest.Start(t)
	config := s.Listen("admin")
	c := kubernetes.NewForConfigOrDie(config).CoreV1().ConfigMaps("default")
	watched := silent(t, config, "h2", "/api/v1/namespaces/default/configmaps?watch=1&labelSelector=seen")
	var want []string
	add := func(name string, size int) {
		m := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"seen": ""}},
			Data: map[string]string{"x": strings.Repeat("x", size)}}
		if _, err := c.Create(t.Context(), m, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		want = append(want, name)
	}
	events := json.NewDecoder(watched)
	expect := func() {
		t.Helper()
		for _, name := range want {
			var ev struct {
				Type   watch.EventType
				Object metav1.PartialObjectMetadata
			}
			if err := events.Decode(&ev); err != nil || ev.Type != watch.Added || ev.Object.Name != name {
				t.Fatalf("%s %s, %v; want %s", ev.Type, ev.Object.Name, err, name)
			}
		}
		want = nil
	}
	add("first", 10)
	expect()
	for round := range 2 {
		for i := range 40 { // 8 MB: more than the window of a stream
			add(fmt.Sprintf("c%d-%d", round, i), 200_000)
		}
		expect()
		add(fmt.Sprint("after", round), 10)
		expect()
	}
}

// silent asks for something on a connection of its own and reads the head of
// the answer at most; the rest is up to who calls it.
func silent(t *testing.T, config *rest.Config, protocol, path string) io.Reader {
	t.Helper()
	tlsConfig, err := rest.TLSConfigFor(config)
	if err != nil {
		t.Fatal(err)
	}
	tlsConfig.NextProtos = []string{protocol}
	protocols := &http.Protocols{}
	protocols.SetHTTP1(protocol == "http/1.1")
	protocols.SetHTTP2(protocol == "h2")
	transport := &http.Transport{TLSClientConfig: tlsConfig.Clone(), Protocols: protocols}
	r, err := http.NewRequestWithContext(t.Context(), "GET", config.Host+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+config.BearerToken)
	resp, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]int{"http/1.1": 1, "h2": 2}[protocol]; resp.ProtoMajor != want {
		t.Fatalf("%s: answered in %s", protocol, resp.Proto)
	}
	t.Cleanup(func() { _ = resp.Body.Close(); transport.CloseIdleConnections() })
	return resp.Body
}

// watchers is how many watches of ConfigMaps are under way.
func watchers(t *testing.T, s *apitest.Server) int {
	t.Helper()
	_, body := raw(t, s.Admin(), "/metrics", "")
	total := 0
	for line := range strings.Lines(body) {
		if strings.HasPrefix(line, "apiserver_longrunning_requests{") && strings.Contains(line, `resource="configmaps"`) {
			n := 0
			if _, err := fmt.Sscan(line[strings.LastIndexByte(line, ' ')+1:], &n); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			total += n
		}
	}
	return total
}
