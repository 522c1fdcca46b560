package fairness

import (
	"container/heap"
	"math"
	"testing"
	"time"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	"sigs.k8s.io/yaml"
)

// parse reads an object from YAML.
func parse[T any](t testing.TB, text string) *T {
	t.Helper()
	obj := new(T)
	if err := yaml.UnmarshalStrict([]byte(text), obj); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return obj
}

func levelOf(t testing.TB, name, limited string) *flowcontrolv1.PriorityLevelConfiguration {
	t.Helper()
	return parse[flowcontrolv1.PriorityLevelConfiguration](t, "{metadata: {name: "+name+", uid: level-"+name+"}, spec: {type: Limited, limited: "+limited+"}}")
}

const reject = "limitResponse: {type: Reject}"

// byUser sends what the named users ask, or with "*" everyone, to a level.
func byUser(t testing.TB, name, level string, users ...string) *flowcontrolv1.FlowSchema {
	t.Helper()
	subjects := ""
	for _, u := range users {
		subjects += "{kind: User, user: {name: '" + u + "'}},"
	}
	return parse[flowcontrolv1.FlowSchema](t, "{metadata: {name: "+name+", uid: schema-"+name+`}, spec: {
		priorityLevelConfiguration: {name: `+level+`}, matchingPrecedence: 1000, distinguisherMethod: {type: ByUser},
		rules: [{subjects: [`+subjects+`], resourceRules: [{verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true}]}]}}`)
}

// world is a Dispatcher whose time the test owns.
type world struct {
	testing.TB
	*Dispatcher
	now     time.Time
	schemas []*flowcontrolv1.FlowSchema
	levels  []*flowcontrolv1.PriorityLevelConfiguration
}

func newWorld(t testing.TB, seats int, objects ...any) *world {
	t.Helper()
	w := &world{TB: t, now: time.Unix(1_000_000, 0)}
	w.Dispatcher = New(seats, 1, w.now)
	w.configure(objects...)
	return w
}

// configure replaces all objects.
func (w *world) configure(objects ...any) {
	w.Helper()
	w.schemas, w.levels = nil, nil
	for _, o := range objects {
		switch o := o.(type) {
		case *flowcontrolv1.FlowSchema:
			w.schemas = append(w.schemas, o)
		case *flowcontrolv1.PriorityLevelConfiguration:
			w.levels = append(w.levels, o)
		}
	}
	w.Configure(w.schemas, w.levels, w.now)
	w.check()
}

func (w *world) pass(d time.Duration) { w.now = w.now.Add(d) }

func request(user string) *Request {
	return &Request{User: user, Groups: []string{"system:authenticated"}, Verb: "get", IsResource: true, APIVersion: "v1", Resource: "pods", Namespace: "default", Name: "p"}
}

func (w *world) ask(user string, seats int) (*Ticket, Verdict) {
	return w.askFor(user, Width{Seats: seats})
}

func (w *world) askFor(user string, width Width) (*Ticket, Verdict) {
	w.Helper()
	r := request(user)
	t, v := w.Arrive(w.Classify(r), r, width, w.now)
	w.check()
	return t, v
}

// seated asks, and fails the test unless there is a seat.
func (w *world) seated(user string) *Ticket {
	w.Helper()
	return w.must(user, 1, Seated)
}

func (w *world) must(user string, seats int, want Verdict) *Ticket {
	w.Helper()
	t, v := w.ask(user, seats)
	if v != want {
		w.Fatalf("%s asks for %d seats: verdict %d, want %d", user, seats, v, want)
	}
	return t
}

func (w *world) done(t *Ticket) {
	w.Helper()
	if linger := w.Done(t, w.now); linger != 0 {
		w.Fatalf("its seats are taken for %v more", linger)
	}
	w.check()
}

func (w *world) leave(t *Ticket) bool {
	w.Helper()
	left := w.Leave(t, w.now)
	w.check()
	return left
}

// isSeated says whether a request that waited has its seats.
func isSeated(t *Ticket) bool {
	select {
	case <-t.Seated():
		return true
	default:
		return false
	}
}

func (w *world) limit(level string) int { return w.Dispatcher.levels[level].limit }

