package store

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestWhatADiskTakes(t *testing.T) {
	const mega = 1 << 20
	for _, c := range []struct {
		free   uint64
		growth int
		want   bool
	}{
		{1000 * mega, 3 * mega, true},
		{scarce, 3 * mega, true},
		{scarce - 1, 3 * mega, false},
		{scarce - 1, trifle, true},
		{scarce - 1, -50, true},
		{spent, trifle, true},
		{spent - 1, 1, false},
		{0, 0, false},
	} {
		if got := takes(c.free, c.growth); got != c.want {
			t.Errorf("a disk with %d bytes takes growth by %d: %v, want %v", c.free, c.growth, got, c.want)
		}
	}
}

// smallDisk is a file system that holds so little, empty.
func smallDisk(t *testing.T, size string) string {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("a small disk needs root: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

// fill takes all room of the disk but so much; the function gives it back.
// Meanwhile etcd may take some for its next log file: then less is left to take.
func fill(t *testing.T, disk string, leave int64) func() {
	filler := filepath.Join(disk, "filler")
	fd, err := unix.Open(filler, unix.O_CREAT|unix.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	for err = unix.ENOSPC; err == unix.ENOSPC; {
		var s unix.Statfs_t
		if err := unix.Statfs(disk, &s); err != nil {
			t.Fatal(err)
		}
		err = unix.Fallocate(fd, 0, 0, int64(s.Bavail)*s.Bsize-leave)
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() { _ = unix.Unlink(filler) }
}

func TestAFullDiskRefusesWritesUntilThereIsRoom(t *testing.T) {
	disk := smallDisk(t, "200m")
	s := openDir(t, filepath.Join(disk, "etcd"))
	pods := s.Table(podsResource())
	ctx := testContext(t)
	before := must[Item](t)(pods.Create(ctx, pod("default", "before")))
	s.member.(*embedded).etcd.Server.Backend().ForceCommit() // it would come later, and find no room

	empty := fill(t, disk, 0)
	_, err := pods.Create(ctx, pod("default", "refused"))
	if !errors.Is(err, ErrNoRoom) || !strings.Contains(err.Error(), "make room there") {
		t.Errorf("on a full disk: %v", err)
	}
	if _, err := pods.Get(ctx, "default", "before", Latest); err != nil {
		t.Errorf("reading while the disk is full: %v", err)
	}
	empty()
	if _, err := pods.Create(ctx, pod("default", "after")); err != nil {
		t.Errorf("with room again: %v", err)
	}

	empty = fill(t, disk, scarce/2)
	defer empty()
	large := pod("default", "large")
	large.Annotations = map[string]string{"a": strings.Repeat("a", 2*trifle)}
	if _, err := pods.Create(ctx, large); !errors.Is(err, ErrNoRoom) {
		t.Errorf("a large object while room is scarce: %v", err)
	}
	if _, err := pods.Update(ctx, before, pod("default", "before")); err != nil {
		t.Errorf("a sign of life while room is scarce: %v", err)
	}
}

func TestAStoreWhoseEtcdGaveUpAnswersAtOnce(t *testing.T) {
	s := openDir(t, t.TempDir())
	pods := s.Table(podsResource())
	ctx := testContext(t)
	must[Item](t)(pods.Create(ctx, pod("default", "before")))
	e := s.member.(*embedded)
	go e.failure.give(unix.ENOSPC)
	<-s.Failed()

	if _, err := pods.Create(ctx, pod("default", "refused")); !errors.Is(err, ErrNoRoom) {
		t.Errorf("a write: %v", err)
	}
	got, err := pods.Get(ctx, "default", "before", Latest)
	if err != nil || got.Name() != "before" {
		t.Errorf("a read: %v %v", got, err)
	}
	if err := s.Healthy(context.Background()); !errors.Is(err, ErrNoRoom) {
		t.Errorf("health: %v", err)
	}
	e.failure = newFailure() // so that it is closed as usual
}
