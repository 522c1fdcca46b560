package http2server_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"skiff/internal/http2server"
)

// peer is a client that sends the frames a test wants.
type peer struct {
	t *testing.T
	*http2.Framer
	conn    *tls.Conn
	encoded bytes.Buffer
	encoder *hpack.Encoder
	said    string // by the server, and read already
}

// dial connects and sends nothing.
func dial(t *testing.T, s *httptest.Server) *peer {
	t.Helper()
	conn, err := tls.Dial("tcp", s.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	p := &peer{t: t, Framer: http2.NewFramer(conn, conn), conn: conn}
	p.AllowIllegalWrites = true
	p.encoder = hpack.NewEncoder(&p.encoded)
	p.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	return p
}

// connect connects and exchanges settings.
func connect(t *testing.T, s *httptest.Server, settings ...http2.Setting) *peer {
	t.Helper()
	p := dial(t, s)
	p.text(http2.ClientPreface)
	_ = p.WriteSettings(settings...)
	for {
		f, err := p.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		if f, ok := f.(*http2.SettingsFrame); ok && !f.IsAck() {
			_ = p.WriteSettingsAck()
			return p
		}
	}
}

func (p *peer) text(s string) { _, _ = io.WriteString(p.conn, s) }

// block encodes fields, given as name and value in turn.
func (p *peer) block(fields ...string) []byte {
	p.encoded.Reset()
	for i := 0; i < len(fields); i += 2 {
		_ = p.encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	return bytes.Clone(p.encoded.Bytes())
}

// ask sends a request's header: a GET with more fields.
func (p *peer) ask(id uint32, end bool, more ...string) {
	fields := append([]string{":method", "GET", ":scheme", "https", ":path", "/", ":authority", "x"}, more...)
	p.header(id, end, fields...)
}

func (p *peer) header(id uint32, end bool, fields ...string) {
	_ = p.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: p.block(fields...), EndStream: end, EndHeaders: true})
}

// outcome is the first frame that answers a request or blames the client.
func (p *peer) outcome() string {
	if p.said != "" {
		return p.said
	}
	for {
		f, err := p.ReadFrame()
		if err != nil {
			return err.Error()
		}
		switch f := f.(type) {
		case *http2.GoAwayFrame:
			return fmt.Sprintf("GOAWAY %v", f.ErrCode)
		case *http2.RSTStreamFrame:
			return fmt.Sprintf("RST %d %v", f.StreamID, f.ErrCode)
		case *http2.MetaHeadersFrame:
			return fmt.Sprintf("%d %s", f.StreamID, f.PseudoValue("status"))
		case *http2.PingFrame:
			return fmt.Sprintf("PING %q", f.Data[:])
		}
	}
}

