package network

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
)

// maxRequest is far more than a CNI request has: some hundreds of bytes.
const maxRequest = 1 << 20

// listen opens the socket that the CNI forwarder speaks to. It goes through
// the directory's descriptor, because a unix socket's address is limited to
// 107 bytes and the data directory's name is not.
func listen(cfg Config) (net.Listener, error) {
	if err := os.MkdirAll(cfg.socketDir(), 0o711); err != nil {
		return nil, err
	}
	dir, err := os.Open(cfg.socketDir())
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	if err := os.Remove(filepath.Join(cfg.socketDir(), socketName)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), socketName))
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", filepath.Join(cfg.socketDir(), socketName), err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // the descriptor's number is another's by then
	return l, os.Chmod(filepath.Join(cfg.socketDir(), socketName), 0o600)
}

// serve answers the forwarder until ctx ends, and returns when the last
// request is done.
func (p *plugin) serve(ctx context.Context, l net.Listener) {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	var requests sync.WaitGroup
	defer requests.Wait()
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() == nil {
				slog.Error("the CNI socket", "error", err)
			}
			return
		}
		requests.Go(func() { p.handle(conn) })
	}
}

func (p *plugin) handle(conn net.Conn) {
	defer conn.Close()
	data, err := io.ReadAll(io.LimitReader(conn, maxRequest))
	if err != nil {
		slog.Error("reading a CNI request", "error", err)
		return
	}
	if _, err := conn.Write(p.answer(data)); err != nil {
		slog.Error("answering a CNI request", "error", err)
	}
}
