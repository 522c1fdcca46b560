package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
)

const mountPoint = "/sys/fs/cgroup"

// v1Controllers are the hierarchies in which pods get groups on cgroup v1; on
// hosts that mix versions, runtimes make groups in the unified one too.
var v1Controllers = []string{"cpu", "cpuacct", "cpuset", "memory", "pids", "blkio", "devices", "freezer", "hugetlb", "systemd", "unified"}

// v2Controllers are enabled for the groups of pods on cgroup v2.
var v2Controllers = []string{"cpuset", "cpu", "io", "memory", "hugetlb", "pids"}

// Manager makes and removes groups below a root group.
type Manager struct {
	root    string   // "/skiff-...", a path below each hierarchy
	unified bool     // cgroup v2
	mounts  []string // the hierarchies' directories, links resolved
}

// New finds the host's hierarchies. root is the group that holds all the pods.
func New(root string) *Manager { return newAt(mountPoint, root, isUnified(mountPoint)) }

func isUnified(dir string) bool {
	var st unix.Statfs_t
	return unix.Statfs(dir, &st) == nil && st.Type == unix.CGROUP2_SUPER_MAGIC
}

func newAt(mount, root string, unified bool) *Manager {
	m := &Manager{root: root, unified: unified}
	if unified {
		m.mounts = []string{mount}
		return m
	}
	seen := map[string]bool{}
	for _, c := range v1Controllers {
		dir, err := filepath.EvalSymlinks(filepath.Join(mount, c))
		if err == nil && !seen[dir] {
			seen[dir] = true
			m.mounts = append(m.mounts, dir)
		}
	}
	return m
}

// PodPath is the group of a pod, a path below each hierarchy: guaranteed pods
// are directly in the root, others in the group of their class.
func (m *Manager) PodPath(pod *corev1.Pod) string {
	name := "pod" + string(pod.UID)
	switch pod.Status.QOSClass {
	case corev1.PodQOSGuaranteed:
		return filepath.Join(m.root, name)
	case corev1.PodQOSBestEffort:
		return filepath.Join(m.root, "besteffort", name)
	}
	return filepath.Join(m.root, "burstable", name)
}

// Init makes the root group and those of the classes.
func (m *Manager) Init() error {
	for _, g := range []string{m.root, filepath.Join(m.root, "burstable"), filepath.Join(m.root, "besteffort")} {
		if err := m.create(g); err != nil {
			return err
		}
	}
	return m.setShares(filepath.Join(m.root, "besteffort"), minShares)
}

// Create makes a group with limits. It may exist already.
func (m *Manager) Create(path string, r Resources) error {
	if err := m.create(path); err != nil {
		return err
	}
	if err := m.setShares(path, r.CPUShares); err != nil {
		return err
	}
	if err := m.setQuota(path, r.CPUQuota, r.CPUPeriod); err != nil {
		return err
	}
	return m.setMemory(path, r.Memory)
}

func (m *Manager) create(path string) error {
	for _, mount := range m.mounts {
		dir := mount
		for _, part := range strings.Split(strings.Trim(path, "/"), "/") {
			if m.unified {
				enableControllers(dir)
			}
			parent := dir
			dir = filepath.Join(dir, part)
			if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("control group %s: %w", dir, err)
			}
			inheritCPUSet(parent, dir)
		}
	}
	if m.unified {
		enableControllers(filepath.Join(mountPointOf(m), path))
	}
	return nil
}

func mountPointOf(m *Manager) string { return m.mounts[0] }

// enableControllers lets children of dir have limits. Each is tried alone:
// which exist differs between kernels, and one that cannot be had is not used.
func enableControllers(dir string) {
	available, _ := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	for _, c := range v2Controllers {
		if strings.Contains(" "+strings.TrimSpace(string(available))+" ", " "+c+" ") {
			_ = os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+"+c), 0)
		}
	}
}

// inheritCPUSet copies the parent's CPUs and memory nodes: on v1 a new group
// has none and can hold no process.
func inheritCPUSet(parent, dir string) {
	for _, f := range []string{"cpuset.cpus", "cpuset.mems"} {
		own, err := os.ReadFile(filepath.Join(dir, f))
		if err != nil || strings.TrimSpace(string(own)) != "" {
			continue
		}
		if inherited, err := os.ReadFile(filepath.Join(parent, f)); err == nil {
			_ = os.WriteFile(filepath.Join(dir, f), inherited, 0)
		}
	}
}

