package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// etcdLogger passes etcd's warnings and errors on to slog. What etcd would
// end the process for goes to f.
func etcdLogger(f *failure) *zap.Logger {
	return zap.New(slogCore{}, zap.WithFatalHook(f), zap.WithPanicHook(f))
}

// failure is the reason for which the embedded etcd gave up: damaged data, a
// disk that takes no more writes. It cannot go on in this process.
type failure struct {
	once   sync.Once
	done   chan struct{} // closed with a reason
	reason error
	ctx    context.Context // ends when done closes
	stop   context.CancelFunc
}

func newFailure() *failure {
	f := &failure{done: make(chan struct{})}
	f.ctx, f.stop = context.WithCancel(context.Background())
	return f
}

// OnWrite is called by etcd's logger instead of ending the process. It never
// returns, so that etcd does nothing more: any of its goroutines may be the
// caller, and unwinding one would run code that expects a sane state.
func (f *failure) OnWrite(e *zapcore.CheckedEntry, fields []zapcore.Field) {
	reason := errors.New(e.Message)
	for _, field := range fields {
		if err, ok := field.Interface.(error); ok {
			reason = fmt.Errorf("%s: %w", e.Message, err)
		}
	}
	f.give(reason)
	select {}
}

// give notes the first reason, and ends what waits for etcd.
func (f *failure) give(reason error) {
	f.once.Do(func() {
		f.reason = reason
		close(f.done)
		f.stop()
	})
}

// expected are warnings that say nothing about a lone, unreachable member, or
// about its first second.
var expected = []string{
	"Running http and grpc server on single port",  // it serves neither
	"simple token is not cryptographically signed", // nobody can ask for one
	"Failed to detect schema version",              // nothing is written yet
	"failed to update storage version",             // tried again by etcd
	"retrying of unary invoker failed",             // the caller hears of it
	"Failed to detect storage schema version",      // likewise, after a restart
}

func isExpected(message string) bool {
	return slices.ContainsFunc(expected, func(part string) bool { return strings.Contains(message, part) })
}

type slogCore struct{ attrs []any }

func (slogCore) Enabled(l zapcore.Level) bool { return l >= zapcore.WarnLevel }
func (slogCore) Sync() error                  { return nil }

func (c slogCore) With(fields []zapcore.Field) zapcore.Core {
	return slogCore{attrs: append(c.attrs[:len(c.attrs):len(c.attrs)], slogAttrs(fields)...)}
}

func (c slogCore) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) && !isExpected(e.Message) {
		return ce.AddCore(e, c)
	}
	return ce
}

func (c slogCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	level := slog.LevelWarn
	if e.Level > zapcore.WarnLevel {
		level = slog.LevelError
	}
	attrs := append(slogAttrs(fields), c.attrs...)
	slog.Log(context.Background(), level, "etcd: "+e.Message, attrs...)
	return nil
}

func slogAttrs(fields []zapcore.Field) []any {
	enc := zapcore.NewMapObjectEncoder()
	for _, f := range fields {
		f.AddTo(enc)
	}
	attrs := make([]any, 0, 2*len(enc.Fields))
	for k, v := range enc.Fields {
		attrs = append(attrs, k, v)
	}
	return attrs
}
