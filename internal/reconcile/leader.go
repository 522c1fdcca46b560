package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// Lease names the lock that the replicas of one component share: a Lease in
// kube-system, as Kubernetes' own components use it.
type Lease struct {
	// Elect is false for a component that has no replicas. It then leads at
	// once and writes nothing: renewing a lease is most of what an idle
	// cluster would write.
	Elect bool
	Kube  kubernetes.Interface
	Name  string // "kube-scheduler"
}

// Kubernetes' own timing.
const (
	leaseDuration = 15 * time.Second
	renewDeadline = 10 * time.Second
	retryPeriod   = 2 * time.Second
)

// errLost says that another replica leads now.
var errLost = errors.New("leadership lost")

// Lead calls run while this process leads, and returns what it returns. The
// context of run ends when the lease is lost; what run had learnt may then be
// stale, so it is called anew, from nothing, when this process leads again. A
// slow or absent API server thus costs time, never the process.
func Lead(ctx context.Context, lease Lease, run func(context.Context) error) error {
	if !lease.Elect {
		return run(ctx)
	}
	for {
		err := leadOnce(ctx, lease, run)
		if !errors.Is(err, errLost) {
			return err
		}
		slog.Warn("another process leads now", "lease", lease.Name)
	}
}

func leadOnce(ctx context.Context, lease Lease, run func(context.Context) error) error {
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("leader election of %s: %w", lease.Name, err)
	}
	lock := &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Namespace: metav1.NamespaceSystem, Name: lease.Name},
		Client:     lease.Kube.CoordinationV1(),
		LockConfig: resourcelock.ResourceLockConfig{Identity: host + "_" + string(uuid.NewUUID())},
	}
	electing, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	done := make(chan error, 1)
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: lock, Name: lease.Name, ReleaseOnCancel: true,
		LeaseDuration: leaseDuration, RenewDeadline: renewDeadline, RetryPeriod: retryPeriod,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(leading context.Context) {
				leading, cancel := context.WithCancel(leading)
				defer cancel()
				defer context.AfterFunc(ctx, cancel)()
				done <- run(leading)
				stop() // the lease is given up only when the work is over
			},
			OnStoppedLeading: func() {},
		},
	})
	if err != nil {
		return fmt.Errorf("leader election of %s: %w", lease.Name, err)
	}
	defer context.AfterFunc(ctx, func() {
		if !elector.IsLeader() {
			stop()
		}
	})()
	elector.Run(electing)
	return outcome(ctx, done)
}

// outcome waits for the work that was started, if it was.
func outcome(ctx context.Context, done <-chan error) error {
	if ctx.Err() != nil {
		select {
		case err := <-done:
			return err
		default:
			return ctx.Err()
		}
	}
	err := <-done
	if err == nil || errors.Is(err, context.Canceled) {
		return errLost
	}
	return err
}
