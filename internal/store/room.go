package store

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// ErrNoRoom is the refusal of a write because the disk is full, or the reason
// for which it got no answer.
var ErrNoRoom = errors.New("the disk is full")

// The embedded etcd gives up when its disk refuses a write, and takes the rest
// of this process with it. So what clients want to add is refused before that:
// first what takes room, and at last everything. What cannot be refused (the
// database follows the log a second later) finds the room that was kept.
const (
	// scarce is the room that etcd needs at once when a piece of its log is
	// full: the next piece, and a step of its database.
	scarce = walSegment + 16<<20
	// spent is when nothing is written any more.
	spent = 4 << 20
	// trifle is by how much an object may grow while room is scarce: nodes go
	// on giving signs of life, and what is to be deleted can be.
	trifle = 1 << 10
)

// takes says whether a disk with so much room takes a write that makes the
// data grow by so many bytes.
func takes(free uint64, growth int) bool {
	return free >= scarce || free >= spent && growth <= trifle
}

// room refuses a write that the disk has no room for.
func (e *embedded) room(growth int) error {
	var s unix.Statfs_t
	if err := unix.Statfs(e.dir, &s); err != nil {
		return fmt.Errorf("cannot read how full the disk of %s is: %w", e.dir, err)
	}
	if free := s.Bavail * uint64(s.Bsize); !takes(free, growth) {
		return fmt.Errorf("%w: %s has only %d MB left; make room there, and try again", ErrNoRoom, e.dir, free>>20)
	}
	return nil
}

// room is the business of the servers elsewhere.
func (e *external) room(int) error { return nil }

// noRoom says whether etcd gave up because its disk was full.
func noRoom(reason error) bool {
	return errors.Is(reason, syscall.ENOSPC) || errors.Is(reason, syscall.EDQUOT)
}
