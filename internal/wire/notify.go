package wire

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
)

// notifySocket is where this process says that it is ready.
var notifySocket string

// TakeOver reads what `up` or a service manager put into the environment of
// this process and takes it away from the children that it will start:
// containerd, too, would say that it is ready. Call it first.
func TakeOver() {
	notifySocket = os.Getenv("NOTIFY_SOCKET")
	os.Unsetenv("NOTIFY_SOCKET")
	if os.Getenv(startErrorEnv) != "" {
		os.Unsetenv(startErrorEnv)
		syscall.CloseOnExec(startErrorFD)
		startError = os.NewFile(startErrorFD, "start-error")
	}
}

// notify tells whoever started this process about its state, as sd_notify(3)
// does: "READY=1", "STATUS=...". Without NOTIFY_SOCKET it does nothing.
func notify(state string) {
	if notifySocket == "" {
		return
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: notifySocket, Net: "unixgram"})
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = conn.Write([]byte(state))
}

// listener hears what a child process notifies.
type listener struct {
	path string
	conn *net.UnixConn
}

// listenNotify makes the socket at path, which must be shorter than 108 bytes.
func listenNotify(path string) (*listener, error) {
	_ = os.Remove(path)
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return nil, fmt.Errorf("cannot listen for the server's readiness: %w", err)
	}
	return &listener{path: path, conn: conn}, nil
}

// ready waits for READY=1.
func (l *listener) ready(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { l.conn.Close() })
	defer stop()
	buf := make([]byte, 4096)
	for {
		n, err := l.conn.Read(buf)
		if err != nil {
			return context.Cause(ctx)
		}
		for _, line := range strings.Split(string(buf[:n]), "\n") {
			if line == "READY=1" {
				return nil
			}
		}
	}
}

func (l *listener) close() {
	l.conn.Close()
	os.Remove(l.path)
}
