package runtime

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Clean ends every container of the node, the shims and containerd, takes
// away what is mounted below the data directory, and removes the node's
// cgroups. Images stay, and so does containerd's knowledge of the containers:
// to the next start it looks as if the machine had been off.
//
// It needs no running containerd, and may be called again.
func Clean(cfg Config) error {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return err
	}
	ctx := context.Background()
	groups, err := nodeCgroups(cfg)
	if err != nil {
		return err
	}
	return errors.Join(
		endAll(ctx, func(pid int) bool { return isContainerd(cfg, pid) }, stopGrace),
		killCgroups(ctx, groups),
		endAll(ctx, func(pid int) bool { return executable(pid) == cfg.path("bin", shimName) }, 0),
		unmountBelow(cfg.DataDir, cfg.stateDir(), cfg.path("pods")),
		removeCgroups(ctx, groups),
		os.RemoveAll(cfg.stateDir()),
		os.RemoveAll(cfg.runcDir()),
		os.RemoveAll(cfg.tempDir()),
		removeIfExists(cfg.pidFile()),
		removeSockets(cfg),
	)
}

// endAll ends the processes that ours holds for.
func endAll(ctx context.Context, ours func(pid int) bool, grace time.Duration) error {
	pids, err := processes()
	if err != nil {
		return err
	}
	var errs []error
	for _, pid := range pids {
		if ours(pid) {
			errs = append(errs, endProcess(ctx, pid, grace))
		}
	}
	return errors.Join(errs...)
}

// removeSockets removes what the runtime listens on. Other components' sockets
// in DataDir/run are theirs.
func removeSockets(cfg Config) error {
	err := errors.Join(
		removeIfExists(cfg.socket()),
		removeIfExists(cfg.socket()+".ttrpc"),
		os.RemoveAll(filepath.Join(cfg.socketDir(), "s")),
	)
	for _, dir := range []string{cfg.path("run"), filepath.Join("/run/skiff", cfg.Names.ID()), "/run/skiff"} {
		if e := unix.Rmdir(dir); e != nil && !errors.Is(e, syscall.ENOENT) && !errors.Is(e, syscall.ENOTEMPTY) && !errors.Is(e, syscall.EEXIST) {
			err = errors.Join(err, &os.PathError{Op: "rmdir", Path: dir, Err: e})
		}
	}
	return err
}

func removeIfExists(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
