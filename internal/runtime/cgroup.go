package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"
)

// nodeCgroups are the directories, in every hierarchy, of all cgroups that
// hold containers of this node: the node's own group with all below it, and
// those of containers that were started outside it.
func nodeCgroups(cfg Config) ([]string, error) {
	roots, err := hierarchies()
	if err != nil {
		return nil, err
	}
	paths := append(bundleCgroups(cfg.stateDir()), cfg.Names.Cgroup())
	var dirs []string
	for _, root := range roots {
		for _, path := range paths {
			dir := filepath.Join(root, path)
			if _, err := os.Stat(dir); err == nil && dir != root {
				dirs = append(dirs, dir)
			}
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs), nil
}

// hierarchies are the mount points of the cgroup file systems: many in
// version 1, one in version 2, both in a hybrid.
func hierarchies() ([]string, error) {
	mounts, err := mountinfo.GetMounts(mountinfo.FSTypeFilter("cgroup", "cgroup2"))
	if err != nil {
		return nil, fmt.Errorf("reading the cgroup mounts: %w", err)
	}
	var roots []string
	for _, m := range mounts {
		roots = append(roots, m.Mountpoint)
	}
	return roots, nil
}

// bundleCgroups reads the cgroups of containers from the bundles that
// containerd keeps of them.
func bundleCgroups(stateDir string) []string {
	specs, _ := filepath.Glob(filepath.Join(stateDir, "io.containerd.runtime.v2.task", "*", "*", "config.json"))
	var paths []string
	for _, path := range specs {
		data, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		var spec struct {
			Linux struct {
				CgroupsPath string `json:"cgroupsPath"`
			} `json:"linux"`
		}
		if json.Unmarshal(data, &spec) == nil && strings.HasPrefix(spec.Linux.CgroupsPath, "/") {
			paths = append(paths, spec.Linux.CgroupsPath)
		}
	}
	return paths
}

// killCgroups kills every process of the groups, and those that they start
// meanwhile, until there is none.
func killCgroups(ctx context.Context, dirs []string) error {
	deadline := time.Now().Add(stopGrace)
	for {
		pids := cgroupProcesses(dirs)
		if len(pids) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("processes %v do not end, although they were killed", pids)
		}
		var fds []int
		for _, pid := range pids {
			if fd, err := unix.PidfdOpen(pid, 0); err == nil {
				_ = signalFD(fd, unix.SIGKILL)
				fds = append(fds, fd)
			}
		}
		for _, fd := range fds {
			awaitFD(ctx, fd, time.Until(deadline))
			unix.Close(fd)
		}
	}
}

// cgroupProcesses lists the processes of the groups and of all below them.
func cgroupProcesses(dirs []string) []int {
	var pids []int
	for _, dir := range dirs {
		_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return nil // gone meanwhile, or not a group
			}
			data, _ := os.ReadFile(filepath.Join(path, "cgroup.procs"))
			for _, line := range strings.Fields(string(data)) {
				if pid, err := strconv.Atoi(line); err == nil && pid > 0 && isAlive(pid) {
					pids = append(pids, pid)
				}
			}
			return nil
		})
	}
	slices.Sort(pids)
	return slices.Compact(pids)
}

// removeCgroups removes the groups and all below them, deepest first.
func removeCgroups(ctx context.Context, dirs []string) error {
	var errs []error
	for _, dir := range dirs {
		var groups []string
		_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				groups = append(groups, path)
			}
			return nil
		})
		slices.Reverse(groups)
		for _, group := range groups {
			errs = append(errs, removeCgroup(ctx, group))
		}
	}
	return errors.Join(errs...)
}

// removeCgroup waits a little for processes that have ended but are not
// reaped yet: the kernel tells nobody when the last one is.
func removeCgroup(ctx context.Context, dir string) error {
	for range 200 {
		err := unix.Rmdir(dir)
		if err == nil || errors.Is(err, syscall.ENOENT) {
			return nil
		}
		if !errors.Is(err, syscall.EBUSY) || !sleep(ctx, 5*time.Millisecond) {
			return &os.PathError{Op: "rmdir", Path: dir, Err: err}
		}
	}
	return fmt.Errorf("the cgroup %s is still in use", dir)
}
