package store

import (
	"testing"

	"go.etcd.io/etcd/server/v3/storage/mvcc"
)

// A new etcd may rename the variables, and the linker would not say so.
func TestTuningReachesEtcd(t *testing.T) {
	tuneOnce()
	if mvcc.ChanBufLen() != mvccChanBufLen || mvccWatchResyncPeriod == 0 {
		t.Errorf("etcd's buffer is %d, not %d", mvcc.ChanBufLen(), mvccChanBufLen)
	}
}
