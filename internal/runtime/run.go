package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"
)

// Run keeps containerd running until ctx ends; then it stops containerd and
// returns nil. Containers go on in either case. The caller holds a lock on
// the data directory: a containerd that is found running in it is replaced.
//
// It returns an error when containerd cannot be started at all.
func Run(ctx context.Context, cfg Config) error {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return err
	}
	if err := prepare(ctx, cfg); err != nil {
		return err
	}
	child, err := startChild(ctx, cfg)
	if err != nil {
		return errorOrDone(ctx, err)
	}
	defer func() { child.stop() }()

	images, err := dialImages(cfg)
	if err != nil {
		return err
	}
	defer images.close()
	if err := images.ensurePause(ctx); err != nil {
		return errorOrDone(ctx, fmt.Errorf("loading the pause image: %w", err))
	}
	cfg.Ready()

	archives := make(chan struct{})
	go func() {
		defer close(archives)
		images.loadDirectory(ctx, cfg.ImagesDir)
	}()
	defer func() { <-archives }()

	child = supervise(ctx, cfg, child)
	return nil
}

// errorOrDone hides errors that are only the end of ctx.
func errorOrDone(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// prepare writes what containerd will read.
func prepare(ctx context.Context, cfg Config) error {
	traits, err := readTraits()
	if err != nil {
		return err
	}
	if err := installHelpers(helpers(), cfg.path("bin")); err != nil {
		return err
	}
	if err := replaceOldChild(ctx, cfg); err != nil {
		return err
	}
	if err := forgetEarlierBoot(cfg); err != nil {
		return err
	}
	for _, dir := range []string{cfg.rootDir(), cfg.stateDir(), cfg.runcDir(), cfg.socketDir(), cfg.tempDir(), cfg.path("log"), cfg.CNIConfDir, cfg.ImagesDir} {
		if err := os.MkdirAll(dir, 0o711); err != nil {
			return err
		}
	}
	config, err := renderConfig(cfg, traits)
	if err != nil {
		return err
	}
	return replaceFile(cfg.configFile(), config, 0o644)
}

// forgetEarlierBoot removes containerd's state when the machine has been
// started anew: everything the state speaks of (mounts, shims, namespaces) is
// gone, and process ids in it may belong to others by now.
func forgetEarlierBoot(cfg Config) error {
	now, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return err
	}
	if before, err := os.ReadFile(cfg.bootFile()); err == nil && string(before) == string(now) {
		return nil
	}
	for _, dir := range []string{cfg.stateDir(), cfg.runcDir()} {
		if err := unmountBelow(dir, dir); err != nil {
			return err
		}
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(cfg.path("containerd"), 0o711); err != nil {
		return err
	}
	return replaceFile(cfg.bootFile(), now, 0o644)
}

// supervise starts a new child whenever there is none, until ctx ends. It
// returns the last one.
func supervise(ctx context.Context, cfg Config, child *child) *child {
	for delay := time.Duration(0); ; {
		started := time.Now()
		select {
		case <-ctx.Done():
			return child
		case <-child.exited:
		}
		slog.Warn("containerd ended; starting it again", "error", child.err)
		if time.Since(started) > time.Minute {
			delay = 0
		}
		for {
			if !sleep(ctx, delay) {
				return child
			}
			delay = min(max(2*delay, 100*time.Millisecond), 10*time.Second)
			next, err := startChild(ctx, cfg)
			if err == nil {
				child = next
				break
			}
			slog.Error("containerd does not start", "error", err)
		}
	}
}

// sleep waits for d and says whether ctx is still there.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// errChildEnded is why a start failed when containerd said nothing itself.
var errChildEnded = errors.New("containerd ended before it was ready")

// lastWords is the end of containerd's log, for an error message.
func lastWords(path string, from int64) error {
	f, err := os.Open(path)
	if err != nil {
		return errChildEnded
	}
	defer f.Close()
	buf := make([]byte, 4096)
	if info, err := f.Stat(); err == nil {
		from = max(from, info.Size()-int64(len(buf)))
	}
	n, _ := f.ReadAt(buf, from)
	lines := strings.Split(strings.TrimSpace(string(buf[:n])), "\n")
	if last := lines[len(lines)-1]; last != "" {
		return fmt.Errorf("%w: %s", errChildEnded, last)
	}
	return errChildEnded
}
