package flowcontrol

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	applyv1 "k8s.io/client-go/applyconfigurations/flowcontrol/v1"

	"skiff/internal/apiserver/fairness"
)

// fieldManager is who upstream's API servers are when they write conditions.
const fieldManager = "api-priority-and-fairness-config-consumer-v1"

const (
	// restoreAfter is how long an object may be missing or changed. It is long
	// enough to replace one by deleting and creating it.
	restoreAfter = 10 * time.Second
	// pauseOf is how long a condition stays as it was written, so that two
	// servers that disagree do not spend their time on it.
	pauseOf               = 10 * time.Second
	firstRetry, lastRetry = time.Second, time.Minute
)

// tender writes what is to be written. One goroutine has it.
type tender struct {
	*Keeper
	now objects
	// wrote is when each condition was written, for as long as that matters.
	wrote map[string]time.Time
	// due is when to look at the conditions again, and restore when to put
	// objects back; zero: not before something changes.
	due, restore time.Time
	retry        time.Duration
}

func newTender(k *Keeper) *tender {
	return &tender{Keeper: k, wrote: map[string]time.Time{}, retry: firstRetry}
}

func (t *tender) run(ctx context.Context, configured <-chan objects) error {
	timer := time.NewTimer(0)
	timer.Stop()
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case t.now = <-configured:
			t.due = time.Now()
			if t.restore.IsZero() {
				t.restore = t.due.Add(restoreAfter)
			}
		case <-timer.C:
		}
		t.act(ctx)
		if next := t.next(); !next.IsZero() {
			timer.Reset(time.Until(next))
		}
	}
}

// next is when to act again.
func (t *tender) next() time.Time {
	if t.due.IsZero() || !t.restore.IsZero() && t.restore.Before(t.due) {
		return t.restore
	}
	return t.due
}

// act does what is due. What fails is tried again, later and later.
func (t *tender) act(ctx context.Context) {
	now, failed := time.Now(), false
	try := func(at *time.Time, what string, do func(context.Context) error) {
		if at.IsZero() || now.Before(*at) {
			return
		}
		*at = time.Time{}
		if err := do(ctx); err != nil && ctx.Err() == nil {
			failed, *at = true, now.Add(t.retry)
			slog.Warn("cannot "+what+"; trying again", "error", err)
		}
	}
	try(&t.due, "say which FlowSchemas lead nowhere", t.writeConditions)
	try(&t.restore, "put back FlowSchemas and priority levels that every cluster has", t.Restore)
	if failed {
		t.retry = min(2*t.retry, lastRetry)
	} else {
		t.retry = firstRetry
	}
}

// writeConditions says of each FlowSchema whether its level is there, where
// that is not said yet. Several writes share the disk's syncs.
func (t *tender) writeConditions(ctx context.Context) error {
	now := time.Now()
	maps.DeleteFunc(t.wrote, func(_ string, at time.Time) bool { return now.Sub(at) >= pauseOf })
	var g errgroup.Group
	g.SetLimit(16)
	var mu sync.Mutex // of wrote
	for _, fs := range t.now.schemas {
		want, known := dangling(fs, t.now.levels)
		if known {
			continue
		}
		mu.Lock()
		at, waits := t.wrote[fs.Name]
		mu.Unlock()
		if waits {
			t.lookAt(at.Add(pauseOf))
			continue
		}
		g.Go(func() error {
			if err := t.write(ctx, fs.Name, want, now); err != nil {
				return fmt.Errorf("FlowSchema %q: %w", fs.Name, err)
			}
			mu.Lock()
			defer mu.Unlock()
			t.wrote[fs.Name] = now
			return nil
		})
	}
	return g.Wait()
}

func (t *tender) lookAt(at time.Time) {
	if t.due.IsZero() || at.Before(t.due) {
		t.due = at
	}
}

func (t *tender) write(ctx context.Context, name string, c flowcontrolv1.FlowSchemaCondition, now time.Time) error {
	condition := applyv1.FlowSchemaCondition().WithType(c.Type).WithStatus(c.Status).WithReason(c.Reason).
		WithMessage(c.Message).WithLastTransitionTime(metav1.NewTime(now))
	apply := applyv1.FlowSchema(name).WithStatus(applyv1.FlowSchemaStatus().WithConditions(condition))
	_, err := t.Client.FlowSchemas().ApplyStatus(ctx, apply, metav1.ApplyOptions{FieldManager: fieldManager, Force: true})
	if apierrors.IsNotFound(err) {
		return nil // its deletion is on its way here
	}
	return err
}

// dangling is the condition that a FlowSchema should have: whether its level
// is among those given. known says that it has it already. The time of the
// transition is left open.
func dangling(fs *flowcontrolv1.FlowSchema, levels []*flowcontrolv1.PriorityLevelConfiguration) (want flowcontrolv1.FlowSchemaCondition, known bool) {
	name := fs.Spec.PriorityLevelConfiguration.Name
	want = flowcontrolv1.FlowSchemaCondition{
		Type: flowcontrolv1.FlowSchemaConditionDangling, Status: flowcontrolv1.ConditionTrue, Reason: "NotFound",
		Message: fmt.Sprintf("This FlowSchema references the PriorityLevelConfiguration object named %q but there is no such object", name),
	}
	for _, p := range levels {
		if p.Name == name && fairness.Usable(p) {
			want.Status, want.Reason = flowcontrolv1.ConditionFalse, "Found"
			want.Message = fmt.Sprintf("This FlowSchema references the PriorityLevelConfiguration object named %q and it exists", name)
		}
	}
	for _, have := range fs.Status.Conditions {
		if have.Type == want.Type {
			return want, have.Status == want.Status && have.Reason == want.Reason && have.Message == want.Message
		}
	}
	return want, false
}
