package wire

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"k8s.io/klog/v2"
)

// SetLogLevel makes this process log to standard error at the level and
// above: its own code, and the Kubernetes libraries.
func SetLogLevel(level string) error {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return fmt.Errorf("--log-level %q: choose debug, info, warn or error", level)
	}
	h := slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: l})
	slog.SetDefault(slog.New(h))
	klog.SetSlogLogger(slog.New(&libraryHandler{Handler: h, repeats: newRepeats()}))
	return nil
}

// libraryHandler is where the Kubernetes libraries log. They call an error
// whatever is tried again, and tell it on every attempt of every informer: to
// an operator that is a warning, and once in a while is enough.
type libraryHandler struct {
	slog.Handler
	repeats *repeats
}

// passing are "errors" that are part of normal work.
var passing = []string{
	"Error on socket receive", // a client of exec or attach has hung up
	"error closing conn",      // likewise
}

func libraryLevel(r slog.Record) slog.Level {
	if r.Level >= slog.LevelError && !slices.Contains(passing, r.Message) {
		return slog.LevelWarn
	}
	return slog.LevelDebug
}

// Enabled lets errors through to Handle, which knows what they are worth.
func (h *libraryHandler) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelError || h.Handler.Enabled(ctx, slog.LevelDebug)
}

func (h *libraryHandler) Handle(ctx context.Context, r slog.Record) error {
	r = r.Clone()
	r.Level = libraryLevel(r)
	if !h.Handler.Enabled(ctx, r.Level) {
		return nil
	}
	if r.Level == slog.LevelWarn {
		more, tell := h.repeats.tell(r.Message, r.Time)
		if !tell {
			return nil
		}
		if more > 0 {
			r.AddAttrs(slog.Int("untold", more))
		}
	}
	return h.Handler.Handle(ctx, r)
}

func (h *libraryHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &libraryHandler{h.Handler.WithAttrs(attrs), h.repeats}
}

func (h *libraryHandler) WithGroup(name string) slog.Handler {
	return &libraryHandler{h.Handler.WithGroup(name), h.repeats}
}

// repeatAfter is how soon the same message is told again.
const repeatAfter = time.Minute

// repeats remembers which messages were told, and when. The libraries'
// messages are few and constant: what varies is in the attributes.
type repeats struct {
	mu   sync.Mutex
	told map[string]*told
}

type told struct {
	at   time.Time
	more int // came since, and were not told
}

func newRepeats() *repeats { return &repeats{told: map[string]*told{}} }

// tell says whether to tell message now, and how many like it were not told.
func (r *repeats) tell(message string, now time.Time) (more int, tell bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := r.told[message]
	if last != nil && now.Sub(last.at) < repeatAfter {
		last.more++
		return 0, false
	}
	if last != nil {
		more = last.more
	}
	r.told[message] = &told{at: now}
	return more, true
}
