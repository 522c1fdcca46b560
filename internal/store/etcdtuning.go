package store

import (
	"sync"
	"time"
	_ "unsafe" // for linkname

	_ "go.etcd.io/etcd/server/v3/storage/mvcc"
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

var tuneOnce = sync.OnceFunc(func() {
	mvccWatchResyncPeriod = time.Second
	mvccChanBufLen = 4096
})
