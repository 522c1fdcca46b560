package wire

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"

	"golang.org/x/sys/unix"
)

// minFree is the least room on the data directory's disk to start with.
const minFree = 64 << 20

// preflight finds, before anything is made, what would make a start fail
// halfway. Each error is one sentence that says how to mend it.
func (c *Config) preflight(node bool) error {
	if node && os.Geteuid() != 0 {
		return errors.New("a node runs containers, which needs root: run it as root, or add --without-node for the control plane alone")
	}
	if err := os.MkdirAll(c.DataDir, 0o755); err != nil {
		return fmt.Errorf("cannot make --data-dir: %w", err)
	}
	if err := checkRoom(c.DataDir); err != nil {
		return err
	}
	if len(c.Path("containerd", "run")) > maxSocketDir {
		return fmt.Errorf("--data-dir %s is too long for unix sockets below it: choose one of at most %d characters", c.DataDir, maxSocketDir-len("/containerd/run"))
	}
	if node && c.RuntimeEndpoint == "" {
		if _, err := exec.LookPath("runc"); err != nil {
			return errors.New("runc, which starts containers, is not installed: `apt-get install runc` (or your system's like) and start again")
		}
	}
	return nil
}

// maxSocketDir leaves room for the names of sockets in the 108 bytes that
// unix(7) allows a path.
const maxSocketDir = 70

func checkRoom(dir string) error {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return fmt.Errorf("cannot read --data-dir: %w", err)
	}
	if free := s.Bavail * uint64(s.Bsize); free < minFree {
		return fmt.Errorf("the disk of --data-dir %s has only %d MB left: free some, or choose another", dir, free>>20)
	}
	return nil
}

func checkPort(address string, port int, flag string) error {
	l, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(port)))
	if errors.Is(err, unix.EADDRINUSE) {
		return fmt.Errorf("port %d is in use by another program: stop that, or choose another with %s", port, flag)
	}
	if err != nil {
		return fmt.Errorf("cannot listen on %s port %d: %w", address, port, err)
	}
	return l.Close()
}
