package runtime

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"
)

func TestUnmountBelowLeavesWhatIsMountedThere(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("mounts need root")
	}
	dir := t.TempDir()
	mount := func(path string) string {
		t.Helper()
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := unix.Mount("skiff-test", path, "tmpfs", 0, "size=64k"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Unmount(path, unix.MNT_DETACH) })
		return path
	}
	data := mount(filepath.Join(dir, "data"))
	neighbour := mount(filepath.Join(dir, "data-of-another"))
	mount(filepath.Join(data, "containerd", "state"))
	mount(filepath.Join(data, "containerd", "state", "inner"))
	mount(filepath.Join(data, "pods", "volume"))
	mount(filepath.Join(data, "pods", "volume")) // one over the other

	if err := unmountBelow(data, filepath.Join(data, "pods")); err != nil {
		t.Fatal(err)
	}
	left, err := mountinfo.GetMounts(mountinfo.PrefixFilter(dir))
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, m := range left {
		paths = append(paths, m.Mountpoint)
	}
	if want := []string{data, neighbour}; !slices.Equal(paths, want) {
		t.Errorf("still mounted: %v, want %v", paths, want)
	}
}
