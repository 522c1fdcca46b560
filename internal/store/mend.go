package store

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// mend takes the embedded etcd out of the state that it enters when its
// database reaches the quota: history is dropped, the file shrunk, the alarm
// cleared. Should the objects themselves be too many, the alarm comes back
// with the next write.
func (e *embedded) mend(ctx context.Context) error {
	alarms, err := e.client.AlarmList(ctx)
	if err != nil {
		return fmt.Errorf("cannot ask etcd for its alarms: %w", err)
	}
	for _, alarm := range alarms.Alarms {
		if alarm.Alarm != etcdserverpb.AlarmType_NOSPACE {
			continue
		}
		slog.Warn("etcd's database had reached its quota; it is compacted now")
		if err := e.shrink(ctx, (*clientv3.AlarmMember)(alarm)); err != nil {
			return fmt.Errorf("etcd's database is full and cannot be compacted: %w; raise its quota", err)
		}
	}
	return nil
}

// mendEvery is how often a database that stays too large is tried again.
const mendEvery = 10 * time.Second

// overQuota mends in the background, after a write that etcd has refused:
// objects may have been deleted since, and history has aged.
func (e *embedded) overQuota() {
	e.mending.Lock()
	defer e.mending.Unlock()
	if e.closed || time.Since(e.mended) < mendEvery {
		return
	}
	e.mended = time.Now()
	e.background.Go(func() {
		ctx, release := e.untilFailure(e.ctx)
		defer release()
		if err := e.mend(ctx); err != nil && ctx.Err() == nil {
			slog.Error("etcd's database stays over its quota", "error", err)
		}
	})
}

// endMending waits for what overQuota began, and lets it begin no more.
func (e *embedded) endMending() {
	e.mending.Lock()
	e.closed = true
	e.mending.Unlock()
	e.stop()
	e.background.Wait()
}

func (e *embedded) shrink(ctx context.Context, alarm *clientv3.AlarmMember) error {
	revision, _ := e.current(ctx)
	// Compacting to where it was compacted already is no failure.
	_, compactErr := e.client.Compact(ctx, revision, clientv3.WithCompactPhysical())
	if err := e.etcd.Server.Backend().Defrag(); err != nil {
		return err
	}
	if _, err := e.client.AlarmDisarm(ctx, alarm); err != nil {
		return err
	}
	if compactErr != nil {
		slog.Info("nothing was left to compact", "reason", compactErr)
	}
	return nil
}
