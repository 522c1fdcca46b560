package store

import (
	"sync"
	"time"
	_ "unsafe" // for linkname

	_ "go.etcd.io/etcd/server/v3/storage/mvcc"
	"go.etcd.io/etcd/server/v3/storage/wal"
)

// Two variables of etcd's mvcc package that it offers no option for (they are
// variables for the sake of its own tests). They are set before any server
// starts and concern the embedded etcd alone.

// mvccWatchResyncPeriod is how often etcd looks for watchers that have fallen
// behind. Looking ten times a second for one watcher, which never does, would
// be most of what an idle cluster costs.
//
//go:linkname mvccWatchResyncPeriod go.etcd.io/etcd/server/v3/storage/mvcc.watchResyncPeriod
var mvccWatchResyncPeriod time.Duration

// mvccChanBufLen is how many events may wait for the follower before etcd
// counts it as behind.
//
//go:linkname mvccChanBufLen go.etcd.io/etcd/server/v3/storage/mvcc.chanBufLen
var mvccChanBufLen int

// walSegment is the size of a piece of etcd's log. Two are on the disk from the
// start, whether they are written or not, and up to five old ones: a quarter of
// etcd's own size suits small disks and still holds thousands of writes.
const walSegment = 16 << 20

var tuneOnce = sync.OnceFunc(func() {
	mvccWatchResyncPeriod = time.Second
	mvccChanBufLen = 4096
	wal.SegmentSizeBytes = walSegment
})
