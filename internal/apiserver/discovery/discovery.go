// Package discovery tells clients which kinds there are: /api, /apis and what
// lies below, in the old form (a document a group and version) and the
// aggregated one (all in one). Documents are made from the api.Resources when
// those change, and served as bytes.
package discovery

import (
	"crypto/sha512"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"skiff/internal/api"
	"skiff/internal/apiserver/codec"
	"skiff/internal/apiserver/negotiate"
)

// Handler answers the discovery paths.
type Handler struct {
	address   string
	documents atomic.Pointer[map[string]*document]
}

// document is what a path serves, by whether the client asked for the
// aggregated form.
type document struct {
	plain      runtime.Object
	aggregated runtime.Object
	etag       string // of aggregated
}

// New makes the handler for resources. address is where clients reach the
// server, as "HOST:PORT"; "" when that is not known.
func New(resources []*api.Resource, address string) *Handler {
	h := &Handler{address: address}
	h.Set(resources)
	return h
}

// Set replaces what there is to discover.
func (h *Handler) Set(resources []*api.Resource) {
	docs := map[string]*document{
		"/api": {
			plain: &metav1.APIVersions{
				TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"},
				ServerAddressByClientCIDRs: h.addresses(),
			},
			aggregated: aggregate(groupsOf(resources, func(g string) bool { return g == "" })),
		},
		"/apis": {aggregated: aggregate(groupsOf(resources, func(g string) bool { return g != "" }))},
	}
	list := &metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}}
	for _, g := range groupsOf(resources, func(string) bool { return true }) {
		for _, v := range g.versions {
			docs[v.path()] = &document{plain: v.resourceList()}
		}
		if g.name == "" {
			continue
		}
		group := g.apiGroup()
		list.Groups = append(list.Groups, group)
		group.TypeMeta = metav1.TypeMeta{Kind: "APIGroup", APIVersion: "v1"}
		docs["/apis/"+g.name] = &document{plain: &group}
	}
	docs["/apis"].plain = list
	for _, d := range docs {
		if d.aggregated != nil {
			data, _ := codec.Encode(d.aggregated, negotiate.JSON, false)
			d.etag = fmt.Sprintf("%q", fmt.Sprintf("%X", sha512.Sum512(data)))
		}
	}
	h.documents.Store(&docs)
}

// addresses says that all clients use the one address.
func (h *Handler) addresses() []metav1.ServerAddressByClientCIDR {
	if h.address == "" {
		return []metav1.ServerAddressByClientCIDR{}
	}
	return []metav1.ServerAddressByClientCIDR{{ClientCIDR: "0.0.0.0/0", ServerAddress: h.address}}
}

// Paths lists the paths that Serve answers.
func (h *Handler) Paths() []string {
	var out []string
	for p := range *h.documents.Load() {
		out = append(out, p)
	}
	return out
}

// Has says whether Serve answers a path.
func (h *Handler) Has(path string) bool { return (*h.documents.Load())[path] != nil }

// Serve answers the request if its path is one of discovery; handled says so.
func (h *Handler) Serve(w http.ResponseWriter, r *http.Request) (handled bool, err error) {
	path := r.URL.Path
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	d := (*h.documents.Load())[path]
	if d == nil {
		return false, nil
	}
	if version := aggregatedVersion(r.Header.Values("Accept")); version != "" && d.aggregated != nil {
		return true, d.serveAggregated(w, r, version)
	}
	media, err := negotiate.Response(r, false)
	if err != nil {
		return true, err
	}
	return true, write(w, media, media.ContentType(), d.plain)
}

func (d *document) serveAggregated(w http.ResponseWriter, r *http.Request, accept string) error {
	w.Header().Set("Vary", "Accept")
	w.Header().Set("ETag", d.etag)
	w.Header().Set("Cache-Control", "public")
	if r.Header.Get("If-None-Match") == d.etag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	media := negotiate.Media{}
	if strings.HasPrefix(accept, negotiate.TypeProto) {
		media.Encoding = negotiate.Proto
	}
	return write(w, media, media.ContentType()+";g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", d.aggregated)
}

// aggregatedVersion is the media type of the aggregated form if the client
// lists it, in version v2, before any plain one.
func aggregatedVersion(accept []string) string {
	for _, h := range accept {
		for part := range strings.SplitSeq(h, ",") {
			part = strings.ReplaceAll(strings.TrimSpace(part), " ", "")
			if strings.Contains(part, "as=APIGroupDiscoveryList") {
				if strings.Contains(part, "g=apidiscovery.k8s.io") && hasParam(part, "v=v2") {
					return part
				}
				continue
			}
			if part == negotiate.TypeJSON || part == negotiate.TypeProto {
				return ""
			}
		}
	}
	return ""
}

func hasParam(mediaType, param string) bool {
	for p := range strings.SplitSeq(mediaType, ";") {
		if p == param {
			return true
		}
	}
	return false
}

func write(w http.ResponseWriter, media negotiate.Media, contentType string, obj runtime.Object) error {
	data, err := codec.Encode(obj, media.Encoding, media.Pretty)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", contentType)
	_, err = w.Write(data)
	return err
}
