package volume

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
	"k8s.io/apimachinery/pkg/types"
)

// SubPath returns a path on the node at which a part of a volume can be
// mounted into a container; it is made if it is not there. The part is held by
// a mount of our own: whatever a container does to links in the volume
// meanwhile, nothing outside the volume can be reached.
func (m *Manager) SubPath(uid types.UID, volume, volumePath, container string, index int, subPath string) (string, error) {
	if !filepath.IsLocal(subPath) {
		return "", fmt.Errorf("subPath %q leads out of volume %q", subPath, volume)
	}
	fd, err := openBelow(volumePath, subPath)
	if err != nil {
		return "", fmt.Errorf("failed to prepare subPath %q of volume %q: %w", subPath, volume, err)
	}
	defer unix.Close(fd)
	target := filepath.Join(m.podDir(uid), "volume-subpaths", volume, container, strconv.Itoa(index))
	if err := m.Mounter.UnmountBelow(target); err != nil {
		return "", err
	}
	if err := makeTarget(fd, target); err != nil {
		return "", err
	}
	return target, m.Mounter.Bind(fd, target)
}

// openBelow opens a path below root, which links cannot leave, and makes the
// directories that are missing.
func openBelow(root, path string) (int, error) {
	dir, err := unix.Open(root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	defer unix.Close(dir)
	fd, err := openIn(dir, path)
	if !errors.Is(err, unix.ENOENT) {
		return fd, err
	}
	done := "."
	for _, part := range strings.Split(filepath.Clean(path), "/") {
		parent, err := openIn(dir, done)
		if err != nil {
			return -1, err
		}
		err = unix.Mkdirat(parent, part, 0o750)
		unix.Close(parent)
		if err != nil && !errors.Is(err, unix.EEXIST) {
			return -1, err
		}
		done = filepath.Join(done, part)
	}
	return openIn(dir, path)
}

func openIn(root int, path string) (int, error) {
	return unix.Openat2(root, path, &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS})
}

// makeTarget makes a directory or a file to mount on, as what is mounted is.
func makeTarget(fd int, target string) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if err := os.Remove(target); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		return os.MkdirAll(target, 0o750)
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o750); err != nil {
		return err
	}
	return os.WriteFile(target, nil, 0o640)
}
