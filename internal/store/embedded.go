package store

import (
	"context"
	"errors"
	"expvar"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3rpc"
	"go.etcd.io/etcd/server/v3/proxy/grpcproxy/adapter"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"golang.org/x/sys/unix"
)

// embedded is an etcd member in this process. It listens on nothing: the only
// way to its data is the client made here.
type embedded struct {
	dir     string
	etcd    *embed.Etcd
	client  *clientv3.Client
	lock    *os.File
	failure *failure

	ctx        context.Context // ends with close
	stop       context.CancelFunc
	background sync.WaitGroup
	mending    sync.Mutex // holds what follows
	mended     time.Time
	closed     bool
}

// starting is held while a member starts: etcd publishes the state of the one
// that was started last.
var starting sync.Mutex

// A member without peers needs its clock only for leases, so it ticks slowly
// and its first election is called by hand.
const (
	tickMs     = 1000
	electionMs = 5 * tickMs
)

func embeddedConfig(c Config, f *failure) *embed.Config {
	e := embed.NewConfig()
	e.Name = "skiff"
	e.Dir = c.Dir
	// The peer address is only a name in the member list: nobody listens.
	name := url.URL{Scheme: "http", Host: "127.0.0.1:2380"}
	e.ListenPeerUrls, e.ListenClientUrls = nil, nil
	e.AdvertisePeerUrls = []url.URL{name}
	e.AdvertiseClientUrls = []url.URL{{Scheme: "http", Host: "127.0.0.1:2379"}}
	e.InitialCluster = e.Name + "=" + name.String()
	e.InitialClusterToken = "skiff"
	e.TickMs, e.ElectionMs = tickMs, electionMs
	e.InitialElectionTickAdvance = false

	// Acknowledged writes are in the log on disk; the database may follow
	// at leisure, and so costs an idle cluster fewer writes and wake-ups.
	e.BackendBatchInterval = time.Second
	// The log since the last snapshot is held in memory; a snapshot of the
	// lone member is a file of a few KB.
	e.SnapshotCount = 1000
	e.SnapshotCatchUpEntries = 100
	e.QuotaBackendBytes = c.QuotaBytes
	e.AutoCompactionMode = embed.CompactorModePeriodic
	e.AutoCompactionRetention = c.History.String()
	e.MaxRequestBytes = 3 << 20
	e.ZapLoggerBuilder = embed.NewZapLoggerBuilder(etcdLogger(f))
	return e
}

// startEmbedded starts etcd and returns when it can take writes.
func startEmbedded(ctx context.Context, c Config) (_ *embedded, err error) {
	if c.Dir == "" {
		return nil, errors.New("no data directory is given for the embedded etcd")
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the data directory %s: %w", c.Dir, err)
	}
	if err := os.Chmod(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the data directory %s private: %w", c.Dir, err)
	}
	e := &embedded{dir: c.Dir, failure: newFailure()}
	e.ctx, e.stop = context.WithCancel(context.Background())
	if e.lock, err = lockDir(c.Dir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			e.close()
		}
	}()
	if err := removeUnborn(c.Dir); err != nil {
		return nil, err
	}
	starting.Lock()
	defer starting.Unlock()
	if err := e.start(c); err != nil {
		return nil, fmt.Errorf("etcd cannot start from %s: %w; if the disk is full, make room; if the data is damaged, restore a snapshot into an empty directory", c.Dir, err)
	}
	if err := e.elect(ctx); err != nil {
		return nil, err
	}
	e.client = v3client.New(e.etcd.Server)
	return e, e.mend(ctx)
}

// kv is the way to the member that the client takes, too.
func (e *embedded) kv() pb.KVClient {
	return adapter.KvServerToKvClient(v3rpc.NewQuotaKVServer(e.etcd.Server))
}

// start returns early when etcd gives up; its goroutines are then left as they
// are, for the process to end.
func (e *embedded) start(c Config) error {
	tuneOnce()
	result := make(chan error, 1)
	go func() {
		etcd, err := embed.StartEtcd(embeddedConfig(c, e.failure))
		if err == nil {
			e.etcd = etcd
		}
		result <- err
	}()
	select {
	case err := <-result:
		return err
	case <-e.failure.done:
		return e.failure.reason
	}
}

// elect makes the lone member leader now, and not after an election timeout:
// a peer's word that it should is all it takes, and there is no other peer.
func (e *embedded) elect(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	server := e.etcd.Server
	retry := time.NewTicker(2 * time.Millisecond)
	defer retry.Stop()
	for {
		if err := e.campaign(ctx); err != nil {
			return fmt.Errorf("etcd cannot start: %w", err)
		}
		select {
		case <-server.ReadyNotify():
			return nil
		case <-e.failure.done:
			return fmt.Errorf("etcd stopped while starting: %w", e.failure.reason)
		case <-server.StopNotify():
			return errors.New("etcd stopped while starting")
		case <-ctx.Done():
			return fmt.Errorf("etcd did not start in time: %w", ctx.Err())
		case <-retry.C:
		}
	}
}

// campaign says so, when the time has come and it is still to be said. A raft
// that has failed answers nothing, so nobody waits for it alone.
func (e *embedded) campaign(ctx context.Context) error {
	done := make(chan error, 1)
	go func() {
		server := e.etcd.Server
		if server.Leader() != 0 || !replayed() {
			done <- nil
			return
		}
		id := uint64(server.MemberID())
		done <- server.Process(ctx, &raftpb.Message{Type: raftpb.MsgTimeoutNow.Enum(), To: &id, From: &id})
	}()
	select {
	case err := <-done:
		return err
	case <-e.failure.done:
		return e.failure.reason
	}
}

// replayed says whether raft has been told that all it had committed before
// is applied. An election any sooner would have it look for what is not,
// in a log that etcd may be shortening.
func replayed() bool {
	published, ok := expvar.Get("raft.status").(expvar.Func)
	if !ok {
		return false // the election comes by itself, after its timeout
	}
	status, ok := published.Value().(raft.Status)
	return ok && status.GetCommit() > 0 && status.Applied == status.GetCommit()
}

// current is the present revision. The lone member has applied every write
// that it acknowledged, so it need not ask anyone.
func (e *embedded) current(context.Context) (int64, error) {
	return e.etcd.Server.KV().Rev(), nil
}

// failed is closed when etcd has given up; the error then says why.
func (e *embedded) failed() (<-chan struct{}, error) {
	select {
	case <-e.failure.done:
		return e.failure.done, e.failure.reason
	default:
		return e.failure.done, nil
	}
}

// untilFailure ends with ctx, and when etcd gives up: it answers nothing that
// it was asked before.
func (e *embedded) untilFailure(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(e.failure.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

// close stops etcd. One that has failed no longer listens.
func (e *embedded) close() {
	e.endMending()
	select {
	case <-e.failure.done:
	default:
		if e.client != nil {
			e.client.Close()
		}
		if e.etcd != nil {
			e.etcd.Close()
		}
	}
	if e.lock != nil {
		e.lock.Close()
	}
}

// lockDir keeps a second process out of the directory; etcd itself would
// wait for the lock for ever.
func lockDir(dir string) (*os.File, error) {
	name := filepath.Join(dir, "lock")
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot lock the data directory: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("the data directory %s is in use by another process: stop that one, or choose another directory", dir)
	}
	return f, nil
}
