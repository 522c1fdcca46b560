package apiserver_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"golang.org/x/net/websocket"

	"skiff/internal/apiserver/apitest"
	"skiff/internal/client"
)

// next waits for the next event of a watch.
func next(t *testing.T, w watch.Interface) watch.Event {
	t.Helper()
	select {
	case ev, open := <-w.ResultChan():
		if !open {
			t.Fatal("the watch has ended")
		}
		return ev
	case <-time.After(20 * time.Second):
		t.Fatal("no event came")
	}
	return watch.Event{}
}

func nextOf(t *testing.T, w watch.Interface, kind watch.EventType, name string) metav1.Object {
	t.Helper()
	ev := next(t, w)
	obj, ok := ev.Object.(metav1.Object)
	if ev.Type != kind || !ok || obj.GetName() != name {
		t.Fatalf("got %s %+v, want %s of %s", ev.Type, ev.Object, kind, name)
	}
	return obj
}

func TestWatchTellsWhatChanges(t *testing.T) {
	s := apitest.Start(t)
	for name, config := range configs(s) {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			c := kubernetes.NewForConfigOrDie(config).CoreV1().ConfigMaps(name)
			old, err := c.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "old"}}, metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			all, err := c.Watch(ctx, metav1.ListOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer all.Stop()
			nextOf(t, all, watch.Added, "old")
			since, err := c.Watch(ctx, metav1.ListOptions{ResourceVersion: old.ResourceVersion, LabelSelector: "a"})
			if err != nil {
				t.Fatal(err)
			}
			defer since.Stop()

			old.Labels = map[string]string{"a": "b"}
			old, err = c.Update(ctx, old, metav1.UpdateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			got := nextOf(t, all, watch.Modified, "old")
			if got.GetResourceVersion() != old.ResourceVersion || got.GetLabels()["a"] != "b" {
				t.Errorf("got %+v", got)
			}
			nextOf(t, since, watch.Added, "old") // it comes to match

			if err := c.Delete(ctx, "old", metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
			gone := nextOf(t, all, watch.Deleted, "old")
			if revision(t, gone.GetResourceVersion()) <= revision(t, old.ResourceVersion) {
				t.Errorf("deleted at %s, changed at %s", gone.GetResourceVersion(), old.ResourceVersion)
			}
			nextOf(t, since, watch.Deleted, "old")
		})
	}
}

func TestWatchSendsInitialEvents(t *testing.T) {
	s := apitest.Start(t)
	makeConfigMaps(t, s.Admin(), 2)
	yes, no := true, false
	for name, config := range configs(s) {
		t.Run(name, func(t *testing.T) {
			c := kubernetes.NewForConfigOrDie(config).CoreV1().ConfigMaps("default")
			w, err := c.Watch(t.Context(), metav1.ListOptions{
				SendInitialEvents: &yes, AllowWatchBookmarks: true, ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan,
			})
			if err != nil {
				t.Fatal(err)
			}
			defer w.Stop()
			nextOf(t, w, watch.Added, "c00")
			nextOf(t, w, watch.Added, "c01")
			mark := nextOf(t, w, watch.Bookmark, "")
			if mark.GetAnnotations()[metav1.InitialEventsAnnotationKey] != "true" || mark.GetResourceVersion() == "" {
				t.Errorf("bookmark %+v", mark)
			}
		})
	}
	c := kubernetes.NewForConfigOrDie(s.Admin()).CoreV1().ConfigMaps("default")
	w, err := c.Watch(t.Context(), metav1.ListOptions{SendInitialEvents: &no, ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	if err := c.Delete(t.Context(), "c00", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	nextOf(t, w, watch.Deleted, "c00")
	if _, err := c.Watch(t.Context(), metav1.ListOptions{SendInitialEvents: &yes}); err == nil || !strings.Contains(err.Error(), "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan") {
		t.Errorf("initial events without a match: %v", err)
	}
}

func TestWatchEndsInTime(t *testing.T) {
	s := apitest.Start(t)
	seconds := int64(1)
	w, err := kubernetes.NewForConfigOrDie(s.Listen("admin")).CoreV1().Pods("").Watch(t.Context(), metav1.ListOptions{TimeoutSeconds: &seconds})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case ev, open := <-w.ResultChan():
		if open {
			t.Errorf("got %+v", ev)
		}
	case <-time.After(20 * time.Second):
		t.Error("the watch goes on")
	}
}

func TestWatchMetadataAndTables(t *testing.T) {
	s := apitest.Start(t)
	makeConfigMaps(t, s.Admin(), 1)
	for name, config := range configs(s) {
		m := metadata.NewForConfigOrDie(config).Resource(corev1.SchemeGroupVersion.WithResource("configmaps")).Namespace("default")
		w, err := m.Watch(t.Context(), metav1.ListOptions{ResourceVersion: "0"})
		if err != nil {
			t.Fatal(name, err)
		}
		nextOf(t, w, watch.Added, "c00")
		w.Stop()
	}
	lines := stream(t, s.Listen("admin"), "/api/v1/configmaps?watch=1", "application/json;as=Table;v=v1;g=meta.k8s.io")
	makeMore := kubernetes.NewForConfigOrDie(s.Admin()).CoreV1().ConfigMaps("other")
	if _, err := makeMore.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "second"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"c00", "second"} {
		var ev struct {
			Type   string
			Object metav1.Table
		}
		if !lines.Scan() {
			t.Fatal(lines.Err())
		}
		if err := json.Unmarshal(lines.Bytes(), &ev); err != nil {
			t.Fatalf("%v: %s", err, lines.Text())
		}
		if ev.Type != "ADDED" || len(ev.Object.Rows) != 1 || ev.Object.Rows[0].Cells[0] != name {
			t.Errorf("%s", lines.Text())
		}
		if headers := len(ev.Object.ColumnDefinitions) > 0; headers != (i == 0) {
			t.Errorf("event %d: column definitions: %v", i, headers)
		}
	}
}

// stream reads an answer line by line.
func stream(t *testing.T, config *rest.Config, path, accept string) *bufio.Scanner {
	t.Helper()
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := http.NewRequestWithContext(t.Context(), "GET", config.Host+path, nil)
	r.Header.Set("Accept", accept)
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s", resp.Status)
	}
	return bufio.NewScanner(resp.Body)
}

