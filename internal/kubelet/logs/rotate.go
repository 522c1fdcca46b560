package logs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"skiff/internal/kubelet/lifecycle"
)

// sweep is how often the sizes of logs are looked at: one stat a container.
const sweep = 10 * time.Second

// Config is what a Keeper needs.
type Config struct {
	Dir      string // of all pods' logs
	MaxSize  int64  // bytes of one file
	MaxFiles int    // of one container's run, the current one included
	Reopen   func(ctx context.Context, containerID string) error
	Log      *slog.Logger
}

// Keeper rotates the logs of running containers.
type Keeper struct {
	Config
	mu   sync.Mutex
	pods map[types.UID]map[string]string // container ID to log
	busy chan struct{}                   // has an element once something runs
}

// NewKeeper returns a Keeper; Run makes it work.
func NewKeeper(cfg Config) *Keeper {
	return &Keeper{Config: cfg, pods: map[types.UID]map[string]string{}, busy: make(chan struct{}, 1)}
}

// Watch keeps the logs of a pod's running containers, and no longer those of
// its others.
func (k *Keeper) Watch(uid types.UID, seen lifecycle.Observed) {
	running := map[string]string{}
	for _, c := range seen.Containers {
		if c.State == lifecycle.Running && c.LogPath != "" {
			running[c.ID] = c.LogPath
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(running) == 0 {
		delete(k.pods, uid)
		return
	}
	k.pods[uid] = running
	select {
	case k.busy <- struct{}{}:
	default:
	}
}

// Forget stops keeping a pod's logs.
func (k *Keeper) Forget(uid types.UID) { k.Watch(uid, lifecycle.Observed{}) }

// Remove removes a log with its rotated files.
func (k *Keeper) Remove(path string) {
	all, _ := filepath.Glob(path + ".*")
	for _, f := range append(all, path) {
		if err := os.Remove(f); err != nil && !errors.Is(err, fs.ErrNotExist) {
			k.Log.Warn("a log is left", "file", f, "err", err)
		}
	}
}

// Run rotates until ctx ends. It sleeps while no container runs.
func (k *Keeper) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.busy:
		}
		for k.rotateAll(ctx) {
			select {
			case <-ctx.Done():
				return
			case <-time.After(sweep):
			}
		}
	}
}

// rotateAll rotates what is too long; false if nothing runs.
func (k *Keeper) rotateAll(ctx context.Context) bool {
	k.mu.Lock()
	all := map[string]string{}
	for _, logs := range k.pods {
		for id, path := range logs {
			all[id] = path
		}
	}
	k.mu.Unlock()
	for id, path := range all {
		if info, err := os.Stat(path); err != nil || info.Size() < k.MaxSize {
			continue
		}
		if err := k.rotate(ctx, id, path); err != nil && ctx.Err() == nil {
			k.Log.Warn("a container's log could not be rotated", "file", path, "err", err)
		}
	}
	return len(all) > 0
}

// rotate moves a log away and has the runtime begin a new one. Of the files
// that were moved away before, the excess ones go and the others are
// compressed: the newest never is, as somebody may be reading it still.
func (k *Keeper) rotate(ctx context.Context, id, path string) error {
	old := rotated(path)
	for len(old) > max(k.MaxFiles-2, 0) {
		if err := os.Remove(old[0]); err != nil {
			return err
		}
		old = old[1:]
	}
	for _, file := range old {
		if err := compress(file); err != nil {
			return err
		}
	}
	away := fmt.Sprintf("%s.%s", path, time.Now().UTC().Format("20060102-150405"))
	if err := os.Rename(path, away); err != nil {
		return err
	}
	if err := k.Reopen(ctx, id); err != nil {
		return errors.Join(err, os.Rename(away, path)) // the runtime still writes to it
	}
	return nil
}

// rotated are the files that were moved away from path, oldest first. What a
// compression that was cut short left is none of them.
func rotated(path string) []string {
	all, _ := filepath.Glob(path + ".*")
	var out []string
	for _, f := range all {
		if !strings.HasSuffix(f, unfinished) {
			out = append(out, f)
		}
	}
	sort.Strings(out)
	return out
}
