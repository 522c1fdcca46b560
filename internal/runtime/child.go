package runtime

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// maxLogSize is how long containerd's log may be before it is set aside.
const maxLogSize = 10 << 20

// stopGrace is the time that a process has to end by itself; shorter in a
// test with one that never will.
var stopGrace = defaultStopGrace

const defaultStopGrace = 10 * time.Second

// child is a running containerd.
type child struct {
	cmd      *exec.Cmd
	lifeline *os.File      // the child ends when this is closed
	exited   chan struct{} // closed when it has ended
	err      error         // why; read after exited
}

// startChild starts containerd and waits until its sockets answer.
func startChild(ctx context.Context, cfg Config) (*child, error) {
	logFile, err := openLog(cfg.logFile())
	if err != nil {
		return nil, err
	}
	defer logFile.Close()
	logStart, err := logFile.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	readyRead, readyWrite, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer readyRead.Close()
	defer readyWrite.Close()
	lifeRead, lifeWrite, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer lifeRead.Close()

	c := &child{lifeline: lifeWrite, exited: make(chan struct{})}
	c.cmd = exec.Command(cfg.Exec, childArgs(cfg)...)
	// containerd finds the shim by name, when it starts one and when it meets a
	// container that an earlier containerd started.
	c.cmd.Env = append(os.Environ(), "PATH="+cfg.path("bin")+":"+os.Getenv("PATH"), "TMPDIR="+cfg.tempDir(), "XDG_RUNTIME_DIR=")
	c.cmd.Stdout, c.cmd.Stderr = logFile, logFile
	c.cmd.ExtraFiles = []*os.File{readyFD - 3: readyWrite, lifelineFD - 3: lifeRead}
	// A group of its own: the terminal's Ctrl-C is for skiff, which then stops
	// containerd in its turn.
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.cmd.Start(); err != nil {
		lifeWrite.Close()
		return nil, fmt.Errorf("starting containerd: %w", err)
	}
	go c.wait()
	if err := os.WriteFile(cfg.pidFile(), []byte(strconv.Itoa(c.cmd.Process.Pid)), 0o644); err != nil {
		c.stop()
		return nil, err
	}
	readyWrite.Close()
	if !c.awaitReady(ctx, readyRead) {
		c.stop()
		return nil, lastWords(cfg.logFile(), logStart)
	}
	return c, nil
}

// childArgs are the arguments of this data directory's containerd, and of no
// other process.
func childArgs(cfg Config) []string {
	return append(append([]string{}, cfg.ExecArgs...), "--config", cfg.configFile(), "--log-level", cfg.LogLevel)
}

func (c *child) wait() {
	c.err = c.cmd.Wait()
	close(c.exited)
}

// awaitReady says whether the child has reported that it answers.
func (c *child) awaitReady(ctx context.Context, ready *os.File) bool {
	stop := context.AfterFunc(ctx, func() { _ = ready.SetReadDeadline(time.Now()) })
	defer stop()
	n, _ := ready.Read(make([]byte, 1))
	return n == 1
}

// stop ends the child and waits for its end.
func (c *child) stop() {
	c.lifeline.Close()
	select {
	case <-c.exited:
	case <-time.After(stopGrace):
		_ = c.cmd.Process.Kill()
		<-c.exited
	}
}

// openLog opens the log to append to, setting a large one aside first.
func openLog(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil && info.Size() > maxLogSize {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
}
