package apiserver

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"sync"
)

// gzipFrom is the size from which an answer is compressed: below it, the time
// costs more than the bytes.
const gzipFrom = 128 << 10

var gzipPool = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	return w
}}

func (x *exchange) wantsGzip() bool {
	for part := range strings.SplitSeq(x.r.Header.Get("Accept-Encoding"), ",") {
		coding, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if coding == "gzip" && strings.TrimSpace(params) != "q=0" {
			return true
		}
	}
	return false
}

// lateGzip compresses an answer once it has grown to gzipFrom, and sends a
// shorter one as it is.
type lateGzip struct {
	w    http.ResponseWriter
	held []byte
	zip  *gzip.Writer
}

func (g *lateGzip) Write(b []byte) (int, error) {
	if g.zip != nil {
		return g.zip.Write(b)
	}
	g.held = append(g.held, b...)
	if len(g.held) < gzipFrom {
		return len(b), nil
	}
	g.w.Header().Set("Content-Encoding", "gzip")
	g.w.Header().Add("Vary", "Accept-Encoding")
	g.zip = gzipPool.Get().(*gzip.Writer)
	g.zip.Reset(g.w)
	_, err := g.zip.Write(g.held)
	g.held = nil
	return len(b), err
}

func (g *lateGzip) close() {
	if g.zip == nil {
		_, _ = g.w.Write(g.held)
		return
	}
	_ = g.zip.Close()
	gzipPool.Put(g.zip)
	g.zip = nil
}