var whatTheRFCDemands = []struct {
	section string
	what    string
	send    func(p *peer)
	want    string
}{
	{"4.1", "unknown frames are ignored", func(p *peer) { _ = p.WriteRawFrame(0xbe, 0xff, 0, []byte("x")); p.ask(1, true) }, "1 200"},
	{"4.2", "frames of more than was allowed", func(p *peer) { _ = p.WriteRawFrame(http2.FrameData, 0, 1, make([]byte, 1<<20+1)) }, "GOAWAY FRAME_SIZE_ERROR"},
	{"4.3", "header blocks that cannot be decoded", func(p *peer) {
		_ = p.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, EndHeaders: true, EndStream: true})
	}, "GOAWAY COMPRESSION_ERROR"},
	{"5.1", "DATA on an idle stream", func(p *peer) { _ = p.WriteData(1, true, []byte("x")) }, "GOAWAY PROTOCOL_ERROR"},
	{"5.1", "RST_STREAM on an idle stream", func(p *peer) { _ = p.WriteRSTStream(1, http2.ErrCodeCancel) }, "GOAWAY PROTOCOL_ERROR"},
	{"5.1", "WINDOW_UPDATE on an idle stream", func(p *peer) { _ = p.WriteWindowUpdate(1, 1) }, "GOAWAY PROTOCOL_ERROR"},
	{"5.1", "DATA after the end", func(p *peer) {
		p.ask(1, true, "x-wait", "yes")
		_ = p.WriteData(1, true, []byte("x"))
	}, "RST 1 STREAM_CLOSED"},
	{"5.1", "HEADERS after the end", func(p *peer) { p.ask(1, true, "x-wait", "yes"); p.ask(1, true) }, "RST 1 STREAM_CLOSED"},
	{"5.1", "what comes for a stream that we reset is ignored", func(p *peer) {
		p.ask(1, false, "te", "gzip")
		_ = p.WriteData(1, false, []byte("x"))
		p.header(1, true, "x-trailer", "1")
		if got := p.outcome(); got != "RST 1 PROTOCOL_ERROR" {
			p.t.Error(got)
		}
		p.ask(3, true)
	}, "3 200"},
	{"5.1.1", "even streams", func(p *peer) { p.ask(2, true) }, "GOAWAY PROTOCOL_ERROR"},
	{"5.1.1", "streams that go down", func(p *peer) {
		p.ask(5, true)
		if got := p.outcome(); got != "5 200" {
			p.t.Error(got)
		}
		p.ask(3, true)
	}, "GOAWAY PROTOCOL_ERROR"},
	{"5.1.2", "more streams than allowed", func(p *peer) {
		for i := range 11 {
			p.ask(uint32(2*i+1), true, "x-wait", "yes")
		}
	}, "RST 21 REFUSED_STREAM"},
	{"5.4.1", "after a connection error the connection ends", func(p *peer) {
		p.ask(2, true)
		_ = p.outcome()
	}, "EOF"},
	{"6.1", "DATA on stream 0", func(p *peer) { _ = p.WriteRawFrame(http2.FrameData, 0, 0, []byte("x")) }, "GOAWAY PROTOCOL_ERROR"},
	{"6.1", "DATA with more padding than payload", func(p *peer) {
		p.ask(1, false, "x-wait", "yes")
		_ = p.WriteRawFrame(http2.FrameData, http2.FlagDataPadded, 1, []byte{200, 1})
	}, "GOAWAY PROTOCOL_ERROR"},
	{"6.1", "padding is taken off", func(p *peer) {
		p.ask(1, false, "content-length", "4", "x-echo", "yes")
		_ = p.WriteDataPadded(1, true, []byte("body"), make([]byte, 200))
	}, "1 200"},
	{"6.2", "HEADERS on stream 0", func(p *peer) {
		_ = p.WriteRawFrame(http2.FrameHeaders, http2.FlagHeadersEndHeaders, 0, p.block(":method", "GET"))
	}, "GOAWAY PROTOCOL_ERROR"},
	{"6.2", "something else amid a header", func(p *peer) {
		_ = p.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: p.block(":method", "GET"), EndStream: true})
		_ = p.WritePing(false, [8]byte{})
	}, "GOAWAY PROTOCOL_ERROR"},
	{"6.3", "PRIORITY is ignored", func(p *peer) { _ = p.WritePriority(1, http2.PriorityParam{StreamDep: 3}); p.ask(1, true) }, "1 200"},
	{"6.4", "RST_STREAM of a wrong size", func(p *peer) {
		p.ask(1, true, "x-wait", "yes")
		_ = p.WriteRawFrame(http2.FrameRSTStream, 0, 1, []byte{1})
	}, "GOAWAY FRAME_SIZE_ERROR"},
	{"6.5", "SETTINGS of a stream", func(p *peer) { _ = p.WriteRawFrame(http2.FrameSettings, 0, 1, nil) }, "GOAWAY PROTOCOL_ERROR"},
	{"6.5", "SETTINGS of a wrong size", func(p *peer) { _ = p.WriteRawFrame(http2.FrameSettings, 0, 0, []byte{1}) }, "GOAWAY FRAME_SIZE_ERROR"},
	{"6.5", "an acknowledgement that says something", func(p *peer) { _ = p.WriteRawFrame(http2.FrameSettings, http2.FlagSettingsAck, 0, make([]byte, 6)) }, "GOAWAY FRAME_SIZE_ERROR"},
	{"6.5.2", "ENABLE_PUSH beyond 1", func(p *peer) { _ = p.WriteSettings(http2.Setting{ID: http2.SettingEnablePush, Val: 2}) }, "GOAWAY PROTOCOL_ERROR"},
	{"6.5.2", "an initial window beyond 2^31-1", func(p *peer) { _ = p.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 31}) }, "GOAWAY FLOW_CONTROL_ERROR"},
	{"6.5.2", "a frame size below 2^14", func(p *peer) { _ = p.WriteSettings(http2.Setting{ID: http2.SettingMaxFrameSize, Val: 100}) }, "GOAWAY PROTOCOL_ERROR"},
	{"6.5.2", "unknown settings are ignored", func(p *peer) { _ = p.WriteSettings(http2.Setting{ID: 0xfff, Val: 1}); p.ask(1, true) }, "1 200"},
	{"6.6", "PUSH_PROMISE", func(p *peer) {
		_ = p.WritePushPromise(http2.PushPromiseParam{StreamID: 1, PromiseID: 2, BlockFragment: p.block(":method", "GET"), EndHeaders: true})
	}, "GOAWAY PROTOCOL_ERROR"},
	{"6.7", "PING is answered", func(p *peer) { _ = p.WritePing(false, [8]byte{'h', 'e', 'l', 'l', 'o'}) }, `PING "hello\x00\x00\x00"`},
	{"6.7", "PING of a wrong size", func(p *peer) { _ = p.WriteRawFrame(http2.FramePing, 0, 0, []byte{1}) }, "GOAWAY FRAME_SIZE_ERROR"},
	{"6.7", "PING of a stream", func(p *peer) { _ = p.WriteRawFrame(http2.FramePing, 0, 1, make([]byte, 8)) }, "GOAWAY PROTOCOL_ERROR"},
	{"6.8", "GOAWAY of a stream", func(p *peer) { _ = p.WriteRawFrame(http2.FrameGoAway, 0, 1, make([]byte, 8)) }, "GOAWAY PROTOCOL_ERROR"},
	{"6.9", "no increment of the connection's window", func(p *peer) { _ = p.WriteWindowUpdate(0, 0) }, "GOAWAY PROTOCOL_ERROR"},
	{"6.9", "no increment of a stream's window", func(p *peer) { p.ask(1, true, "x-wait", "yes"); _ = p.WriteWindowUpdate(1, 0) }, "RST 1 PROTOCOL_ERROR"},
	{"6.9", "more than the window", func(p *peer) {
		p.ask(1, false, "x-wait", "yes")
		for range 5 {
			_ = p.WriteData(1, false, make([]byte, 16<<10))
		}
	}, "RST 1 FLOW_CONTROL_ERROR"},
	{"6.9.1", "a connection's window beyond 2^31-1", func(p *peer) { _ = p.WriteWindowUpdate(0, 1<<31-1) }, "GOAWAY FLOW_CONTROL_ERROR"},
	{"6.9.1", "a stream's window beyond 2^31-1", func(p *peer) { p.ask(1, true, "x-wait", "yes"); _ = p.WriteWindowUpdate(1, 1<<31-1) }, "RST 1 FLOW_CONTROL_ERROR"},
	{"6.9.2", "windows that an initial one pushes beyond 2^31-1", func(p *peer) {
		p.ask(1, true, "x-wait", "yes")
		_ = p.WriteWindowUpdate(1, 1000)
		_ = p.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1<<31 - 1})
	}, "GOAWAY FLOW_CONTROL_ERROR"},
	{"6.10", "CONTINUATION of nothing", func(p *peer) { _ = p.WriteContinuation(1, true, p.block(":method", "GET")) }, "GOAWAY PROTOCOL_ERROR"},
	{"6.10", "CONTINUATION of another stream", func(p *peer) {
		_ = p.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: p.block(":method", "GET"), EndStream: true})
		_ = p.WriteContinuation(3, true, nil)
	}, "GOAWAY PROTOCOL_ERROR"},
	{"6.10", "CONTINUATION continues", func(p *peer) {
		b := p.block(":method", "GET", ":scheme", "https", ":path", "/", ":authority", "x")
		_ = p.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: b[:1], EndStream: true})
		for _, c := range b[1:] {
			_ = p.WriteContinuation(1, false, []byte{c})
		}
		_ = p.WriteContinuation(1, true, nil)
	}, "1 200"},
	{"8.1", "trailers that do not end the stream", func(p *peer) { p.ask(1, false, "x-wait", "yes"); p.header(1, false, "a", "b") }, "RST 1 PROTOCOL_ERROR"},
	{"8.1", "trailers with pseudo-header fields", func(p *peer) { p.ask(1, false, "x-wait", "yes"); p.header(1, true, ":method", "GET") }, "RST 1 PROTOCOL_ERROR"},
	{"8.1.1", "a body longer than its Content-Length", func(p *peer) {
		p.ask(1, false, "content-length", "1", "x-wait", "yes")
		_ = p.WriteData(1, true, []byte("xx"))
	}, "RST 1 PROTOCOL_ERROR"},
	{"8.1.1", "a body shorter than its Content-Length", func(p *peer) {
		p.ask(1, false, "content-length", "3", "x-wait", "yes")
		_ = p.WriteData(1, true, []byte("xx"))
	}, "RST 1 PROTOCOL_ERROR"},
	{"8.1.1", "no body where there should be one", func(p *peer) { p.ask(1, true, "content-length", "3") }, "RST 1 PROTOCOL_ERROR"},
	{"8.1.1", "two Content-Lengths", func(p *peer) { p.ask(1, false, "content-length", "3", "content-length", "4") }, "RST 1 PROTOCOL_ERROR"},
	{"8.1.1", "a Content-Length that is none", func(p *peer) { p.ask(1, false, "content-length", "-3") }, "RST 1 PROTOCOL_ERROR"},
	{"8.2.1", "names in upper case", func(p *peer) { p.ask(1, true, "X-A", "b") }, "RST 1 PROTOCOL_ERROR"},
	{"8.2.1", "values with line ends", func(p *peer) { p.ask(1, true, "x-a", "b\r\nc: d") }, "RST 1 PROTOCOL_ERROR"},
	{"8.2.2", "Connection", func(p *peer) { p.ask(1, true, "connection", "close") }, "RST 1 PROTOCOL_ERROR"},
	{"8.2.2", "Transfer-Encoding", func(p *peer) { p.ask(1, true, "transfer-encoding", "chunked") }, "RST 1 PROTOCOL_ERROR"},
	{"8.2.2", "Upgrade", func(p *peer) { p.ask(1, true, "upgrade", "websocket") }, "RST 1 PROTOCOL_ERROR"},
	{"8.2.2", "TE: trailers", func(p *peer) { p.ask(1, true, "te", "trailers") }, "1 200"},
	{"8.3", "unknown pseudo-header fields", func(p *peer) {
		p.header(1, true, ":method", "GET", ":scheme", "https", ":path", "/", ":other", "x")
	}, "RST 1 PROTOCOL_ERROR"},
	{"8.3", "pseudo-header fields after others", func(p *peer) {
		p.header(1, true, ":method", "GET", ":scheme", "https", "a", "b", ":path", "/")
	}, "RST 1 PROTOCOL_ERROR"},
	{"8.3", "those of answers", func(p *peer) { p.header(1, true, ":status", "200") }, "RST 1 PROTOCOL_ERROR"},
	{"8.3.1", "no path", func(p *peer) { p.header(1, true, ":method", "GET", ":scheme", "https") }, "RST 1 PROTOCOL_ERROR"},
	{"8.3.1", "an empty path", func(p *peer) { p.header(1, true, ":method", "GET", ":scheme", "https", ":path", "") }, "RST 1 PROTOCOL_ERROR"},
	{"8.3.1", "two paths", func(p *peer) {
		p.header(1, true, ":method", "GET", ":scheme", "https", ":path", "/", ":path", "/")
	}, "RST 1 PROTOCOL_ERROR"},
	{"8.3.1", "no method", func(p *peer) { p.header(1, true, ":path", "/", ":scheme", "https") }, "RST 1 PROTOCOL_ERROR"},
	{"8.3.1", "no scheme", func(p *peer) { p.header(1, true, ":method", "GET", ":path", "/") }, "RST 1 PROTOCOL_ERROR"},
	{"8.3.1", "users in an authority", func(p *peer) {
		p.header(1, true, ":method", "GET", ":scheme", "https", ":path", "/", ":authority", "u@x")
	}, "RST 1 PROTOCOL_ERROR"},
	{"8.5", "CONNECT with a path", func(p *peer) { p.header(1, true, ":method", "CONNECT", ":path", "/", ":authority", "x") }, "RST 1 PROTOCOL_ERROR"},
	{"10.5.1", "headers of more than was allowed", func(p *peer) {
		fields := []string{}
		for i := range 20 {
			fields = append(fields, fmt.Sprint("x-", i), strings.Repeat("x", 1000))
		}
		p.ask(1, true, fields...)
	}, "1 431"},
	{"10.5.1", "a CONTINUATION without end", func(p *peer) {
		_ = p.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: p.block(":method", "GET"), EndStream: true})
		for range 1000 {
			if p.WriteContinuation(1, false, p.block("x-a", strings.Repeat("b", 1000))) != nil {
				return
			}
		}
	}, "GOAWAY PROTOCOL_ERROR"},
	{"10.5", "a header that is small on the wire and large in memory", func(p *peer) {
		b := p.block(":method", "GET", ":scheme", "https", ":path", "/", "x-a", strings.Repeat("x", 3000))
		b = append(b, bytes.Repeat([]byte{0x80 | 62}, 10000)...) // the latest of the table
		_ = p.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: b, EndStream: true, EndHeaders: true})
	}, "1 431"},
	{"10.5", "pings that nobody needs", func(p *peer) { flood(p, func() error { return p.WritePing(false, [8]byte{}) }) }, "GOAWAY ENHANCE_YOUR_CALM"},
	{"10.5", "settings that change nothing", func(p *peer) { flood(p, func() error { return p.WriteSettings() }) }, "GOAWAY ENHANCE_YOUR_CALM"},
	{"10.5", "too many settings", func(p *peer) { _ = p.WriteSettings(make([]http2.Setting, 101)...) }, "GOAWAY ENHANCE_YOUR_CALM"},
	{"10.5", "empty DATA", func(p *peer) {
		p.ask(1, false, "x-wait", "yes")
		flood(p, func() error { return p.WriteData(1, false, nil) })
	}, "GOAWAY ENHANCE_YOUR_CALM"},
	{"10.5", "streams that are reset as soon as they are opened", func(p *peer) {
		id := uint32(1)
		flood(p, func() error {
			p.ask(id, true, "x-wait", "yes")
			id += 2
			return p.WriteRSTStream(id-2, http2.ErrCodeCancel)
		})
	}, "GOAWAY ENHANCE_YOUR_CALM"},
}

