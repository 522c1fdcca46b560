package volume

import (
	"errors"
	"fmt"
	"slices"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"
)

// Mounter makes and removes mounts.
type Mounter interface {
	// Tmpfs makes dir a file system in memory; size in bytes, 0 for the
	// kernel's default. It does nothing if dir is a mount already.
	Tmpfs(dir string, size int64) error
	// Bind makes target show what the open file fd is.
	Bind(fd int, target string) error
	// UnmountBelow removes every mount at or below dir.
	UnmountBelow(dir string) error
}

// Kernel mounts for real.
type Kernel struct{}

// Tmpfs implements Mounter.
func (Kernel) Tmpfs(dir string, size int64) error {
	if mounted, err := mountinfo.Mounted(dir); err != nil || mounted {
		return err
	}
	options := ""
	if size > 0 {
		options = fmt.Sprintf("size=%d", size)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		return fmt.Errorf("mount tmpfs on %s: %w", dir, err)
	}
	return nil
}

// Bind implements Mounter.
func (Kernel) Bind(fd int, target string) error {
	if err := unix.Mount(fmt.Sprintf("/proc/self/fd/%d", fd), target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("bind mount on %s: %w", target, err)
	}
	return nil
}

// UnmountBelow implements Mounter. The newest mounts go first; one that is in
// use is detached, and vanishes with its last user.
func (Kernel) UnmountBelow(dir string) error {
	mounts, err := mountinfo.GetMounts(mountinfo.PrefixFilter(dir))
	if err != nil {
		return err
	}
	var errs []error
	for _, m := range slices.Backward(mounts) {
		if err := unix.Unmount(m.Mountpoint, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil && !errors.Is(err, unix.EINVAL) {
			errs = append(errs, fmt.Errorf("unmount %s: %w", m.Mountpoint, err))
		}
	}
	return errors.Join(errs...)
}
