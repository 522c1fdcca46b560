package lifecycle

import "time"

// Memory is what a worker remembers of a pod between decisions and the runtime
// cannot tell: what is being done, what failed, and how long to wait. What
// Resume does not find again after a restart costs at most a repetition.
type Memory struct {
	InFlight   map[string]Action
	Volumes    Volumes
	SandboxErr *Failure
	TornDown   bool            // volumes and cgroup are gone
	Evicted    *Failure        // the node ends this pod
	deleted    bool            // the API was told to delete the object
	stopped    map[string]bool // sandboxes that were stopped
	containers map[string]*tries
	retries    map[string]retry
}

// Volumes is how far the pod's volumes are.
type Volumes struct {
	Ready   bool
	Stale   bool      // a source changed since
	Refresh time.Time // when content, such as a token, must be renewed; zero for never
}

// Failure is why something does not happen: a reason in CamelCase as clients
// know it, and a message for people.
type Failure struct{ Reason, Message string }

// Result is how an action ended.
type Result struct {
	Failure *Failure  // nil for success
	Image   string    // PullImage: the reference to create the container from
	Refresh time.Time // SetUpVolumes: see Volumes.Refresh
}

// tries is what was tried to start a container.
type tries struct {
	image    string   // pulled for the next start
	pullErr  *Failure // why there is no image
	pulledAt time.Time
	startErr *Failure // why the last start failed
	start    Backoff
	pull     Backoff
}

type retry struct {
	backoff Backoff
	at      time.Time // of the failure
}

// NewMemory is that of a pod seen for the first time.
func NewMemory() *Memory {
	return &Memory{
		InFlight:   map[string]Action{},
		stopped:    map[string]bool{},
		containers: map[string]*tries{},
		retries:    map[string]retry{},
	}
}

func (m *Memory) container(name string) *tries {
	t, ok := m.containers[name]
	if !ok {
		t = &tries{}
		m.containers[name] = t
	}
	return t
}

// Begin notes that an action is being performed. previousEnd is, for a
// container started again, when its last run ended.
func (m *Memory) Begin(a Action, previousEnd, now time.Time) {
	m.InFlight[a.Key()] = a
	if a.Kind == StartContainer && !previousEnd.IsZero() {
		t := m.container(a.Container)
		t.start = t.start.next(previousEnd, now, backoffInitial, backoffMax)
	}
	if a.Kind == SetUpVolumes {
		m.Volumes.Stale = false
	}
}

// End notes how an action ended.
func (m *Memory) End(a Action, r Result, now time.Time) {
	delete(m.InFlight, a.Key())
	switch a.Kind {
	case PullImage:
		m.endPull(a, r, now)
		return
	case StartContainer:
		t := m.container(a.Container)
		t.image, t.startErr = "", r.Failure
	case RunSandbox:
		m.SandboxErr = r.Failure
	}
	if r.Failure != nil {
		key := a.Key()
		m.retries[key] = retry{m.retries[key].backoff.next(now, now, retryInitial, retryMax), now}
		return
	}
	delete(m.retries, a.Key())
	switch a.Kind {
	case SetUpVolumes:
		m.Volumes.Ready, m.Volumes.Refresh = true, r.Refresh
	case StopSandbox:
		m.stopped[a.ID] = true
	case DeletePod:
		m.deleted = true
	case TearDown:
		m.TornDown, m.Volumes = true, Volumes{}
	}
}

func (m *Memory) endPull(a Action, r Result, now time.Time) {
	t := m.container(a.Container)
	t.pullErr, t.image, t.pulledAt = r.Failure, r.Image, now
	if r.Failure == nil {
		t.pull = Backoff{}
		return
	}
	t.pull = t.pull.next(now, now, backoffInitial, backoffMax)
}

// SourceChanged notes that content of the pod's volumes changed, or that what
// a container was waiting for may be there now: what failed is tried at once.
func (m *Memory) SourceChanged() {
	m.Volumes.Stale = true
	for key, a := range m.retries {
		a.backoff.Delay = 0
		m.retries[key] = a
	}
}

// inFlight says whether an action of that key is being performed.
func (m *Memory) inFlight(a Action) bool {
	_, ok := m.InFlight[a.Key()]
	return ok
}

// starting says whether a container is being started.
func (m *Memory) starting(name string) bool {
	return m.inFlight(Action{Kind: StartContainer, Container: name})
}

func (m *Memory) anyInFlight(kinds ...Kind) bool {
	for _, a := range m.InFlight {
		for _, k := range kinds {
			if a.Kind == k {
				return true
			}
		}
	}
	return false
}
