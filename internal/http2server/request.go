package http2server

import (
	"errors"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/net/http2"
)

// errMalformed is a request that breaks RFC 9113, section 8.
var errMalformed = errors.New("http2: malformed request")

// connectionFields belong to HTTP/1.1's connections (8.2.2).
var connectionFields = []string{"Connection", "Proxy-Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade"}

// newRequest makes the request of a stream from its header. That names are in
// lower case, values are free of control characters, and pseudo-header fields come
// first, once, and are known ones, the framer has seen to.
func (c *conn) newRequest(st *stream, f *http2.MetaHeadersFrame) (*http.Request, error) {
	r := &http.Request{
		Method: f.PseudoValue("method"), Host: f.PseudoValue("authority"), RequestURI: f.PseudoValue("path"),
		Proto: "HTTP/2.0", ProtoMajor: 2, Header: c.header(f), RemoteAddr: c.remote, TLS: c.state, Body: http.NoBody,
	}
	if f.Truncated {
		r.URL = &url.URL{Path: r.RequestURI}
		return r, c.setBody(st, r, f)
	}
	if err := setTarget(r, f.PseudoValue("scheme"), f.PseudoValue("protocol")); err != nil {
		return nil, err
	}
	if err := checkFields(r.Header); err != nil {
		return nil, err
	}
	if cookies := r.Header["Cookie"]; len(cookies) > 1 { // 8.2.3
		r.Header["Cookie"] = []string{strings.Join(cookies, "; ")}
	}
	r.Trailer = trailers(r.Header)
	return r, c.setBody(st, r, f)
}

func (c *conn) header(f *http2.MetaHeadersFrame) http.Header {
	fields := f.RegularFields()
	h := make(http.Header, len(fields))
	values := make([]string, len(fields)) // one allocation for all
	for i, field := range fields {
		name := c.name(field.Name)
		if h[name] == nil {
			values[i] = field.Value
			h[name] = values[i : i+1 : i+1]
		} else {
			h[name] = append(h[name], field.Value)
		}
	}
	return h
}

// setTarget checks the method and the pseudo-header fields (8.3.1, 8.5).
func setTarget(r *http.Request, scheme, protocol string) error {
	if r.Host == "" {
		r.Host = r.Header.Get("Host")
	}
	delete(r.Header, "Host")
	if protocol != "" || r.Method == "" || strings.Contains(r.Host, "@") || !httpguts.ValidHostHeader(r.Host) {
		return errMalformed
	}
	if r.Method == http.MethodConnect {
		if r.RequestURI != "" || scheme != "" || r.Host == "" {
			return errMalformed
		}
		r.URL, r.RequestURI = &url.URL{Host: r.Host}, r.Host
		return nil
	}
	if scheme != "https" && scheme != "http" {
		return errMalformed
	}
	var err error
	r.URL, err = url.ParseRequestURI(r.RequestURI)
	return err
}

func checkFields(h http.Header) error {
	for _, name := range connectionFields {
		if _, ok := h[name]; ok {
			return errMalformed
		}
	}
	if te, ok := h["Te"]; ok && (len(te) != 1 || te[0] != "trailers" && te[0] != "") {
		return errMalformed
	}
	return nil
}

// trailers takes out of a header which trailers will follow.
func trailers(h http.Header) http.Header {
	var trailer http.Header
	for _, names := range h["Trailer"] {
		for name := range strings.SplitSeq(names, ",") {
			name = http.CanonicalHeaderKey(textproto.TrimString(name))
			if !httpguts.ValidTrailerHeader(name) {
				continue
			}
			if trailer == nil {
				trailer = http.Header{}
			}
			trailer[name] = nil
		}
	}
	delete(h, "Trailer")
	return trailer
}

// setBody gives a request its body, if one follows, and checks its length
// (8.1.1).
func (c *conn) setBody(st *stream, r *http.Request, f *http2.MetaHeadersFrame) error {
	length := int64(-1)
	for _, v := range r.Header["Content-Length"] {
		n, err := strconv.ParseUint(v, 10, 63)
		if err != nil || length >= 0 && int64(n) != length {
			return errMalformed
		}
		length = int64(n)
	}
	if f.StreamEnded() {
		if length > 0 {
			return errMalformed
		}
		return nil
	}
	expects := httpguts.HeaderValuesContainsToken(r.Header["Expect"], "100-continue")
	if expects {
		delete(r.Header, "Expect")
	}
	r.ContentLength, st.declared = length, length
	st.body = newBody(st, expects, r.Trailer)
	r.Body = st.body
	return nil
}

const maxNames = 200

// name is the canonical form of a field's name, which is on the wire in lower
// case. Few are used on a connection, and they are remembered.
func (c *conn) name(lower string) string {
	if name, ok := c.canonical[lower]; ok {
		return name
	}
	name := http.CanonicalHeaderKey(lower)
	if len(c.canonical) < maxNames && len(lower) < 64 {
		if c.canonical == nil {
			c.canonical = map[string]string{}
		}
		c.canonical[lower] = name
	}
	return name
}
