package reconcile

import (
	"context"
	"errors"
	"log/slog"

	"k8s.io/client-go/kubernetes"
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
		e, err := newElection(lease)
		if err != nil {
			return err
		}
		err = e.lead(ctx, run)
		if !errors.Is(err, errLost) {
			return err
		}
		slog.Warn("another process leads now", "lease", lease.Name)
	}
}
