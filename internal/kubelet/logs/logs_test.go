package logs

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/kubelet/lifecycle"
)

const sample = `2026-01-01T00:00:01.5Z stdout F one
2026-01-01T00:00:02Z stderr F two
2026-01-01T00:00:03Z stdout P thr
2026-01-01T00:00:03Z stdout F ee
garbage
2026-01-01T00:00:04Z stdout F 
2026-01-01T00:00:05Z stdout F five
2026-01-01T00:00:06Z stdout F incompl`

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "0.log")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func ptr[T any](v T) *T { return &v }

func TestRead(t *testing.T) {
	path := write(t, sample)
	at := metav1.NewTime(time.Date(2026, 1, 1, 0, 0, 4, 0, time.UTC))
	for _, c := range []struct {
		name    string
		options corev1.PodLogOptions
		want    string
	}{
		{"all", corev1.PodLogOptions{}, "one\ntwo\nthree\n\nfive\n"},
		{"timestamps", corev1.PodLogOptions{Timestamps: true, TailLines: ptr(int64(3))},
			"2026-01-01T00:00:04Z \n2026-01-01T00:00:05Z five\n"},
		{"timestamps of a long line", corev1.PodLogOptions{Timestamps: true, LimitBytes: ptr(int64(96))},
			"2026-01-01T00:00:01.5Z one\n2026-01-01T00:00:02Z two\n2026-01-01T00:00:03Z three\n2026-01-01T00:00:"},
		{"tail", corev1.PodLogOptions{TailLines: ptr(int64(2))}, "five\n"},
		{"tail of more than there is", corev1.PodLogOptions{TailLines: ptr(int64(100))}, "one\ntwo\nthree\n\nfive\n"},
		{"tail of nothing", corev1.PodLogOptions{TailLines: ptr(int64(0))}, ""},
		{"since", corev1.PodLogOptions{SinceTime: &at}, "\nfive\n"},
		{"limit", corev1.PodLogOptions{LimitBytes: ptr(int64(6))}, "one\ntw"},
		{"one stream", corev1.PodLogOptions{Stream: ptr(corev1.LogStreamStderr)}, "two\n"},
	} {
		var out bytes.Buffer
		if err := (Reader{Path: path, Options: c.options}).Copy(context.Background(), &out, func() {}); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := out.String(); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

func TestTailOverBlocks(t *testing.T) {
	var b strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&b, "2026-01-01T00:00:01Z stdout F line %d\n", i)
	}
	path := write(t, b.String())
	var out bytes.Buffer
	if err := (Reader{Path: path, Options: corev1.PodLogOptions{TailLines: ptr(int64(1500))}}).Copy(context.Background(), &out, func() {}); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(out.String(), "\n"); len(lines) != 1501 || lines[0] != "line 1500" {
		t.Errorf("%d lines, the first %q", len(lines)-1, lines[0])
	}
	if got := Tail(path, 2, 6); got != " 2999\n" {
		t.Errorf("Tail = %q", got)
	}
}

// following is a follower whose output can be awaited.
type following struct {
	path  string
	ended atomic.Bool
	lines chan string
	done  chan error
}

func follow(t *testing.T, path string) *following {
	t.Helper()
	f := &following{path: path, lines: make(chan string, 100), done: make(chan error, 1)}
	r, w := io.Pipe()
	reader := Reader{Path: path, Options: corev1.PodLogOptions{Follow: true}, Ended: func(context.Context) (bool, error) { return f.ended.Load(), nil }}
	go func() {
		err := reader.Copy(t.Context(), w, func() {})
		w.Close()
		f.done <- err
	}()
	go func() {
		buf := make([]byte, 1024)
		for {
			n, err := r.Read(buf)
			if err != nil {
				return
			}
			f.lines <- string(buf[:n])
		}
	}()
	return f
}

func (f *following) expect(t *testing.T, want string) {
	t.Helper()
	select {
	case got := <-f.lines:
		if got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("%q did not come", want)
	}
}

// expectAll awaits text that may come in several pieces.
func (f *following) expectAll(t *testing.T, want string) {
	t.Helper()
	for got := ""; got != want; {
		select {
		case more := <-f.lines:
			if got += more; !strings.HasPrefix(want, got) {
				t.Fatalf("got %q, want %q", got, want)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("got %q, want %q", got, want)
		}
	}
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func TestFollowsAcrossRotation(t *testing.T) {
	path := write(t, "2026-01-01T00:00:01Z stdout F one\n")
	f := follow(t, path)
	f.expect(t, "one\n")
	appendTo(t, path, "2026-01-01T00:00:02Z stdout F tw")
	appendTo(t, path, "o\n")
	f.expect(t, "two\n")
	if err := os.Rename(path, path+".20260101-000000"); err != nil {
		t.Fatal(err)
	}
	appendTo(t, path, "2026-01-01T00:00:03Z stdout F three\n")
	f.expect(t, "three\n")
	appendTo(t, path, "2026-01-01T00:00:04Z stdout F last\n")
	f.ended.Store(true)
	f.expect(t, "last\n")
	if err := <-f.done; err != nil {
		t.Error(err)
	}
}

func TestRotates(t *testing.T) {
	path := write(t, strings.Repeat("x", 100))
	for _, old := range []string{".20250101-000000", ".20250102-000000"} {
		appendTo(t, path+old, "old")
	}
	reopened := ""
	k := NewKeeper(Config{MaxSize: 100, MaxFiles: 3, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Reopen: func(_ context.Context, id string) error {
			reopened = id
			return os.WriteFile(path, nil, 0o644)
		}})
	k.Watch("u", lifecycle.Observed{Containers: []lifecycle.Container{{ID: "id", State: lifecycle.Running, LogPath: path}, {ID: "dead", State: lifecycle.Exited, LogPath: "/none"}}})
	if !k.rotateAll(context.Background()) || reopened != "id" {
		t.Fatalf("reopened %q", reopened)
	}
	got := rotated(path)
	if len(got) != 2 || got[0] != path+".20250102-000000.gz" || strings.HasSuffix(got[1], ".gz") {
		t.Errorf("rotated files: %v", got)
	}
	if text := unzip(t, got[0]); text != "old" {
		t.Errorf("the compressed log holds %q", text)
	}
	reopened = ""
	k.rotateAll(context.Background())
	if reopened != "" {
		t.Error("a short log was rotated")
	}
	k.Forget("u")
	if k.rotateAll(context.Background()) {
		t.Error("still busy although nothing runs")
	}
	k.Remove(path)
	if left, _ := filepath.Glob(path + "*"); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func unzip(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What a compression left that was cut short is neither rotated nor kept.
func TestUnfinishedCompression(t *testing.T) {
	path := write(t, "x")
	appendTo(t, path+".20250101-000000.tmp", "half")
	if got := rotated(path); len(got) != 0 {
		t.Errorf("rotated files: %v", got)
	}
	NewKeeper(Config{}).Remove(path)
	if left, _ := filepath.Glob(path + "*"); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestFailedReopenKeepsTheLog(t *testing.T) {
	path := write(t, strings.Repeat("x", 100))
	k := NewKeeper(Config{MaxFiles: 3, Reopen: func(context.Context, string) error { return os.ErrPermission }})
	if err := k.rotate(context.Background(), "id", path); err == nil {
		t.Error("no error")
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}