// flood sends until the server has enough of it; what it answers before its
// last word is read and dropped.
func flood(p *peer, send func() error) {
	last := make(chan string, 1)
	go func() {
		for {
			if got := p.outcome(); !strings.HasPrefix(got, "PING") && !strings.HasPrefix(got, "RST") {
				last <- got
				return
			}
		}
	}()
	for n := 0; n < 30000 && len(last) == 0 && send() == nil; n++ {
	}
	p.said = <-last
}

// atTheRFCsWord is a server with small limits; its handler waits for its
// request to end if asked to.
func atTheRFCsWord(t *testing.T) *httptest.Server {
	s, _ := start(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("X-Wait") != "":
			<-r.Context().Done()
		case r.Header.Get("X-Echo") != "":
			if body, err := io.ReadAll(r.Body); string(body) != "body" || err != nil {
				w.WriteHeader(http.StatusBadRequest)
			}
		}
	}, func(s *http.Server) {
		s.MaxHeaderBytes = 16 << 10
		s.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: 10, MaxReadFrameSize: 1 << 20, MaxReceiveBufferPerStream: 64 << 10}
	})
	return s
}

func TestWhatTheRFCDemands(t *testing.T) {
	s := atTheRFCsWord(t)
	for _, c := range whatTheRFCDemands {
		t.Run(c.section+" "+c.what, func(t *testing.T) {
			p := connect(t, s)
			c.send(p)
			if got := p.outcome(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestBeginnings(t *testing.T) {
	s := atTheRFCsWord(t)
	for name, c := range map[string]struct {
		send func(p *peer)
		want string
	}{
		"no preface":         {func(p *peer) { p.text("GET / HTTP/1.1\r\nHost: x\r\n\r\n") }, "GOAWAY PROTOCOL_ERROR"},
		"no settings":        {func(p *peer) { p.text(http2.ClientPreface); p.ask(1, true) }, "GOAWAY PROTOCOL_ERROR"},
		"an acknowledgement": {func(p *peer) { p.text(http2.ClientPreface); _ = p.WriteSettingsAck() }, "GOAWAY PROTOCOL_ERROR"},
		"nothing":            {func(p *peer) { p.conn.Close() }, net.ErrClosed.Error()},
		"as it should be":    {func(p *peer) { p.text(http2.ClientPreface); _ = p.WriteSettings(); p.ask(1, true) }, "1 200"},
		"an ack never asked for": {func(p *peer) {
			p.text(http2.ClientPreface)
			_ = p.WriteSettings()
			_ = p.WriteSettingsAck()
			_ = p.WriteSettingsAck()
		}, "GOAWAY PROTOCOL_ERROR"},
	} {
		p := dial(t, s)
		c.send(p)
		if got := p.outcome(); !strings.Contains(got, c.want) {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

// Data goes out within the windows of stream and connection, also when
// settings shrink them below nothing.
func TestWindowsAreKept(t *testing.T) {
	s, _ := start(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 300_000)) })
	p := connect(t, s, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1000})
	p.ask(1, true)
	expect := func(want int) {
		t.Helper()
		got := 0
		for got < want {
			f, err := p.ReadFrame()
			if err != nil {
				t.Fatal(err)
			}
			if d, ok := f.(*http2.DataFrame); ok {
				got += len(d.Data())
			}
		}
		_ = p.WritePing(false, [8]byte{}) // what was sent beyond comes first
		for {
			f, err := p.ReadFrame()
			if err != nil {
				t.Fatal(err)
			}
			switch f := f.(type) {
			case *http2.DataFrame:
				got += len(f.Data())
			case *http2.PingFrame:
				if got != want {
					t.Fatalf("%d bytes came, not %d", got, want)
				}
				return
			}
		}
	}
	expect(1000)
	_ = p.WriteWindowUpdate(1, 500)
	expect(500)
	_ = p.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 100}) // -900
	_ = p.WriteWindowUpdate(1, 900)                                                  // 0
	expect(0)
	_ = p.WriteWindowUpdate(1, 1)
	expect(1)
	_ = p.WriteWindowUpdate(1, 1<<20)
	expect(65535 - 1501) // the connection's
	p.ask(3, true)       // it gets nothing of that, and 1 is first in line
	expect(0)
	_ = p.WriteWindowUpdate(0, 1000)
	expect(1000)
	_ = p.WriteRSTStream(1, http2.ErrCodeCancel)
	_ = p.WriteWindowUpdate(0, 100)
	expect(100) // of 3, whose window that is
}

// A client that asks for much and reads nothing costs bounded memory, and
// only its own connection.
// The end of an answer comes with the last of it where that is known, and not in
// a frame, a record and a system call of its own. While the client still sends,
// it comes when the handler is done, whose request it would cancel.
func TestTheEndComesWithTheLast(t *testing.T) {
	for _, sent := range []bool{true, false} {
		s, _ := start(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "5000")
			_, _ = w.Write(make([]byte, 5000))
			if err := r.Context().Err(); err != nil {
				t.Errorf("the client has sent all: %v; the handler's request: %v", sent, err)
			}
		})
		p := connect(t, s)
		p.ask(1, sent)
		if f := p.data(); len(f.Data()) != 5000 || f.StreamEnded() != sent {
			t.Errorf("the client has sent all: %v; a frame of %d bytes, the end: %v", sent, len(f.Data()), f.StreamEnded())
		} else if !sent && !p.data().StreamEnded() {
			t.Error("no end behind it")
		}
	}
}

