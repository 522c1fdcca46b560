package lifecycle

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Observed is what the runtime has of one pod, newest first.
type Observed struct {
	Sandboxes  []Sandbox
	Containers []Container
}

// Sandbox is one pod sandbox.
type Sandbox struct {
	ID      string
	Attempt uint32
	Ready   bool
	IPs     []string
	Created time.Time
}

// State is a container's state as the runtime sees it.
type State int

// The states of a container. Unknown is one the runtime lost track of.
const (
	Unknown State = iota
	Created
	Running
	Exited
)

// Container is one run of a container: restarts make new ones.
type Container struct {
	ID, SandboxID, Name string
	Attempt             int // how many runs came before
	Hash                string
	State               State
	Created             time.Time
	Started             time.Time
	Finished            time.Time
	ExitCode            int32
	Reason, Message     string
	Image, ImageID      string
	LogPath             string
	Grace               *int64 // seconds, of the pod that it was made for
	User                *corev1.LinuxContainerUser
}

// Sandbox returns the newest sandbox, nil if there is none.
func (o *Observed) Sandbox() *Sandbox {
	if len(o.Sandboxes) == 0 {
		return nil
	}
	return &o.Sandboxes[0]
}

// Newest returns the newest run of a container, nil if it never ran.
func (o *Observed) Newest(name string) *Container {
	for i := range o.Containers {
		if o.Containers[i].Name == name {
			return &o.Containers[i]
		}
	}
	return nil
}

// NewestIn is Newest among the runs in one sandbox.
func (o *Observed) NewestIn(sandbox, name string) *Container {
	for i := range o.Containers {
		if c := &o.Containers[i]; c.Name == name && c.SandboxID == sandbox {
			return c
		}
	}
	return nil
}

// Previous returns the run before the newest one, nil if there was none.
func (o *Observed) Previous(name string) *Container {
	found := false
	for i := range o.Containers {
		if o.Containers[i].Name != name {
			continue
		}
		if found {
			return &o.Containers[i]
		}
		found = true
	}
	return nil
}

// Running says whether any container of the pod is running.
func (o *Observed) Running() bool {
	for i := range o.Containers {
		if o.Containers[i].State == Running {
			return true
		}
	}
	return false
}