// check fails the test where sums do not agree with what they are sums of.
func (w *world) check() {
	w.Helper()
	for _, l := range w.Dispatcher.levels {
		l.mu.Lock()
		l.check(w)
		l.mu.Unlock()
	}
}

func (l *level) check(t testing.TB) {
	t.Helper()
	var waiting, waitingSeats, serving, seats, active int
	queues := map[*queue]bool{}
	for _, q := range l.deck {
		if q != nil {
			queues[q] = true
		}
	}
	for i, q := range l.backlog {
		if q.place != i || q.length == 0 {
			t.Errorf("%s: queue %d of length %d is at %d of the backlog and thinks of %d", l.name, q.index, q.length, i, q.place)
		}
		queues[q] = true
	}
	for one := l.servingFirst; one != nil; one = one.next {
		serving++
		seats += one.width.seats()
		if one.queue != nil {
			queues[one.queue] = true
		}
	}
	for q := range queues {
		n, wide := 0, 0
		for one := q.first; one != nil; one = one.next {
			n++
			wide += one.width.seats()
		}
		if n != q.length || wide != q.waitingSeats {
			t.Errorf("%s: queue %d holds %d requests of %d seats and thinks of %d and %d", l.name, q.index, n, wide, q.length, q.waitingSeats)
		}
		if q.active() {
			active++
		}
		if q.first != nil && q.next < q.first.arrivedAt {
			t.Errorf("%s: queue %d begins a request at %v that came at %v", l.name, q.index, q.next, q.first.arrivedAt)
		}
		waiting, waitingSeats = waiting+n, waitingSeats+wide
	}
	if waiting != l.waiting || waitingSeats != l.waitingSeats || serving != l.serving || seats > l.seats || active != l.active {
		t.Errorf("%s: there wait %d of %d seats, %d with %d seats are served, %d queues are active; it thinks of %d, %d, %d, %d and %d",
			l.name, waiting, waitingSeats, serving, seats, active, l.waiting, l.waitingSeats, l.serving, l.seats, l.active)
	}
	if waiting > 0 && l.seats == 0 && l.limit > 0 {
		t.Errorf("%s: %d wait for nothing", l.name, waiting)
	}
}

// load is a client that always has so many requests under way, which take
// about that long to serve. It counts what was served.
type load struct {
	user   string
	many   int
	takes  time.Duration
	width  int
	begun  int
	served int
	failed int
}

// next is how long the next request takes: half of the usual to one and a half
// times that, spread evenly.
func (l *load) next() time.Duration {
	l.begun++
	_, part := math.Modf(float64(l.begun) * math.Phi)
	return time.Duration(float64(l.takes) * (0.5 + part))
}

type ending struct {
	at time.Time
	t  *Ticket
	of *load
}

type endings []ending

func (e endings) Len() int           { return len(e) }
func (e endings) Less(i, j int) bool { return e[i].at.Before(e[j].at) }
func (e endings) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *endings) Push(x any)        { *e = append(*e, x.(ending)) }
func (e *endings) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

// run lets time pass with the loads at work.
func (w *world) run(d time.Duration, loads ...*load) {
	w.Helper()
	var serving endings
	waiting := map[*Ticket]*load{}
	begin := func(of *load) {
		switch t, v := w.ask(of.user, max(1, of.width)); v {
		case Seated:
			heap.Push(&serving, ending{w.now.Add(of.next()), t, of})
		case Waiting:
			waiting[t] = of
		default:
			of.failed++
		}
	}
	for _, of := range loads {
		of.served, of.failed = 0, 0
		for range of.many {
			begin(of)
		}
	}
	for end := w.now.Add(d); len(serving) > 0 && !serving[0].at.After(end); {
		one := heap.Pop(&serving).(ending)
		w.now = one.at
		w.done(one.t)
		one.of.served++
		for t, of := range waiting {
			if isSeated(t) {
				heap.Push(&serving, ending{w.now.Add(of.next()), t, of})
				delete(waiting, t)
			}
		}
		begin(one.of)
	}
	for t := range waiting {
		w.leave(t)
	}
	for len(serving) > 0 { // let go of all, and of those that got a seat by it
		w.done(heap.Pop(&serving).(ending).t)
	}
	w.check()
}
