package lifecycle

import "fmt"

// Kind is what an action does.
type Kind string

// The actions. Each is idempotent: performing it again after a crash in the
// middle brings the same end.
const (
	SetUpVolumes    Kind = "set-up-volumes"   // the pod's directories and volumes; again to bring them up to date
	RunSandbox      Kind = "run-sandbox"      // the pod's cgroup and a new sandbox, Attempt
	PullImage       Kind = "pull-image"       // the image of Container, by its pull policy
	StartContainer  Kind = "start-container"  // a new run of Container in SandboxID, or the created one ID; then its postStart hook
	StopContainer   Kind = "stop-container"   // preStop hook, signal, wait for Grace, kill
	StopSandbox     Kind = "stop-sandbox"     // everything in it, and its network
	RemoveContainer Kind = "remove-container" // a dead one, with its log
	RemoveSandbox   Kind = "remove-sandbox"   // a stopped one
	TearDown        Kind = "tear-down"        // volumes and cgroups
	DeletePod       Kind = "delete-pod"       // the object, now that nothing of it runs
)

// Action is one thing to do.
type Action struct {
	Kind      Kind
	Container string // a container's name
	ID        string // a container or sandbox
	SandboxID string
	Attempt   int
	Grace     int64  // seconds
	TargetID  string // StartContainer: the container whose processes the new one sees; empty for its own
	Reason    string // why a container is stopped, for people
}

// Key names what the action works on: two with one key never run at once.
func (a Action) Key() string {
	switch a.Kind {
	case PullImage, StartContainer:
		return string(a.Kind) + "/" + a.Container
	case StopContainer:
		return fmt.Sprintf("%s/%s/%d", a.Kind, a.ID, a.Grace)
	case RemoveContainer, StopSandbox, RemoveSandbox:
		return string(a.Kind) + "/" + a.ID
	}
	return string(a.Kind)
}
