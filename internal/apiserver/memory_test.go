package apiserver_test

import (
	"context"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"skiff/internal/apiserver/apitest"
)

const (
	bigObjects = 2000
	bigObject  = 8 << 10
	// heldByAList is the most that a list may hold, however long it is, with
	// the buffers of TLS and of the HTTP server and client; what compresses
	// it may take the rest.
	heldByAList     = 300 << 10
	heldCompressing = 900 << 10
)

// makeBig fills the server with objects that do not compress well.
func makeBig(t *testing.T, config *rest.Config) {
	t.Helper()
	if testing.Short() {
		t.Skip("fills the server with 20 MB")
	}
	c := kubernetes.NewForConfigOrDie(config).CoreV1().ConfigMaps("default")
	chance := rand.NewChaCha8([32]byte{})
	noise := make([]byte, bigObject/2)
	for i := range bigObjects {
		_, _ = chance.Read(noise)
		_, err := c.Create(t.Context(), &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("c%05d", i), Annotations: map[string]string{"note": hex.EncodeToString(noise[:1000])}},
			Data:       map[string]string{"noise": hex.EncodeToString(noise)},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// plainHTTP is a client that buffers nothing of an answer: HTTP/1.1 with a
// small window, so that the server waits as soon as the client reads no more.
func plainHTTP(t *testing.T, config *rest.Config) *http.Client {
	t.Helper()
	c, err := rest.TLSConfigFor(config)
	if err != nil {
		t.Fatal(err)
	}
	c.NextProtos = []string{"http/1.1"}
	tr := &http.Transport{TLSClientConfig: c, DisableCompression: true, TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}}
	tr.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err == nil {
			err = conn.(*net.TCPConn).SetReadBuffer(64 << 10)
		}
		return conn, err
	}
	t.Cleanup(tr.CloseIdleConnections)
	authenticated, err := rest.HTTPWrappersForConfig(config, tr)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Transport: authenticated}
}

func open(t *testing.T, ctx context.Context, c *http.Client, url, accept, encoding string) io.ReadCloser {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", accept)
	r.Header.Set("Accept-Encoding", encoding)
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Encoding") != map[string]string{"gzip": "gzip"}[encoding] {
		t.Fatalf("%s as %s: %s, %v", url, accept, resp.Status, resp.Header)
	}
	return resp.Body
}

// live is how much of the heap is in use once the server has come to rest,
// waiting for its clients: when it is the same several times in a row. Once
// may be chance, on a busy machine, while a compressor that is no longer needed
// still waits for the collector.
func live() int64 {
	last, same := int64(0), 0
	for same < 3 {
		runtime.GC() // the first moves what pools hold aside, the second frees it
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		now := int64(m.HeapAlloc)
		if same++; max(now-last, last-now) >= 2<<10 {
			same = 0
		}
		last = now
	}
	return last
}

var listTypes = map[string]string{
	"json": "application/json", "yaml": "application/yaml", "cbor": "application/cbor", "protobuf": "application/vnd.kubernetes.protobuf",
	"table":      "application/json;as=Table;v=v1;g=meta.k8s.io",
	"metadata":   "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
	"table+yaml": "application/yaml;as=Table;v=v1;g=meta.k8s.io",
}

// A list that is on its way holds a few hundred KB, whatever its encoding:
// the heap is looked at while the server waits for the client to read on.
func TestNoListIsHeldWhole(t *testing.T) {
	s := apitest.Start(t)
	makeBig(t, s.Admin())
	config := s.Listen("admin", "system:masters")
	client := plainHTTP(t, config)
	for name, accept := range listTypes {
		for _, encoding := range []string{"identity", "gzip"} {
			t.Run(name+"/"+encoding, func(t *testing.T) {
				path := config.Host + "/api/v1/configmaps"
				if strings.HasPrefix(name, "table") {
					path += "?includeObject=Object" // a short one would be read before it is looked at
				}
				before := live()
				body := open(t, t.Context(), client, path, accept, encoding)
				defer body.Close()
				peak, read := before, int64(0)
				for step := int64(64 << 10); ; step = 2 << 20 {
					n, err := io.CopyN(io.Discard, body, step)
					read += n
					peak = max(peak, live())
					if err == io.EOF {
						break
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				t.Logf("%d KB, held %d KB", read>>10, (peak-before)>>10)
				most := int64(heldByAList)
				if encoding == "gzip" {
					most = heldCompressing
				}
				if peak-before > most {
					t.Errorf("a list of %d KB holds %d KB", read>>10, (peak-before)>>10)
				}
			})
		}
	}
}

// A hundred clients that list and then watch at the same moment hold little
// more than their connections.
func TestManyInformersAtOnce(t *testing.T) {
	s := apitest.Start(t)
	makeBig(t, s.Admin())
	config := s.Listen("admin", "system:masters")
	client := plainHTTP(t, config)
	const informers = 100
	before := live()
	for i := range informers {
		path, accept := "/api/v1/configmaps?resourceVersion=0", "application/json"
		if i%2 == 1 {
			path += "&watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
		}
		if i%4 > 1 {
			accept = "application/vnd.kubernetes.protobuf"
		}
		body := open(t, t.Context(), client, config.Host+path, accept, "identity")
		defer body.Close()
		if _, err := io.CopyN(io.Discard, body, 1<<20); err != nil {
			t.Fatal(err)
		}
	}
	held := live() - before
	if held > informers*(200<<10) {
		t.Errorf("%d informers in the middle of %d MB hold %d KB", informers, bigObjects*bigObject>>20, held>>10)
	}
	t.Logf("each holds %d KB", held>>10/informers)
}
