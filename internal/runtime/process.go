package runtime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// replaceOldChild ends the containerd that an earlier skiff left in this data
// directory. Normally there is none: it ends with its parent. The process is
// known by its arguments, which name the data directory; a process that merely
// has the number in the pid file is left alone.
func replaceOldChild(ctx context.Context, cfg Config) error {
	pid, ok := oldChild(cfg)
	if !ok {
		return nil
	}
	if err := endProcess(ctx, pid, stopGrace); err != nil {
		return fmt.Errorf("ending the containerd of an earlier start, process %d: %w", pid, err)
	}
	return nil
}

// oldChild finds the containerd of the data directory by the pid file.
func oldChild(cfg Config) (pid int, ok bool) {
	data, err := os.ReadFile(cfg.pidFile())
	if err != nil {
		return 0, false
	}
	pid, err = strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil || !isContainerd(cfg, pid) {
		return 0, false
	}
	return pid, true
}

// isContainerd says whether the process is a containerd of this data
// directory, whatever the version of skiff that started it.
func isContainerd(cfg Config, pid int) bool {
	args := commandLine(pid)
	at := slices.Index(args, "--config")
	return slices.Contains(args, "containerd") && at > 0 && at+1 < len(args) && args[at+1] == cfg.configFile()
}

// commandLine is a process's arguments; nil when it is gone or a zombie.
func commandLine(pid int) []string {
	data, err := os.ReadFile(procPath(pid, "cmdline"))
	if err != nil || len(data) == 0 {
		return nil
	}
	return strings.Split(string(bytes.TrimSuffix(data, []byte{0})), "\x00")
}

// isAlive says whether the process has not ended: a zombie has.
func isAlive(pid int) bool {
	data, err := os.ReadFile(procPath(pid, "stat"))
	if err != nil {
		return false
	}
	// The name before the state is in parentheses, and may contain some.
	_, state, found := strings.Cut(string(data[bytes.LastIndexByte(data, ')')+1:]), " ")
	return found && !strings.HasPrefix(state, "Z") && !strings.HasPrefix(state, "X")
}

// executable is the path that a process was started from, also when that file
// has been replaced since.
func executable(pid int) string {
	path, _ := os.Readlink(procPath(pid, "exe"))
	return strings.TrimSuffix(path, " (deleted)")
}

func procPath(pid int, name string) string {
	return filepath.Join("/proc", strconv.Itoa(pid), name)
}

// processes lists the numbers of all processes.
func processes() ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// endProcess asks the process to end, and kills it when it has not after the
// grace period. No grace means a kill at once. The process may be anybody's
// child: its end is awaited through a pidfd, which cannot come to mean another
// process.
func endProcess(ctx context.Context, pid int, grace time.Duration) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if grace > 0 {
		if err := signalFD(fd, unix.SIGTERM); err != nil {
			return err
		}
		if awaitFD(ctx, fd, grace) {
			return nil
		}
	}
	if err := signalFD(fd, unix.SIGKILL); err != nil {
		return err
	}
	if !awaitFD(ctx, fd, defaultStopGrace) {
		return errors.New("it does not end, although it was killed")
	}
	return nil
}

func signalFD(fd int, signal unix.Signal) error {
	if err := unix.PidfdSendSignal(fd, signal, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return err
	}
	return nil
}

// awaitFD says whether the process ended in time.
func awaitFD(ctx context.Context, fd int, timeout time.Duration) bool {
	deadline := time.Now().Add(timeout)
	for ctx.Err() == nil {
		left := time.Until(deadline)
		if left <= 0 {
			return false
		}
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(fds, int(min(left, time.Second).Milliseconds())+1)
		if n > 0 {
			return true
		}
		if err != nil && !errors.Is(err, unix.EINTR) {
			return false
		}
	}
	return false
}
