package wire

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"skiff/internal/runtime"
)

// minFree is the least room on the data directory's disk to start with.
const minFree = 64 << 20

// maxDataDir is how long the data directory's name may be: unix(7) allows the
// path of a socket 107 bytes.
const maxDataDir = 107 - len("/run/containerd.sock")

// preflight finds, before anything is made, what would make a start fail
// halfway. It makes nothing itself. Each error is one sentence that says how
// to mend it.
func (c *Config) preflight(r role) error {
	node := r.hasNode() && !c.WithoutNode
	for _, check := range []func() error{
		func() error { return checkRoot(node) },
		c.checkDataDir,
		func() error { return checkRuntime(node && c.RuntimeEndpoint == "") },
		func() error { return checkRoom(c.DataDir) },
		func() error { return c.checkPorts(r, node) },
		func() error { return c.checkNeighbours(r, node) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func checkRoot(node bool) error {
	if node && os.Geteuid() != 0 {
		return errors.New("a node runs containers, which needs root: run it as root, or run the control plane alone with --without-node")
	}
	return nil
}

func checkRuntime(needed bool) error {
	if !needed {
		return nil
	}
	return runtime.Check()
}

func (c *Config) checkDataDir() error {
	if len(c.DataDir) > maxDataDir {
		return fmt.Errorf("--data-dir %s is too long for the sockets in it: choose one of at most %d characters", c.DataDir, maxDataDir)
	}
	if info, err := os.Stat(c.DataDir); err == nil && !info.IsDir() {
		return fmt.Errorf("--data-dir %s is not a directory: choose another", c.DataDir)
	}
	if pid := runningPID(c.DataDir); pid != 0 {
		return alreadyRuns(c.DataDir, pid)
	}
	return nil
}

// checkRoom looks at the disk that dir is on, or will be.
func checkRoom(dir string) error {
	var s unix.Statfs_t
	err := unix.Statfs(dir, &s)
	for at := dir; errors.Is(err, unix.ENOENT) && at != filepath.Dir(at); err = unix.Statfs(at, &s) {
		at = filepath.Dir(at)
	}
	if err != nil {
		return fmt.Errorf("cannot read --data-dir %s: %w", dir, err)
	}
	if free := s.Bavail * uint64(s.Bsize); free < minFree {
		return fmt.Errorf("the disk of --data-dir %s has only %d MB left, and %d MB is the least to start with: free some, or choose another", dir, free>>20, minFree>>20)
	}
	return nil
}

func (c *Config) checkPorts(r role, node bool) error {
	if r.hasAPIServer() {
		if err := checkPort(c.BindAddress, c.HTTPSPort, "--https-port"); err != nil {
			return err
		}
	}
	if node {
		return checkPort("", c.KubeletPort, "--kubelet-port")
	}
	return nil
}

func checkPort(address string, port int, flag string) error {
	l, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(port)))
	switch {
	case err == nil:
		return l.Close()
	case errors.Is(err, unix.EADDRINUSE):
		return fmt.Errorf("port %d is in use by another program: stop that, or choose another with %s", port, flag)
	case errors.Is(err, unix.EADDRNOTAVAIL):
		return fmt.Errorf("this machine has no address %s: choose one that it has with --bind-address", address)
	case errors.Is(err, unix.EACCES):
		return fmt.Errorf("port %d is for root alone: run as root, or choose one above 1023 with %s", port, flag)
	}
	return fmt.Errorf("cannot listen on port %d: %w: choose another with %s", port, err, flag)
}
