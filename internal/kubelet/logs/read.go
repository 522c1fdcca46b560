// Package logs reads the logs of containers, which the runtime writes in CRI's
// format, and keeps them from growing without bound.
package logs

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
	corev1 "k8s.io/api/core/v1"
)

// Reader reads one container's log.
type Reader struct {
	Path    string
	Options corev1.PodLogOptions
	// Ended says whether the container has ended, for a follower that has read
	// all there is: then nothing more will come.
	Ended func(context.Context) (bool, error)
}

// Copy writes the log, as the options ask, to out; flush is called whenever
// there is nothing more to write for now. Following ends with the container,
// with ctx, or when a write fails.
func (r Reader) Copy(ctx context.Context, out io.Writer, flush func()) error {
	f, err := os.Open(r.Path)
	if err != nil {
		return err
	}
	c := &copier{Reader: r, out: out, flush: flush, since: r.since(), left: -1}
	if r.Options.LimitBytes != nil {
		c.left = *r.Options.LimitBytes
	}
	defer c.close()
	c.now = newSource(f)
	if r.Options.TailLines != nil {
		offset, err := tailOffset(f, *r.Options.TailLines)
		if err != nil {
			return err
		}
		if _, err := f.Seek(offset, io.SeekStart); err != nil {
			return err
		}
	}
	if r.Options.Follow {
		err = c.follow(ctx)
	} else {
		err = c.drain(c.now)
	}
	flush()
	if errors.Is(err, errLimit) {
		return nil
	}
	return err
}

func (r Reader) since() time.Time {
	if r.Options.SinceSeconds != nil {
		return time.Now().Add(-time.Duration(*r.Options.SinceSeconds) * time.Second)
	}
	if r.Options.SinceTime != nil {
		return r.Options.SinceTime.Time
	}
	return time.Time{}
}

// errLimit ends a copy that has written as much as was asked for.
var errLimit = errors.New("limit reached")

type copier struct {
	Reader
	out     io.Writer
	flush   func()
	since   time.Time
	left    int64   // bytes that may still be written; -1 for any number
	now     *source // the log as it is called now
	late    *source // the one before: the runtime may write a last line to it after it has begun the next; nil if there is none
	midLine bool    // the last thing written was a part of a long line
}

// source is one file of a log, read up to somewhere.
type source struct {
	file *os.File
	buf  *bufio.Reader
	part []byte // the beginning of a line that is not complete yet
}

func newSource(f *os.File) *source { return &source{file: f, buf: bufio.NewReader(f)} }

func (c *copier) close() {
	c.now.file.Close()
	if c.late != nil {
		c.late.file.Close()
	}
}

// drain writes all complete lines that there are.
func (c *copier) drain(s *source) error {
	for {
		b, err := s.buf.ReadBytes('\n')
		s.part = append(s.part, b...)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := c.write(s.part); err != nil {
			return err
		}
		s.part = s.part[:0]
	}
}

func (c *copier) write(raw []byte) error {
	l, err := parse(raw)
	if err != nil {
		return nil // a line cut off by a crash is no reason to hide the rest
	}
	if l.time.Before(c.since) || !c.wanted(l.stream) {
		return nil
	}
	var b []byte
	if c.Options.Timestamps && !c.midLine {
		b = append(append(b, l.stamp...), ' ')
	}
	b = append(b, l.text...)
	if l.full {
		b = append(b, '\n')
	}
	c.midLine = !l.full
	if c.left >= 0 && int64(len(b)) > c.left {
		b = b[:c.left]
	}
	if _, err := c.out.Write(b); err != nil {
		return err
	}
	if c.left >= 0 {
		if c.left -= int64(len(b)); c.left == 0 {
			return errLimit
		}
	}
	return nil
}

func (c *copier) wanted(stream string) bool {
	if c.Options.Stream == nil {
		return true
	}
	switch *c.Options.Stream {
	case corev1.LogStreamStdout:
		return stream == "stdout"
	case corev1.LogStreamStderr:
		return stream == "stderr"
	}
	return true
}

// endPoll is how often a follower looks whether the container has ended while
// nothing is written. Only somebody's open `logs -f` costs this.
const endPoll = time.Second

// follow writes what comes, as the kernel tells of it, also when the log is
// rotated, until the container has ended.
func (c *copier) follow(ctx context.Context) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("follow %s: %w", c.Path, err)
	}
	defer watcher.Close()
	if err := watcher.Add(filepath.Dir(c.Path)); err != nil {
		return fmt.Errorf("follow %s: %w", c.Path, err)
	}
	poll := time.NewTicker(endPoll)
	defer poll.Stop()
	for {
		ended, err := c.Ended(ctx)
		if err != nil {
			return err
		}
		if err := c.catchUp(); err != nil || ended {
			return err
		}
		c.flush()
		if !c.await(ctx, watcher, poll.C) {
			return nil
		}
	}
}

// await waits until the log may have grown or the container ended.
func (c *copier) await(ctx context.Context, w *fsnotify.Watcher, poll <-chan time.Time) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-poll:
			return true
		case e, ok := <-w.Events:
			if !ok {
				return false
			}
			if e.Name == c.Path {
				return true
			}
		case _, ok := <-w.Errors:
			return ok
		}
	}
}

// catchUp writes what is new, and goes over to the file that took the place of
// one that was rotated.
func (c *copier) catchUp() error {
	if c.late != nil {
		if err := c.drain(c.late); err != nil {
			return err
		}
	}
	if err := c.drain(c.now); err != nil {
		return err
	}
	next, err := os.Stat(c.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // between two files
	}
	if err != nil {
		return err
	}
	if mine, err := c.now.file.Stat(); err == nil && os.SameFile(mine, next) {
		return nil
	}
	if err := c.drain(c.now); err != nil { // what came before it was moved away
		return err
	}
	f, err := os.Open(c.Path)
	if err != nil {
		return err
	}
	if c.late != nil {
		c.late.file.Close()
	}
	c.late, c.now = c.now, newSource(f)
	return c.drain(c.now)
}
