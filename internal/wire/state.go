package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// state is what later commands (`down`, `status`, another `up`) must know about
// a data directory: the settings that its process was last started with. It
// lies at DATA/cluster.json.
type state struct {
	Role role `json:"role"`
	Config
}

func statePath(dataDir string) string { return filepath.Join(dataDir, "cluster.json") }

func (c *Config) saveState(role role) error {
	data, err := json.MarshalIndent(state{Role: role, Config: *c}, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(statePath(c.DataDir), append(data, '\n'), 0o644)
}

// loadState returns nil when nothing ever ran in dataDir.
func loadState(dataDir string) (*state, error) {
	data, err := os.ReadFile(statePath(dataDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s := &state{Config: Defaults()}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("%s is damaged (%w): remove it and start again", statePath(dataDir), err)
	}
	return s, nil
}

// config is the configuration that the state stands for, wherever the data
// directory is now.
func (s *state) config(dataDir string) Config {
	c := s.Config
	c.DataDir = dataDir
	c.setClusterDNS()
	if c.NodeIP == "" { // of a version that did not keep it; nothing that is cleaned up knows it
		c.NodeIP = "127.0.0.1"
	}
	return c
}

// writeFile replaces path in one step, so that a reader or a crash sees the
// old file or the new one.
func writeFile(path string, data []byte, mode os.FileMode) error {
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, data, mode); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// lock is held for as long as a server or agent runs on a data directory; the
// file's content is the holder's process ID.
type lock struct{ file *os.File }

func lockPath(dataDir string) string { return filepath.Join(dataDir, "run", "skiff.pid") }

// acquireLock fails when another process runs on dataDir.
func acquireLock(dataDir string) (*lock, error) {
	if err := os.MkdirAll(filepath.Dir(lockPath(dataDir)), 0o700); err != nil {
		return nil, fmt.Errorf("cannot make --data-dir: %w", err)
	}
	f, err := os.OpenFile(lockPath(dataDir), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("cannot write in --data-dir: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, alreadyRuns(dataDir, runningPID(dataDir))
	}
	if err := f.Truncate(0); err != nil {
		return nil, err
	}
	if _, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())), 0); err != nil {
		return nil, fmt.Errorf("cannot write in --data-dir: %w", err)
	}
	return &lock{f}, nil
}

func alreadyRuns(dataDir string, pid int) error {
	return fmt.Errorf("skiff already runs on %s (process %d): stop it with `skiff down --data-dir %s`, or choose another --data-dir", dataDir, pid, dataDir)
}

func (l *lock) release() { l.file.Close() }

// runningPID is the process that holds dataDir's lock, or 0. The lock, not
// the number in the file, says whether it runs: numbers are used again.
func runningPID(dataDir string) int {
	f, err := os.Open(lockPath(dataDir))
	if err != nil {
		return 0
	}
	defer f.Close()
	if unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB) == nil {
		return 0
	}
	buf := make([]byte, 20)
	n, _ := f.ReadAt(buf, 0)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(buf[:n])))
	return pid
}