// data is the next frame with data.
func (p *peer) data() *http2.DataFrame {
	p.t.Helper()
	for {
		f, err := p.ReadFrame()
		if err != nil {
			p.t.Fatal(err)
		}
		if f, ok := f.(*http2.DataFrame); ok {
			return f
		}
	}
}

func TestClientThatReadsNothing(t *testing.T) {
	done := make(chan error, 1)
	s, c := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "HEAD" {
			return
		}
		for {
			if _, err := w.Write(make([]byte, 100_000)); err != nil {
				done <- err
				return
			}
		}
	})
	p := connect(t, s, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1<<31 - 1})
	_ = p.WriteWindowUpdate(0, 1<<30)
	p.ask(1, true)
	for range 10 {
		answer(t, c, request(t, "HEAD", s.URL, nil))
	}
	_ = p.conn.NetConn().Close()
	if err := <-done; err == nil {
		t.Error("the handler goes on")
	}
}

// FuzzConnection sends bytes after a good beginning: the connection must end
// when they do, whatever they say.
func FuzzConnection(f *testing.F) {
	closed := make(chan struct{}, 100)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }))
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	http2server.Configure(s.Config)
	s.StartTLS()
	defer s.Close()
	var seed bytes.Buffer
	p := &peer{Framer: http2.NewFramer(&seed, nil)}
	p.encoder = hpack.NewEncoder(&p.encoded)
	p.ask(1, false, "content-length", "4")
	_ = p.WriteData(1, true, []byte("body"))
	_ = p.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 3})
	_ = p.WriteWindowUpdate(0, 3)
	_ = p.WriteRSTStream(1, 0)
	_ = p.WritePing(false, [8]byte{})
	f.Add(seed.Bytes())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		conn, err := tls.Dial("tcp", s.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, http2.ClientPreface)
		_ = http2.NewFramer(conn, nil).WriteSettings()
		_, _ = conn.Write(data)
		_ = conn.CloseWrite()
		_, _ = io.Copy(io.Discard, conn)
		conn.Close()
		select {
		case <-closed:
		case <-time.After(10 * time.Second):
			t.Fatal("the connection does not end")
		}
	})
}
