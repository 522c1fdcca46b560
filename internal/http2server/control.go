package http2server

import (
	"slices"
	"time"

	"golang.org/x/net/http2"
)

// maxSettings is more than any client has to say at once.
const maxSettings = 100

func (c *conn) onSettings(f *http2.SettingsFrame) error {
	if f.IsAck() {
		if c.acked {
			return http2.ConnectionError(http2.ErrCodeProtocol)
		}
		c.acked = true
		return nil
	}
	if f.NumSettings() > maxSettings {
		return http2.ConnectionError(http2.ErrCodeEnhanceYourCalm)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := f.ForeachSetting(c.apply); err != nil {
		return err
	}
	b := c.out.frames()
	b.b = appendSettingsAck(b.b)
	return c.replied()
}

func (c *conn) apply(s http2.Setting) error {
	if err := s.Valid(); err != nil {
		return err
	}
	switch s.ID {
	case http2.SettingHeaderTableSize:
		c.encoder.SetMaxDynamicTableSize(min(s.Val, headerTable))
	case http2.SettingMaxFrameSize:
		c.maxFrame = int(min(s.Val, maxDataFrame))
	case http2.SettingInitialWindowSize:
		return c.setWindow(int64(s.Val))
	}
	return nil
}

// maxDataFrame bounds the frames that we send, so that streams take turns.
const maxDataFrame = 64 << 10

// setWindow changes the windows of all streams by what the initial one
// changes: they may become negative (RFC 9113, 6.9.2).
func (c *conn) setWindow(n int64) error {
	change := n - c.window
	c.window = n
	for _, st := range c.byID {
		if st.window += change; st.window > maxWindow {
			return http2.ConnectionError(http2.ErrCodeFlowControl)
		}
		st.wake.Broadcast()
	}
	return nil
}

func (c *conn) onWindowUpdate(f *http2.WindowUpdateFrame) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := int64(f.Increment)
	if f.StreamID == 0 {
		if c.send += n; c.send > maxWindow {
			return http2.ConnectionError(http2.ErrCodeFlowControl)
		}
		c.distribute()
		return nil
	}
	if c.isIdle(f.StreamID) {
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	st := c.byID[f.StreamID]
	if st == nil {
		return nil // it has ended meanwhile
	}
	if st.window += n; st.window > maxWindow {
		return http2.StreamError{StreamID: f.StreamID, Code: http2.ErrCodeFlowControl}
	}
	st.wake.Broadcast()
	return nil
}

func (c *conn) onReset(f *http2.RSTStreamFrame) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isIdle(f.StreamID) {
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	if st := c.byID[f.StreamID]; st != nil {
		c.drop(st, http2.StreamError{StreamID: f.StreamID, Code: f.ErrCode})
	}
	return c.replied()
}

// isIdle reports whether a stream has not begun.
func (c *conn) isIdle(id uint32) bool { return id > c.last || id%2 == 0 }

func (c *conn) onPing(f *http2.PingFrame) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.IsAck() {
		if f.Data == farewell && c.ending == announced {
			c.finish()
		}
		return nil
	}
	b := c.out.frames()
	b.b = appendPing(b.b, f.Data, true)
	return c.replied()
}

// isChatter reports whether a frame costs work, or an answer, and asks for
// nothing that a client would have to wait for.
func isChatter(f http2.Frame) bool {
	switch f := f.(type) {
	case *http2.MetaHeadersFrame, *http2.WindowUpdateFrame:
		return false
	case *http2.DataFrame:
		return len(f.Data()) == 0 && !f.StreamEnded()
	}
	return true
}

// flood counts what an honest client does rarely.
type flood struct {
	since time.Duration
	count int
}

const (
	floodTime  = 10 * time.Second
	floodLimit = 20000
)

// allows counts one more at a time, and reports whether it is bearable.
func (f *flood) allows(now time.Duration) bool {
	if now-f.since >= floodTime {
		f.since, f.count = now, 0
	}
	f.count++
	return f.count <= floodLimit
}

// recentIDs are the latest of some streams.
type recentIDs struct {
	ids  [128]uint32
	next int
}

func (r *recentIDs) add(id uint32) {
	r.ids[r.next] = id
	r.next = (r.next + 1) % len(r.ids)
}

func (r *recentIDs) has(id uint32) bool { return slices.Contains(r.ids[:], id) }
