package apiserver

import (
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

var heldPool = sync.Pool{New: func() any {
	b := make([]byte, 0, gzipFrom)
	return &b
}}

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

// lateGzip compresses an answer once it has grown to gzipFrom, and sends a
// shorter one as it is.
type lateGzip struct {
	w    http.ResponseWriter
	code int // of the answer; 0 for 200
	held *[]byte
	out  *chunked // between zip and w
	zip  *gzip.Writer
}

func newLateGzip(w http.ResponseWriter) *lateGzip {
	return &lateGzip{w: w, held: heldPool.Get().(*[]byte)}
}

func (g *lateGzip) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		n := min(len(rest), gzipFrom-len(*g.held))
		*g.held, rest = append(*g.held, rest[:n]...), rest[n:]
		if len(*g.held) < gzipFrom {
			break
		}
		if err := g.compress(); err != nil {
			return 0, err
		}
	}
	return len(b), nil
}

func (g *lateGzip) compress() error {
	if g.zip == nil {
		g.w.Header().Set("Content-Encoding", "gzip")
		g.w.Header().Add("Vary", "Accept-Encoding")
		if g.code != 0 {
			g.w.WriteHeader(g.code)
		}
		g.out = newChunked(g.w)
		g.zip = gzipPool.Get().(*gzip.Writer)
		g.zip.Reset(g.out)
	}
	_, err := g.zip.Write(*g.held)
	*g.held = (*g.held)[:0]
	return err
}

// close sends what is left and lets go of everything.
func (g *lateGzip) close() {
	if g.zip == nil {
		_, _ = g.w.Write(*g.held)
	} else {
		_ = g.compress()
		_ = g.zip.Close()
		_ = g.out.close()
		g.zip.Reset(io.Discard)
		gzipPool.Put(g.zip)
	}
	*g.held = (*g.held)[:0]
	heldPool.Put(g.held)
}
