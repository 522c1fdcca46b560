package fairness

import (
	"slices"
	"testing"
	"time"
)

const oneQueue = "limitResponse: {type: Queue, queuing: {queues: 1, handSize: 1, queueLengthLimit: 10}}"

func TestLimitsFollowTheObjects(t *testing.T) {
	w := newWorld(t, 600)
	if w.limit("catch-all") != 600 || w.limit("exempt") != 0 {
		t.Errorf("alone: catch-all %d, exempt %d", w.limit("catch-all"), w.limit("exempt"))
	}
	w.configure(levelOf(t, "a", "{nominalConcurrencyShares: 10, lendablePercent: 50, borrowingLimitPercent: 25, "+reject+"}"))
	a, rest := w.Dispatcher.levels["a"], w.Dispatcher.levels["catch-all"]
	if a.nominal != 400 || a.least != 200 || a.most != 500 || rest.nominal != 200 || rest.least != 200 || rest.most != 800 {
		t.Errorf("a: %+v, catch-all: %+v", a.share, rest.share)
	}
	w.configure(levelOf(t, "a", "{"+reject+"}")) // as defaulted
	if a.nominal != 515 || a.least != 515 || a.most != 1115 {
		t.Errorf("a: %+v", a.share)
	}
	w.configure()
	if w.Dispatcher.levels["a"] != nil || rest.nominal != 600 {
		t.Errorf("a is still there, or catch-all does not have all seats: %+v", rest.share)
	}
}

// A change finds requests that wait: they keep their places.
func TestWaitingRequestsOutliveChanges(t *testing.T) {
	rest := levelOf(t, "catch-all", "{nominalConcurrencyShares: 0, "+reject+"}")
	schema := byUser(t, "s", "l", "*")
	before := levelOf(t, "l", "{"+oneQueue+"}")
	for name, after := range map[string][]any{
		"more queues":   {rest, schema, levelOf(t, "l", "{limitResponse: {type: Queue, queuing: {queues: 64, handSize: 8, queueLengthLimit: 10}}}")},
		"fewer shares":  {schema, levelOf(t, "l", "{nominalConcurrencyShares: 1, "+oneQueue+"}")},
		"no queues":     {rest, schema, levelOf(t, "l", "{"+reject+"}")},
		"no schema":     {rest, before},
		"another level": {rest, before, levelOf(t, "m", "{"+oneQueue+"}"), byUser(t, "s", "m", "*")},
		"no level":      {rest, schema},
		"nothing":       nil,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 2, rest, before, schema)
			a, b := w.seated("a"), w.seated("b")
			c, d := w.must("c", 1, Waiting), w.must("d", 1, Waiting)
			w.configure(after...)
			w.pass(time.Second)
			w.done(a)
			w.done(b)
			if !isSeated(c) {
				t.Fatal("the first who waited is not served")
			}
			w.done(c)
			if !isSeated(d) {
				t.Fatal("the second who waited is not served")
			}
			w.done(d)
			if w.Dispatcher.levels["l"] != nil && (name == "no level" || name == "nothing") {
				t.Error("a level that nobody uses or asks for is still there")
			}
		})
	}
}

func TestFewerQueuesAreDrained(t *testing.T) {
	of := func(queues, hand string) []any {
		return queuing(t, "queues: "+queues+", handSize: "+hand+", queueLengthLimit: 10")
	}
	w := newWorld(t, 1, of("64", "1")...)
	first := w.seated("first")
	var waiting []*Ticket
	for _, user := range []string{"a", "b", "c", "d", "e", "f"} {
		waiting = append(waiting, w.must(user, 1, Waiting))
	}
	w.configure(of("2", "2")...)
	waiting = append(waiting, w.must("late", 1, Waiting))
	w.done(first)
	for len(waiting) > 0 {
		next := slices.IndexFunc(waiting, isSeated)
		if next < 0 {
			t.Fatalf("%d requests wait for nothing", len(waiting))
		}
		w.done(waiting[next])
		waiting = slices.Delete(waiting, next, next+1)
	}
	w.configure(of("8", "2")...)
	w.done(w.seated("again"))
	if l := w.Dispatcher.levels["l"]; len(l.deck) != 8 || len(l.backlog) != 0 {
		t.Errorf("%d queues, %d in the backlog", len(l.deck), len(l.backlog))
	}
}

// More seats are used at once.
func TestMoreSeatsAreTakenAtOnce(t *testing.T) {
	w := newWorld(t, 10, levelOf(t, "l", "{nominalConcurrencyShares: 1, "+oneQueue+"}"), byUser(t, "s", "l", "*"))
	held := w.hold("a", 5)
	if l := w.Dispatcher.levels["l"]; l.seats != 2 {
		t.Fatalf("%d seats are taken", l.seats)
	}
	w.configure(levelOf(t, "l", "{nominalConcurrencyShares: 5, "+oneQueue+"}"), byUser(t, "s", "l", "*"))
	for _, one := range held[2:] {
		if !isSeated(one) {
			t.Fatal("a request waits beside free seats")
		}
	}
}

// A level that comes back while it is drained is the same.
func TestALevelComesBack(t *testing.T) {
	w := newWorld(t, 2, queuing(t, "queues: 1, handSize: 1, queueLengthLimit: 10")...)
	a, b := w.seated("a"), w.seated("b")
	c := w.must("c", 1, Waiting)
	l := w.Dispatcher.levels["l"]
	w.configure()
	if !l.gone || w.Classify(request("d")).schema.level.name != "catch-all" {
		t.Fatal("requests still go to a level that is no more")
	}
	w.configure(queuing(t, "queues: 1, handSize: 1, queueLengthLimit: 10")...)
	if w.Dispatcher.levels["l"] != l || l.gone {
		t.Fatal("it is another level")
	}
	for _, one := range []*Ticket{a, b, c} {
		w.done(one)
	}
	if w.Dispatcher.levels["l"] == nil {
		t.Error("it has gone with its last request")
	}
}

// Who was classified before a change arrives after it.
func TestClassesOutliveTheirLevels(t *testing.T) {
	w := newWorld(t, 2, queuing(t, "queues: 1, handSize: 1, queueLengthLimit: 10")...)
	r := request("a")
	c := w.Classify(r)
	w.configure()
	ticket, v := w.Arrive(c, r, One, w.now)
	if v != Seated {
		t.Fatal(v)
	}
	w.done(ticket)
}
