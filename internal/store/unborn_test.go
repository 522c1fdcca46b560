package store

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/storage/wal"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"
)

// TestAFirstStartThatWasInterruptedBeginsAnew leaves a log as etcd makes it,
// with nothing in it yet.
func TestAFirstStartThatWasInterruptedBeginsAnew(t *testing.T) {
	dir := t.TempDir()
	logs := filepath.Join(dir, "member", "wal")
	metadata, err := proto.Marshal(&etcdserverpb.Metadata{NodeID: new(uint64(1)), ClusterID: new(uint64(2))})
	if err != nil {
		t.Fatal(err)
	}
	w, err := wal.Create(zap.NewNop(), logs, metadata)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if !isUnborn(logs) {
		t.Error("an empty log is taken for one with data")
	}
	damaged := filepath.Join(t.TempDir(), filepath.Base(segmentOf(t, logs)))
	data := must[[]byte](t)(os.ReadFile(segmentOf(t, logs)))
	data[len(data)/2] = 1
	if err := os.WriteFile(damaged, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if isUnborn(filepath.Dir(damaged)) {
		t.Error("a log with something behind its end is taken for an empty one")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	s, err := Open(ctx, Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Table(podsResource()).Create(ctx, pod("default", "web"))
	s.Close()
	if err != nil {
		t.Fatal(err)
	}
	if isUnborn(logs) {
		t.Error("a log with a pod in it is taken for an empty one")
	}
	s = must[*Store](t)(Open(ctx, Config{Dir: dir}))
	defer s.Close()
	if _, err := s.Table(podsResource()).Get(ctx, "default", "web", Latest); err != nil {
		t.Errorf("the pod is lost: %v", err)
	}
}

func segmentOf(t *testing.T, logs string) string {
	t.Helper()
	segments := must[[]string](t)(filepath.Glob(filepath.Join(logs, "*.wal")))
	if len(segments) != 1 {
		t.Fatalf("segments of the log: %v", segments)
	}
	return segments[0]
}
