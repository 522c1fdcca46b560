// Package footprint gives back memory that only a process's start needed: the
// heap's free spans, and the pages of the program itself that ran once, which
// in a binary that is many programs are most of it. It is a leaf, owns
// nothing, and never touches memory that could hold something unsaved.
package footprint

import (
	"context"
	"log/slog"
	"runtime/debug"
	"time"
)

// Release gives back now what can be had again: free heap, and clean pages of
// the program. What of it is used again costs a minor fault; nothing is read
// from disk while the kernel still has the page.
func Release() {
	debug.FreeOSMemory()
	if err := dropProgram(); err != nil {
		slog.Debug("the program's pages stay mapped", "err", err)
	}
}

// ReleaseAfter calls Release once, d from now, unless ctx ends sooner.
func ReleaseAfter(ctx context.Context, d time.Duration) {
	timer := time.AfterFunc(d, Release)
	context.AfterFunc(ctx, func() { timer.Stop() })
}
