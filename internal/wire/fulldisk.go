package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"syscall"
	"time"

	"skiff/internal/store"
)

// watchStore acts when etcd has given up. What is stored is safe, but only a
// new program can go on with it. For want of room on the disk that is this
// process, started over once there is some; until then it answers reads, and
// refuses writes. For any other reason the process ends.
func (p *controlPlane) watchStore(ctx context.Context) error {
	select {
	case <-p.store.Failed():
	case <-ctx.Done():
		return nil
	}
	err := p.store.Err()
	if !errors.Is(err, store.ErrNoRoom) {
		return err
	}
	slog.Error("nothing can be written", "data", p.DataDir, "error", err)
	if !awaitRoom(ctx, p.DataDir) {
		return nil
	}
	slog.Info("there is room on the disk again: starting over", "data", p.DataDir)
	return replaceProgram()
}

// roomCheck is how often a full disk is looked at: no event tells of room.
const roomCheck = time.Second

// awaitRoom waits until there is enough room in dir to start, and says whether
// it came before ctx ended.
func awaitRoom(ctx context.Context, dir string) bool {
	again := time.NewTicker(roomCheck)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-again.C:
			if checkRoom(dir) == nil {
				return true
			}
		}
	}
}

// replaceProgram starts this program over in this process, as kill and a start
// would: under the same process ID, so that nobody who watches over it sees an
// end. It returns only if that fails.
func replaceProgram() error {
	env := os.Environ()
	if notifySocket != "" {
		env = append(env, "NOTIFY_SOCKET="+notifySocket)
	}
	return fmt.Errorf("cannot start over: %w", syscall.Exec("/proc/self/exe", os.Args, env))
}
