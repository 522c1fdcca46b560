package fairness

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"skiff/internal/api/flowcontrol"
)

// What every cluster has, and what the server keeps to while it is missing.
var (
	mandatoryLevels = []*flowcontrolv1.PriorityLevelConfiguration{
		{ObjectMeta: metav1.ObjectMeta{Name: flowcontrolv1.PriorityLevelConfigurationNameExempt}, Spec: flowcontrol.Exempt},
		{ObjectMeta: metav1.ObjectMeta{Name: flowcontrolv1.PriorityLevelConfigurationNameCatchAll}, Spec: flowcontrol.CatchAll},
	}
	mandatorySchemas = []*flowcontrolv1.FlowSchema{
		{ObjectMeta: metav1.ObjectMeta{Name: flowcontrolv1.FlowSchemaNameExempt}, Spec: flowcontrol.ExemptSchema},
		{ObjectMeta: metav1.ObjectMeta{Name: flowcontrolv1.FlowSchemaNameCatchAll}, Spec: flowcontrol.CatchAllSchema},
	}
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

// UIDs are those of the FlowSchema and of its level, as values of headers that
// nobody may change.
func (c Class) UIDs() (schema, level []string) { return c.schema.uid, c.schema.levelUID }

// MostSeats is the widest that a request may be; 0: the level says nothing.
func (c Class) MostSeats() int { return c.schema.mostSeats }

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

// setLevels makes, changes and gives up levels. The mandatory ones are always
// there.
func (d *Dispatcher) setLevels(objects []*flowcontrolv1.PriorityLevelConfiguration, now time.Time) {
	wanted := map[string]*flowcontrolv1.PriorityLevelConfiguration{}
	for _, p := range slices.Concat(mandatoryLevels, objects) {
		if Usable(p) {
			wanted[p.Name] = p
		}
	}
	for name, p := range wanted {
		l := d.levels[name]
		if l == nil {
			l = newLevel(name, now)
			d.levels[name] = l
		}
		l.share = shareOf(p)
		l.configure(settingsOf(p), now)
	}
	for name, l := range d.levels {
		if wanted[name] == nil && l.giveUp() {
			delete(d.levels, name)
		}
	}
}

// reap removes a level that was given up, if it is still not used.
func (d *Dispatcher) reap(l *level, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.levels[l.name] != l || !l.canGo() {
		return
	}
	delete(d.levels, l.name)
	d.distribute(now)
}

// newConfig prepares the schemas whose levels are there. The mandatory ones
// are added where they are missing.
func (d *Dispatcher) newConfig(objects []*flowcontrolv1.FlowSchema) *config {
	c := &config{}
	known := map[string]bool{}
	for _, fs := range objects {
		if s := d.schema(fs); s != nil {
			c.schemas, known[fs.Name] = append(c.schemas, s), true
		}
	}
	for _, fs := range mandatorySchemas {
		if !known[fs.Name] {
			c.schemas = append(c.schemas, d.schema(fs))
		}
	}
	slices.SortFunc(c.schemas, compareSchemas)
	c.rest = c.schemas[slices.IndexFunc(c.schemas, func(s *schema) bool { return s.name == flowcontrolv1.FlowSchemaNameCatchAll })]
	return c
}

// schema is nil where the FlowSchema leads to a level that is not there.
func (d *Dispatcher) schema(fs *flowcontrolv1.FlowSchema) *schema {
	l := d.levels[fs.Spec.PriorityLevelConfiguration.Name]
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gone {
		return nil
	}
	s := newSchema(fs)
	s.level, s.levelUID = l, []string{l.uid}
	if s.flow = l.flows[s.name]; s.flow == nil {
		s.flow = newFlow(s.name)
		l.flows[s.name] = s.flow
	}
	s.sharded, s.hash = l.queues > 1, hashSchema(d.seed, s.name)
	if l.queues > 0 {
		s.mostSeats = mostSeats(l.nominal, l.handSize)
	}
	return s
}
