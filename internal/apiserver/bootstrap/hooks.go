package bootstrap

import (
	"context"
	"errors"
	"sync/atomic"
)

// Hooks are what has to be written before the API server counts as ready, by
// the names that Kubernetes gives the health checks of these steps. The zero
// value is a start that has done none of them.
type Hooks struct{ steps [len(hooks)]atomic.Bool }

type hook int

const (
	systemNamespaces hook = iota
	serviceAddresses
	bootstrapRoles
	priorityClasses
	priorityAndFairness
	apiServices
	clusterAuthentication
	kubernetesService
)

var hooks = [...]string{
	systemNamespaces:      "poststarthook/start-system-namespaces-controller",
	serviceAddresses:      "poststarthook/start-service-ip-repair-controllers",
	bootstrapRoles:        "poststarthook/rbac/bootstrap-roles",
	priorityClasses:       "poststarthook/scheduling/bootstrap-system-priority-classes",
	priorityAndFairness:   "poststarthook/priority-and-fairness-config-producer",
	apiServices:           "autoregister-completion",
	clusterAuthentication: "poststarthook/start-cluster-authentication-info-controller",
	kubernetesService:     "poststarthook/bootstrap-controller",
}

var errNotFinished = errors.New("not finished")

// Names are those of the steps, in the order in which they are reported.
func (h *Hooks) Names() []string { return hooks[:] }

// Check says whether a step is done; it is named by its place in Names.
func (h *Hooks) Check(step int) error {
	if h.steps[step].Load() {
		return nil
	}
	return errNotFinished
}

// step notes that f is done when it has succeeded.
func (b *bootstrapper) step(h hook, f func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		err := f(ctx)
		if err == nil && b.Hooks != nil {
			b.Hooks.steps[h].Store(true)
		}
		return err
	}
}
