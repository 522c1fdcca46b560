package runtime

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"
)

// unmountBelow takes away every mount at or below dir, inner ones first. A
// mount in use is detached: it goes when its last user does.
func unmountBelow(dir string) error {
	for {
		mounts, err := mountinfo.GetMounts(mountinfo.PrefixFilter(dir))
		if err != nil {
			return fmt.Errorf("reading the mounts below %s: %w", dir, err)
		}
		if len(mounts) == 0 {
			return nil
		}
		// The table is in the order of mounting, so a mount stands after those
		// it covers.
		slices.Reverse(mounts)
		progress := false
		var failed []error
		for _, m := range mounts {
			path := strings.TrimSuffix(m.Mountpoint, "//deleted")
			err := unix.Unmount(path, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
			if err == nil {
				progress = true
			} else {
				failed = append(failed, fmt.Errorf("unmounting %s: %w", path, err))
			}
		}
		if !progress {
			return errors.Join(failed...)
		}
	}
}
