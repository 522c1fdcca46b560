package fairness

import (
	"sync"
	"sync/atomic"
	"time"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
)

// Dispatcher classifies requests and seats them.
type Dispatcher struct {
	seats  int // of the whole server
	seed   uint64
	start  time.Time
	config atomic.Pointer[config]
	due    atomic.Int64 // when seats are lent anew, in nanoseconds since start

	mu       sync.Mutex // of what follows, and of the share of each level
	levels   map[string]*level
	fraction float64 // at which demands are met; 0: not even the least ones
}

// config is the FlowSchemas in the order in which they are tried. It never
// changes.
type config struct {
	schemas []*schema
	rest    *schema // catch-all
}

// New makes a Dispatcher of so many seats that knows the mandatory objects
// alone. The seed should be of chance.
func New(seats int, seed uint64, now time.Time) *Dispatcher {
	d := &Dispatcher{seats: seats, seed: seed, start: now, levels: map[string]*level{}}
	d.Configure(nil, nil, now)
	return d
}

// Class is where a request belongs: a FlowSchema, and its priority level as it
// was when the request was classified.
type Class struct{ schema *schema }

// Classify finds the FlowSchema of a request.
func (d *Dispatcher) Classify(r *Request) Class {
	c := d.config.Load()
	for _, s := range c.schemas {
		if s.matches(r) {
			return Class{s}
		}
	}
	return Class{c.rest}
}

// SchemaUID and LevelUID are the UIDs of the two objects, as the values of a
// header that nobody may change.
func (c Class) SchemaUID() []string { return c.schema.uid }

// LevelUID see SchemaUID.
func (c Class) LevelUID() []string { return c.schema.levelUID }

// MostSeats is the widest that a request may be; 0: the level says nothing.
func (c Class) MostSeats() int { return c.schema.mostSeats }

// Level and Schema are the names.
func (c Class) Level() string { return c.schema.level.name }

// Schema see Level.
func (c Class) Schema() string { return c.schema.name }

// Arrive seats a request, lets it wait, or refuses it; then there is no
// Ticket. What r points to is copied.
func (d *Dispatcher) Arrive(c Class, r *Request, w Width, now time.Time) (*Ticket, Verdict) {
	d.Adjust(now)
	s := c.schema
	var hash uint64
	if s.sharded {
		hash = hashFlow(s.hash, s.distinguisher(r))
	}
	return s.level.arrive(s, r, w, hash, now)
}

// RetryAfter counts one who is turned away, and says after how many seconds it
// should come again.
func (d *Dispatcher) RetryAfter(c Class, now time.Time) int {
	l := c.schema.level
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.retry.refuse(now)
}

// Configure has everything as the objects say, from now on. Requests that wait
// go on to wait, even at a level that is no more.
func (d *Dispatcher) Configure(schemas []*flowcontrolv1.FlowSchema, levels []*flowcontrolv1.PriorityLevelConfiguration, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.setLevels(levels, now)
	d.distribute(now)
	d.config.Store(d.newConfig(schemas))
}