func TestWatchOverWebSocket(t *testing.T) {
	s := apitest.Start(t)
	makeConfigMaps(t, s.Admin(), 1)
	config := s.Listen("admin")
	tls, err := rest.TLSConfigFor(config)
	if err != nil {
		t.Fatal(err)
	}
	ws, err := websocket.NewConfig(strings.Replace(config.Host, "https", "wss", 1)+"/api/v1/configmaps?watch=1", config.Host)
	if err != nil {
		t.Fatal(err)
	}
	ws.TlsConfig = tls
	ws.Header.Set("Authorization", "Bearer admin")
	conn, err := ws.DialContext(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var ev struct {
		Type   string
		Object corev1.ConfigMap
	}
	if err := websocket.JSON.Receive(conn, &ev); err != nil || ev.Type != "ADDED" || ev.Object.Name != "c00" {
		t.Errorf("%+v, %v", ev, err)
	}
}

func TestInformersFollow(t *testing.T) {
	s := apitest.Start(t)
	makeConfigMaps(t, s.Admin(), 3)
	for name, config := range configs(s) {
		t.Run(name, func(t *testing.T) {
			kube := kubernetes.NewForConfigOrDie(config)
			f := client.NewInformers(kube)
			informer := f.ConfigMaps()
			seen := make(chan string, 100)
			_, _ = informer.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
				AddFunc:    func(o any) { seen <- "+" + o.(*corev1.ConfigMap).Name },
				DeleteFunc: func(any) { seen <- "-" },
			})
			ctx, stop := context.WithCancel(t.Context())
			defer f.Shutdown()
			defer stop()
			if err := f.Sync(ctx); err != nil {
				t.Fatal(err)
			}
			list, err := informer.Lister().ConfigMaps("default").List(labels.Everything())
			if err != nil || len(list) != 3 {
				t.Fatalf("%d in the cache, %v", len(list), err)
			}
			if _, err := kube.CoreV1().ConfigMaps(name).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "late"}}, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			if err := kube.CoreV1().ConfigMaps(name).Delete(t.Context(), "late", metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
			for want := map[string]bool{"+late": true, "-": true}; len(want) > 0; {
				select {
				case got := <-seen:
					delete(want, got)
				case <-time.After(20 * time.Second):
					t.Fatalf("not seen: %v", want)
				}
			}
		})
	}
}

func revision(t *testing.T, version string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(version, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A watch from a revision that has not come, as clients ask for after etcd was
// restored from a snapshot, is refused in a way that has them list anew.
func TestWatchFromTheFuture(t *testing.T) {
	s := apitest.Start(t)
	resp, body := raw(t, s.Admin(), "/api/v1/pods?watch=1&resourceVersion=99999999", "application/json")
	if resp.StatusCode != http.StatusGatewayTimeout || !strings.Contains(body, string(metav1.CauseTypeResourceVersionTooLarge)) {
		t.Errorf("%s %s", resp.Status, body)
	}
}
