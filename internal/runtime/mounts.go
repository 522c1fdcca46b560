package runtime

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"
)

// unmountBelow takes away every mount below dir that was made for containers,
// inner ones first. A mount in use is detached: it goes when its last user
// does.
//
// What is mounted at dir itself is not ours, nor is a disk somewhere below it
// that an administrator gave to a part of the data directory: it stays unless
// it lies in one of the directories whose content is all of containers.
func unmountBelow(dir string, containers ...string) error {
	ours := func(m *mountinfo.Info) (skip, stop bool) {
		below := func(d string) bool { return strings.HasPrefix(m.Mountpoint, d+"/") }
		disk := m.Root == "/" && strings.HasPrefix(m.Source, "/dev/")
		return !below(dir) || disk && !slices.ContainsFunc(containers, below), false
	}
	for {
		mounts, err := mountinfo.GetMounts(ours)
		if err != nil {
			return fmt.Errorf("reading the mounts below %s: %w", dir, err)
		}
		if len(mounts) == 0 {
			return nil
		}
		// The table is in the order of mounting, so a mount stands after those
		// it covers.
		slices.Reverse(mounts)
		if err := unmountAll(mounts); err != nil {
			return err
		}
	}
}

// unmountAll fails when not one of the mounts could be taken away.
func unmountAll(mounts []*mountinfo.Info) error {
	var failed []error
	for _, m := range mounts {
		path := strings.TrimSuffix(m.Mountpoint, "//deleted")
		if err := unix.Unmount(path, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil {
			failed = append(failed, fmt.Errorf("unmounting %s: %w", path, err))
		}
	}
	if len(failed) < len(mounts) {
		return nil
	}
	return errors.Join(failed...)
}
