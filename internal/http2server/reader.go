package http2server

import (
	"crypto/tls"
	"errors"
	"io"
	"time"

	"golang.org/x/net/http2"
)

// prefaceTime is how long a client may take to begin.
const prefaceTime = 10 * time.Second

// greet says what the client may do. It is the first that is written.
func (c *conn) greet() {
	b := c.out.frames()
	b.b = appendSettings(b.b,
		http2.Setting{ID: http2.SettingMaxFrameSize, Val: c.frame},
		http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: uint32(c.streams)},
		http2.Setting{ID: http2.SettingMaxHeaderListSize, Val: c.headerList},
		http2.Setting{ID: http2.SettingHeaderTableSize, Val: headerTable},
		http2.Setting{ID: http2.SettingInitialWindowSize, Val: uint32(c.streamWindow)},
	)
	if more := c.connWindow - initialWindow; more > 0 {
		b.b = appendWindowUpdate(b.b, 0, more)
	}
}

// readPreface reads what every client begins with.
func (c *conn) readPreface() error {
	if c.state.Version < tls.VersionTLS12 {
		return http2.ConnectionError(http2.ErrCodeInadequateSecurity)
	}
	c.mu.Lock()
	c.flushAside()
	c.readUntil(time.Now().Add(prefaceTime))
	c.mu.Unlock()
	var preface [len(http2.ClientPreface)]byte
	if _, err := io.ReadFull(c.in, preface[:]); err != nil {
		return err
	}
	if string(preface[:]) != http2.ClientPreface {
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	return nil
}

// readFrames acts on what the client sends until the connection ends. The
// error is an http2.ConnectionError if the client is to be told.
func (c *conn) readFrames() error {
	for {
		header, frame, err := c.readFrame()
		if err == nil {
			err = c.handle(frame)
		}
		if err != nil {
			err = c.settleError(header, err)
		}
		if err != nil {
			return err
		}
	}
}

// settleError ends the stream that a frame was of, if it alone was at fault.
func (c *conn) settleError(header http2.FrameHeader, err error) error {
	if ofStream, ok := errors.AsType[http2.StreamError](err); ok {
		return c.streamError(header, ofStream)
	}
	return err
}

func (c *conn) readFrame() (http2.FrameHeader, http2.Frame, error) {
	header, err := c.framer.ReadFrameHeader()
	if err != nil {
		if errors.Is(err, http2.ErrFrameTooLarge) {
			err = http2.ConnectionError(http2.ErrCodeFrameSize)
		}
		return header, nil, err
	}
	frame, err := c.framer.ReadFrameForHeader(header)
	if errors.Is(err, http2.ErrFrameTooLarge) { // a CONTINUATION
		err = http2.ConnectionError(http2.ErrCodeFrameSize)
	}
	c.read.Store(int64(c.now()))
	return header, frame, err
}

// streamError ends a stream that the client has got wrong.
func (c *conn) streamError(h http2.FrameHeader, e http2.StreamError) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.StreamID > c.last {
		if h.Type != http2.FrameHeaders || e.StreamID%2 == 0 {
			return http2.ConnectionError(http2.ErrCodeProtocol) // of a stream that never was
		}
		c.last = e.StreamID
	}
	if st := c.byID[e.StreamID]; st != nil {
		c.reset(st, e.Code, e)
	} else if !c.resets.has(e.StreamID) {
		b := c.out.frames()
		b.b = appendReset(b.b, e.StreamID, e.Code)
		c.resets.add(e.StreamID)
	}
	return c.replied()
}

// replied sends what was added in answer to a frame, without waiting for the
// client; which must not let too much of it gather.
func (c *conn) replied() error {
	if p := c.out.pending; p != nil && len(p.b) > maxPending {
		return http2.ConnectionError(http2.ErrCodeEnhanceYourCalm)
	}
	c.flushAside()
	return nil
}

func (c *conn) handle(frame http2.Frame) error {
	if !c.greeted {
		f, ok := frame.(*http2.SettingsFrame)
		if !ok || f.IsAck() {
			return http2.ConnectionError(http2.ErrCodeProtocol)
		}
		c.greeted = true
		c.mu.Lock()
		c.readUntil(time.Time{})
		c.mu.Unlock()
	}
	if isChatter(frame) && !c.chatter.allows(c.now()) {
		return http2.ConnectionError(http2.ErrCodeEnhanceYourCalm)
	}
	switch f := frame.(type) {
	case *http2.MetaHeadersFrame:
		return c.onHeaders(f)
	case *http2.DataFrame:
		return c.onData(f)
	case *http2.WindowUpdateFrame:
		return c.onWindowUpdate(f)
	case *http2.RSTStreamFrame:
		return c.onReset(f)
	case *http2.SettingsFrame:
		return c.onSettings(f)
	case *http2.PingFrame:
		return c.onPing(f)
	case *http2.GoAwayFrame:
		c.shutdown()
	case *http2.PushPromiseFrame:
		return http2.ConnectionError(http2.ErrCodeProtocol) // for servers only
	}
	return nil // priorities and what is not known are ignored
}

// readUntil bounds reading, unless it was told to stop.
func (c *conn) readUntil(t time.Time) {
	if !c.stopped {
		_ = c.tls.SetReadDeadline(t)
	}
}
