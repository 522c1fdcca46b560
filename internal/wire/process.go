package wire

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// stopGrace is how long a server may take to stop before it is killed.
const stopGrace = 20 * time.Second

// background is a skiff process to be started away from the terminal.
type background struct {
	dataDir string
	args    []string
	// wrap may change the command before it starts (namespaces).
	wrap func(*exec.Cmd)
	// launch, if set, runs the function that starts the process (on a thread
	// in another namespace).
	launch func(start func() error) error
}

func (b background) logFile() string { return filepath.Join(b.dataDir, "skiff.log") }

// start runs the process and waits until it says that it is ready. If it ends
// before that, the error is its own last words.
func (b background) start(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Join(b.dataDir, "run"), 0o700); err != nil {
		return fmt.Errorf("cannot make --data-dir: %w", err)
	}
	log, err := os.OpenFile(b.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("cannot write the log: %w", err)
	}
	defer log.Close()
	ready, err := listenNotify(filepath.Join(b.dataDir, "run", "notify.sock"))
	if err != nil {
		return err
	}
	defer ready.close()

	errFile, err := os.CreateTemp(filepath.Join(b.dataDir, "run"), "start-error-")
	if err != nil {
		return err
	}
	defer os.Remove(errFile.Name())
	defer errFile.Close()

	cmd := exec.Command("/proc/self/exe", b.args...)
	cmd.Args[0] = "skiff"
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+ready.path, startErrorEnv+"=yes")
	cmd.ExtraFiles = []*os.File{errFile}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if b.wrap != nil {
		b.wrap(cmd)
	}
	launch := b.launch
	if launch == nil {
		launch = func(start func() error) error { return start() }
	}
	if err := launch(cmd.Start); err != nil {
		return fmt.Errorf("cannot start %s: %w", strings.Join(b.args, " "), err)
	}
	return b.await(ctx, cmd, ready, errFile.Name())
}

func (b background) await(ctx context.Context, cmd *exec.Cmd, ready *listener, errFile string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ended := errors.New("ended")
	go func() {
		_ = cmd.Wait()
		cancel(ended)
	}()
	err := ready.ready(ctx)
	if !errors.Is(err, ended) {
		if err != nil {
			return fmt.Errorf("%w: it goes on in the background, see %s", err, b.logFile())
		}
		return nil
	}
	if text, _ := os.ReadFile(errFile); len(text) > 0 {
		return errors.New(strings.TrimSpace(string(text)))
	}
	return fmt.Errorf("the server ended before it was ready: see the end of %s", b.logFile())
}

// startErrorEnv tells a background process that it may write why it could not
// start to the file descriptor startErrorFD.
const (
	startErrorEnv = "SKIFF_START_ERROR"
	startErrorFD  = 3
)

var startError *os.File

// ReportStartError hands err to the `up` that waits for this process.
func ReportStartError(err error) {
	if startError != nil {
		fmt.Fprintln(startError, err)
	}
}

// stopProcess asks a process to stop and kills it if it does not.
func stopProcess(pid int) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil // gone
	}
	defer unix.Close(fd)
	for _, sig := range []unix.Signal{unix.SIGTERM, unix.SIGKILL} {
		if err := unix.PidfdSendSignal(fd, sig, nil, 0); err != nil {
			return nil
		}
		if exited(fd, stopGrace) {
			return nil
		}
	}
	return fmt.Errorf("process %d does not end, even when killed", pid)
}

// exited waits until the process behind a pidfd is gone.
func exited(fd int, limit time.Duration) bool {
	deadline := time.Now().Add(limit)
	for {
		left := time.Until(deadline)
		if left <= 0 {
			return false
		}
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(left.Milliseconds())+1)
		if err == nil && n > 0 {
			return true
		}
	}
}
