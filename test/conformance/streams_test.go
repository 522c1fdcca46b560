package conformance

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"golang.org/x/net/websocket"
)

// stream opens a watch and returns what reads its events, each as JSON.
type stream func(t *testing.T, a *admin, path string) *json.Decoder

// streams are the ways in which a watch can be had over the network.
var streams = map[string]stream{
	"HTTP/2.0": func(t *testing.T, a *admin, path string) *json.Decoder { return overHTTP(t, a, path, "HTTP/2.0") },
	"HTTP/1.1": func(t *testing.T, a *admin, path string) *json.Decoder {
		return overHTTP(t, a.plain(), path, "HTTP/1.1")
	},
	"WebSocket": overWebSocket,
}

func overHTTP(t *testing.T, a *admin, path, protocol string) *json.Decoder {
	t.Helper()
	response := a.do(t, http.MethodGet, path, nil)
	t.Cleanup(func() { _ = response.Body.Close() })
	if response.StatusCode != http.StatusOK || response.Proto != protocol {
		t.Fatalf("%s over %s", response.Status, response.Proto)
	}
	return json.NewDecoder(response.Body)
}

func overWebSocket(t *testing.T, a *admin, path string) *json.Decoder {
	t.Helper()
	config, err := websocket.NewConfig(strings.Replace(a.config.Host, "https", "wss", 1)+path, a.config.Host)
	need(t, err)
	config.TlsConfig, err = rest.TLSConfigFor(a.config)
	need(t, err)
	conn, err := config.DialContext(t.Context())
	need(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return json.NewDecoder(io.Reader(conn))
}

// Over whatever stream, a watch tells everything once and in the order in
// which it happened; and goes on from where another one ended.
func TestStreamsLoseNothing(t *testing.T) {
	const events = 60
	ctx, a := t.Context(), start(t)
	c := a.kube.CoreV1().ConfigMaps("default")
	begin, err := c.List(ctx, metav1.ListOptions{})
	need(t, err)
	done := produce(t, c, events)
	const path = "/api/v1/namespaces/default/configmaps?watch=1&labelSelector=watched%3Dorder&resourceVersion="
	told := map[string][]string{}
	for name, open := range streams {
		t.Run(name, func(t *testing.T) {
			since := begin.ResourceVersion
			for range 3 { // the client comes back twice
				from := open(t, a, path+since)
				for range events / 3 {
					var ev struct {
						Type   string
						Object corev1.ConfigMap
					}
					need(t, from.Decode(&ev))
					since = ev.Object.ResourceVersion
					told[name] = append(told[name], ev.Type+" "+ev.Object.Name+" "+since)
				}
			}
		})
	}
	need(t, <-done)
	for name, list := range told {
		if !slices.Equal(list, told["HTTP/2.0"]) || len(list) != events {
			t.Errorf("%s tells %v\nHTTP/2 tells %v", name, list, told["HTTP/2.0"])
		}
	}
}
