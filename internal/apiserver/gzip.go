package apiserver

import (
	"bufio"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// gzipFrom is the size from which an answer is compressed: below it, the time
// costs more than the bytes. It is also how much is compressed in one go.
const gzipFrom = 128 << 10

// gzipPool has compressors that keep nothing from one write to the next. Those
// of the standard library hold 1.2 MB for as long as an answer takes.
var gzipPool = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(io.Discard, gzip.StatelessCompression)
	return w
}}

// recordPool has buffers that fill one TLS record together with the header of
// its HTTP/2 frame.
var recordPool = sync.Pool{New: func() any { return bufio.NewWriterSize(io.Discard, 16<<10-9) }}

func (x *exchange) wantsGzip() bool {
	for part := range strings.SplitSeq(x.r.Header.Get("Accept-Encoding"), ",") {
		coding, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.TrimSpace(coding) == "gzip" && !refused(params) {
			return true
		}
	}
	return false
}

// refused says whether the parameters of a coding rule it out: a weight of 0,
// in however many digits.
func refused(params string) bool {
	weight, found := strings.CutPrefix(strings.TrimSpace(params), "q=")
	q, err := strconv.ParseFloat(weight, 64)
	return found && err == nil && q == 0
}

// lateGzip compresses an answer, unless its last piece is the first, and so a
// small one: that is sent as it is.
type lateGzip struct {
	w    http.ResponseWriter
	last bool          // what is written now is all that there is to come
	out  *bufio.Writer // between zip and w
	zip  *gzip.Writer
}

func (g *lateGzip) Write(b []byte) (int, error) {
	if g.zip == nil {
		if g.last {
			return g.w.Write(b)
		}
		g.begin(http.StatusOK)
	}
	return g.zip.Write(b)
}

func (g *lateGzip) begin(code int) {
	g.w.Header().Set("Content-Encoding", "gzip")
	g.w.Header().Add("Vary", "Accept-Encoding")
	g.w.WriteHeader(code)
	g.out = recordPool.Get().(*bufio.Writer)
	g.out.Reset(g.w)
	g.zip = gzipPool.Get().(*gzip.Writer)
	g.zip.Reset(g.out)
}

// close ends the compressed answer and lets go of everything.
func (g *lateGzip) close() {
	if g.zip == nil {
		return
	}
	_ = g.zip.Close()
	_ = g.out.Flush()
	g.zip.Reset(io.Discard)
	g.out.Reset(io.Discard)
	gzipPool.Put(g.zip)
	recordPool.Put(g.out)
}
