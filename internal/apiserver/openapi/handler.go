package openapi

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	openapi_v2 "github.com/google/gnostic-models/openapiv2"
	openapi_v3 "github.com/google/gnostic-models/openapiv3"
	"google.golang.org/protobuf/proto"

	"skiff/internal/api"
)

// Handler answers /openapi/v2, /openapi/v3 and what is below it. resources
// says what is served at the time of a request.
func Handler(resources func() []*api.Resource) http.Handler {
	return &handler{resources: resources, built: map[string]answer{}}
}

type handler struct {
	resources func() []*api.Resource

	mu    sync.Mutex // also held while building: nobody builds twice
	built map[string]answer
}

// answer is a document as it goes over the wire.
type answer struct {
	print string // of what it was built from: its ETag
	zip   []byte
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "OpenAPI documents can only be read", http.StatusMethodNotAllowed)
		return
	}
	switch path := strings.TrimSuffix(r.URL.Path, "/"); {
	case path == "/openapi/v2":
		h.serve(w, r, v2, path, everything(h.resources()))
	case path == "/openapi/v3":
		h.index(w, r)
	case strings.HasPrefix(path, "/openapi/v3/"):
		h.group(w, r, path)
	default:
		http.NotFound(w, r)
	}
}

// index lists the documents of version 3.
func (h *handler) index(w http.ResponseWriter, r *http.Request) {
	paths := map[string]any{}
	for name, c := range documents(h.resources()) {
		paths[name] = map[string]string{"serverRelativeURL": "/openapi/v3/" + name + "?hash=" + fingerprint(c)}
	}
	text, err := json.Marshal(map[string]any{"paths": paths})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	sum := sha256.Sum256(text)
	if notModified(w, r, hex.EncodeToString(sum[:16])) {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text)
}

// group serves the document of a group version. One that is asked for by its
// hash never changes; an old hash leads to the new one.
func (h *handler) group(w http.ResponseWriter, r *http.Request, path string) {
	c, known := documents(h.resources())[strings.TrimPrefix(path, "/openapi/v3/")]
	if !known {
		http.NotFound(w, r)
		return
	}
	if hash := r.URL.Query().Get("hash"); hash != "" {
		if now := fingerprint(c); hash != now {
			http.Redirect(w, r, path+"?hash="+now, http.StatusMovedPermanently)
			return
		}
		w.Header().Set("Cache-Control", "public, immutable")
	}
	h.serve(w, r, v3, path, c)
}

// serve answers with a document in the form that the client takes.
func (h *handler) serve(w http.ResponseWriter, r *http.Request, v version, path string, c contents) {
	form, ok := negotiate(v, r.Header.Get("Accept"))
	if !ok {
		http.Error(w, "the document is there as application/json and as "+protobufType(v, "@"), http.StatusNotAcceptable)
		return
	}
	print := fingerprint(c) + form.suffix
	w.Header().Set("Vary", "Accept, Accept-Encoding")
	if notModified(w, r, print) {
		return
	}
	a, err := h.answer(path+form.suffix, print, func() ([]byte, error) { return form.build(v, c) })
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", form.contentType)
	a.send(w, r)
}

// answer returns what was built before from the same, or builds it.
func (h *handler) answer(key, print string, build func() ([]byte, error)) (answer, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if a, ok := h.built[key]; ok && a.print == print {
		return a, nil
	}
	text, err := build()
	if err != nil {
		return answer{}, err
	}
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(text); err != nil {
		return answer{}, err
	}
	if err := z.Close(); err != nil {
		return answer{}, err
	}
	a := answer{print: print, zip: bytes.Clone(out.Bytes())}
	h.built[key] = a
	return a, nil
}

func (a answer) send(w http.ResponseWriter, r *http.Request) {
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(a.zip)
		return
	}
	z, err := gzip.NewReader(bytes.NewReader(a.zip))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = io.Copy(w, z)
}

// notModified answers a client that has the document already.
func notModified(w http.ResponseWriter, r *http.Request, print string) bool {
	etag := `"` + strings.ToUpper(print) + `"`
	w.Header().Set("ETag", etag)
	if !strings.Contains(r.Header.Get("If-None-Match"), etag) {
		return false
	}
	w.WriteHeader(http.StatusNotModified)
	return true
}

// fingerprint names a document without building it: it follows from the
// schemas and from what the resources serve.
func fingerprint(c contents) string {
	sum := sha256.New()
	sum.Write(packedSum())
	for _, p := range c.paths {
		fmt.Fprintln(sum, p.path)
	}
	for _, r := range c.resources {
		fmt.Fprintln(sum, r.GroupVersionResource(), r.Kind, r.Namespaced, r.Verbs, r.Scale != nil, len(r.Parts), len(r.Subresources))
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

var packedSum = sync.OnceValue(func() []byte {
	sum := sha256.Sum256(packed)
	return sum[:]
})

// form is an encoding of a document.
type form struct {
	suffix      string
	contentType string
	build       func(version, contents) ([]byte, error)
}

func protobufType(v version, at string) string {
	return fmt.Sprintf("application/com.github.proto-openapi.spec.v%d%sv1.0+protobuf", v, at)
}

// negotiate picks the first form that the client names.
func negotiate(v version, accept string) (form, bool) {
	for part := range strings.SplitSeq(accept, ",") {
		name, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		switch name {
		case "", "*/*", "application/*", "application/json":
			return form{contentType: "application/json", build: document}, true
		case protobufType(v, "@"), protobufType(v, "."):
			return form{suffix: "-pb", contentType: protobufType(v, "."), build: protobuf}, true
		}
	}
	return form{}, false
}

// protobuf is the document in the encoding of gnostic.
func protobuf(v version, c contents) ([]byte, error) {
	text, err := document(v, c)
	if err != nil {
		return nil, err
	}
	if v == v2 {
		d, err := openapi_v2.ParseDocument(text)
		if err != nil {
			return nil, err
		}
		return proto.Marshal(d)
	}
	d, err := openapi_v3.ParseDocument(text)
	if err != nil {
		return nil, err
	}
	return proto.Marshal(d)
}
