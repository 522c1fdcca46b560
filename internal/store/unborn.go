package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/client/pkg/v3/fileutil"
	"go.etcd.io/etcd/server/v3/storage/wal"
	"go.etcd.io/etcd/server/v3/storage/wal/walpb"
)

// removeUnborn clears away a member whose very first start was interrupted
// before its log had committed anything. It cannot elect itself, since its log
// does not say that it is a member, and it holds nothing: a write is
// acknowledged only after that.
func removeUnborn(dir string) error {
	member := filepath.Join(dir, "member")
	if !isUnborn(filepath.Join(member, "wal")) {
		return nil
	}
	slog.Warn("the first start was interrupted before anything was stored; etcd begins anew", "dir", member)
	if err := os.RemoveAll(member); err != nil {
		return fmt.Errorf("cannot clear what an interrupted first start left: %w", err)
	}
	return nil
}

// isUnborn reads etcd's log from its beginning to the first commit, which in a
// member that ever ran is the fourth record or so. A log that is damaged is not
// unborn: there must be nothing but zeros behind what can be read.
func isUnborn(logs string) bool {
	segments, err := filepath.Glob(filepath.Join(logs, "*.wal"))
	if err != nil || len(segments) != 1 || filepath.Base(segments[0]) != fmt.Sprintf("%016x-%016x.wal", 0, 0) {
		return false
	}
	f, err := os.Open(segments[0])
	if err != nil {
		return false
	}
	defer f.Close()
	reader := wal.NewDecoder(fileutil.NewFileReader(f))
	for {
		var r walpb.Record
		switch err := reader.Decode(&r); {
		case err != nil:
			return errors.Is(err, io.EOF) && isZero(f, reader.LastOffset())
		case r.GetType() == wal.CrcType:
			reader.UpdateCRC(r.GetCrc())
		case r.GetType() == wal.StateType && wal.MustUnmarshalState(r.Data).GetCommit() > 0:
			return false
		}
	}
}

// isZero says whether a file is all zeros from an offset on.
func isZero(f *os.File, offset int64) bool {
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return false
	}
	for buf := make([]byte, 64<<10); ; {
		n, err := f.Read(buf)
		if bytes.ContainsFunc(buf[:n], func(r rune) bool { return r != 0 }) {
			return false
		}
		if err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}
