package wire

import (
	"context"
	"errors"
	"sync/atomic"

	"skiff/internal/apiserver/components"
)

// running says which components work in this process, for componentstatuses.
type running struct{ controllers, scheduler atomic.Bool }

var errNotHere = errors.New("it does not run in this process")

// checks are those of the components, by the names that users know.
func (r *running) checks() map[string]components.Check {
	check := func(on *atomic.Bool) components.Check {
		return func(context.Context) error {
			if !on.Load() {
				return errNotHere
			}
			return nil
		}
	}
	return map[string]components.Check{
		components.ControllerManager: check(&r.controllers),
		components.Scheduler:         check(&r.scheduler),
	}
}

// noted is run, and on says while it does.
func noted[T any](on *atomic.Bool, run func(context.Context, T) error) func(context.Context, T) error {
	return func(ctx context.Context, cfg T) error {
		on.Store(true)
		defer on.Store(false)
		return run(ctx, cfg)
	}
}
