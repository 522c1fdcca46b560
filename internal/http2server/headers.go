package http2server

import (
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/net/http2/hpack"
)

// head is the header of an answer, or its trailers.
type head struct {
	status int // none for trailers
	fields http.Header
	length string // Content-Length, if known
	sniff  string // Content-Type, if the handler set none
	date   bool   // add the time
}

// addHeaders adds the frames of a header.
func (c *conn) addHeaders(st *stream, h *head, end bool) {
	if c.out.err != nil {
		return
	}
	c.encoded.Reset()
	if h.status != 0 {
		c.encode(":status", strconv.Itoa(h.status))
	}
	for name, values := range h.fields {
		if !isSendable(name) {
			continue
		}
		name = lowerName(name)
		for _, v := range values {
			if httpguts.ValidHeaderFieldValue(v) {
				c.encode(name, v)
			}
		}
	}
	if h.sniff != "" {
		c.encode("content-type", h.sniff)
	}
	if h.length != "" {
		c.encode("content-length", h.length)
	}
	if h.date {
		c.encode("date", date())
	}
	b := c.out.frames()
	b.b = appendHeaders(b.b, st.id, c.encoded.Bytes(), end, c.maxFrame)
}

func (c *conn) encode(name, value string) {
	_ = c.encoder.WriteField(hpack.HeaderField{Name: name, Value: value}) // to memory
}

// isSendable reports whether a field may stand in an answer.
func isSendable(name string) bool {
	switch name {
	case "Connection", "Proxy-Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade", "Trailer:":
		return false
	}
	return httpguts.ValidHeaderFieldName(name)
}

// commonNames spares the fields of nearly every answer the way to lower case.
var commonNames = map[string]string{
	"Content-Type": "content-type", "Content-Length": "content-length", "Content-Encoding": "content-encoding",
	"Cache-Control": "cache-control", "Date": "date", "Audit-Id": "audit-id", "Vary": "vary", "Warning": "warning",
	"X-Content-Type-Options": "x-content-type-options", "Retry-After": "retry-after",
	"X-Kubernetes-Pf-Flowschema-Uid": "x-kubernetes-pf-flowschema-uid", "X-Kubernetes-Pf-Prioritylevel-Uid": "x-kubernetes-pf-prioritylevel-uid",
}

func lowerName(name string) string {
	if lower, ok := commonNames[name]; ok {
		return lower
	}
	return strings.ToLower(name)
}

type dated struct {
	second int64
	text   string
}

var today atomic.Pointer[dated]

// date is the time for a Date field, laid out once a second.
func date() string {
	now := time.Now()
	if d := today.Load(); d != nil && d.second == now.Unix() {
		return d.text
	}
	d := &dated{now.Unix(), now.UTC().Format(http.TimeFormat)}
	today.Store(d)
	return d.text
}
