package store

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// etcdLogger passes etcd's warnings and errors on to slog. What etcd would
// end the process for becomes a panic that Open can catch.
func etcdLogger() *zap.Logger {
	return zap.New(slogCore{}, zap.WithFatalHook(panicHook{}), zap.WithPanicHook(panicHook{}))
}

// etcdPanic is what etcd gave as its reason to give up.
type etcdPanic struct{ reason string }

type panicHook struct{}

func (panicHook) OnWrite(e *zapcore.CheckedEntry, fields []zapcore.Field) {
	p := etcdPanic{reason: e.Message}
	for _, f := range fields {
		if err, ok := f.Interface.(error); ok {
			p.reason = fmt.Sprintf("%s: %v", e.Message, err)
		}
	}
	panic(p)
}

// expected are warnings that say nothing about a lone, unreachable member, or
// about its first second.
var expected = []string{
	"Running http and grpc server on single port",  // it serves neither
	"simple token is not cryptographically signed", // nobody can ask for one
	"Failed to detect schema version",              // nothing is written yet
	"failed to update storage version",             // tried again by etcd
	"cannot campaign at term",                      // tried again by elect
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