func (m *Manager) setShares(path string, shares int64) error {
	if shares == 0 {
		return nil
	}
	if m.unified {
		return m.write(path, "cpu", "cpu.weight", strconv.FormatInt(weight(shares), 10))
	}
	return m.write(path, "cpu", "cpu.shares", strconv.FormatInt(shares, 10))
}

// weight maps shares 2..262144 to v2's weights 1..10000, as runtimes do.
func weight(shares int64) int64 { return 1 + ((shares-minShares)*9999)/(maxShares-minShares) }

func (m *Manager) setQuota(path string, quota, per int64) error {
	if quota == 0 {
		return nil
	}
	if m.unified {
		return m.write(path, "cpu", "cpu.max", fmt.Sprintf("%d %d", quota, per))
	}
	if err := m.write(path, "cpu", "cpu.cfs_period_us", strconv.FormatInt(per, 10)); err != nil {
		return err
	}
	return m.write(path, "cpu", "cpu.cfs_quota_us", strconv.FormatInt(quota, 10))
}

func (m *Manager) setMemory(path string, bytes int64) error {
	if bytes == 0 {
		return nil
	}
	file := "memory.limit_in_bytes"
	if m.unified {
		file = "memory.max"
	}
	return m.write(path, "memory", file, strconv.FormatInt(bytes, 10))
}

// write sets a value. A kernel without the controller has no such file; a pod
// then runs without that limit.
func (m *Manager) write(path, controller, file, value string) error {
	err := os.WriteFile(filepath.Join(m.dir(controller), path, file), []byte(value), 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (m *Manager) dir(controller string) string {
	if m.unified {
		return m.mounts[0]
	}
	for _, mount := range m.mounts {
		for _, name := range strings.Split(filepath.Base(mount), ",") {
			if name == controller {
				return mount
			}
		}
	}
	return filepath.Join(mountPoint, controller)
}

// Remove removes a pod's group in every class, with what is left inside.
func (m *Manager) Remove(uid string) error {
	var errs []error
	for _, class := range []string{"", "burstable", "besteffort"} {
		errs = append(errs, m.removeTree(filepath.Join(m.root, class, "pod"+uid)))
	}
	return errors.Join(errs...)
}

// Process returns a process in a pod's group or below; false if there is none.
func (m *Manager) Process(pod *corev1.Pod) (pid int, ok bool) {
	for _, mount := range m.mounts {
		group := filepath.Join(mount, m.PodPath(pod))
		below, _ := filepath.Glob(filepath.Join(group, "*", "cgroup.procs"))
		for _, file := range append(below, filepath.Join(group, "cgroup.procs")) {
			list, _ := os.ReadFile(file)
			first, _, _ := strings.Cut(string(list), "\n")
			if pid, err := strconv.Atoi(first); err == nil {
				return pid, true
			}
		}
	}
	return 0, false
}

// Pods returns the UIDs of the pods that have groups.
func (m *Manager) Pods() []string {
	seen := map[string]bool{}
	var out []string
	for _, mount := range m.mounts {
		for _, class := range []string{"", "burstable", "besteffort"} {
			dirs, _ := filepath.Glob(filepath.Join(mount, m.root, class, "pod*"))
			for _, d := range dirs {
				uid := strings.TrimPrefix(filepath.Base(d), "pod")
				if !seen[uid] {
					seen[uid] = true
					out = append(out, uid)
				}
			}
		}
	}
	return out
}

// Clean removes the root group with all in it.
func (m *Manager) Clean() error { return m.removeTree(m.root) }

// removeTree removes a group and its children, deepest first. Groups that
// still hold processes stay, and are an error.
func (m *Manager) removeTree(path string) error {
	var errs []error
	for _, mount := range m.mounts {
		errs = append(errs, removeGroup(filepath.Join(mount, path)))
	}
	return errors.Join(errs...)
}

func removeGroup(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() {
			if err := removeGroup(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	if err := unix.Rmdir(dir); err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("control group %s: %w", dir, err)
	}
	return nil
}
