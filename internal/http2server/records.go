package http2server

import (
	"net"
	"sync"
)

// batch is how much is encrypted before it is handed to the kernel: several
// TLS records (16 KB each) in one system call, which also reach the client as
// fewer and larger packets.
const batch = 64 << 10

// Listener is l with connections on which the TLS records of one large write
// travel together. It belongs below the TLS listener; on others, each record
// is a system call of its own.
func Listener(l net.Listener) net.Listener { return joining{l} }

type joining struct{ net.Listener }

func (l joining) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &records{Conn: c}, nil
}

// records is a connection below TLS. Between hold and release it keeps what is
// written.
type records struct {
	net.Conn

	mu   sync.Mutex
	held *buffer // nil: nothing is kept
}

func (r *records) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held != nil {
		r.held.b = append(r.held.b, b...)
		return len(b), nil
	}
	return r.Conn.Write(b)
}

func (r *records) hold() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held = buffers.Get().(*buffer)
}

// release writes what was kept.
func (r *records) release() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, err := r.Conn.Write(r.held.b)
	r.held.free()
	r.held = nil
	return err
}

// encrypt writes b as TLS records.
func (c *conn) encrypt(b []byte) error {
	if len(b) <= gather || c.records == nil {
		_, err := c.tls.Write(b)
		return err
	}
	for len(b) > 0 {
		part := b[:min(len(b), batch)]
		b = b[len(part):]
		c.records.hold()
		_, err := c.tls.Write(part)
		if sent := c.records.release(); err == nil {
			err = sent
		}
		if err != nil {
			return err
		}
	}
	return nil
}
