package fairness

import (
	"testing"
	"time"
)

// two levels share 100 seats evenly; catch-all has none. lend is what more
// each says.
func twoLevels(t *testing.T, a, b string) *world {
	t.Helper()
	const queues = ", nominalConcurrencyShares: 10, limitResponse: {type: Queue, queuing: {queues: 1, handSize: 1, queueLengthLimit: 1000}}}"
	return newWorld(t, 100,
		levelOf(t, "catch-all", "{nominalConcurrencyShares: 0, borrowingLimitPercent: 0, "+reject+"}"),
		levelOf(t, "a", "{"+a+queues), levelOf(t, "b", "{"+b+queues),
		byUser(t, "s-a", "a", "a"), byUser(t, "s-b", "b", "b"))
}

func (w *world) limits(a, b int) {
	w.Helper()
	if w.limit("a") != a || w.limit("b") != b {
		w.Errorf("a has %d seats and b %d, want %d and %d", w.limit("a"), w.limit("b"), a, b)
	}
}

// hold takes seats until there are so many that are taken or waited for.
func (w *world) hold(user string, n int) (all []*Ticket) {
	w.Helper()
	for range n {
		t, _ := w.ask(user, 1)
		all = append(all, t)
	}
	return all
}

func TestSeatsAreLent(t *testing.T) {
	w := twoLevels(t, "lendablePercent: 80", "lendablePercent: 40")
	w.limits(25, 75) // nobody asks for anything: in proportion to what each never lends
	all := w.hold("a", 80)
	if l := w.Dispatcher.levels["a"]; l.seats != 25 || l.waiting != 55 {
		t.Fatalf("%d seats are taken, %d wait", l.seats, l.waiting)
	}
	w.pass(adjustEvery - time.Second)
	w.Adjust(w.now)
	w.limits(25, 75) // it is not time yet
	w.pass(time.Second)
	w.Adjust(w.now)
	w.check()
	w.limits(70, 30) // b keeps what it never lends
	if l := w.Dispatcher.levels["a"]; l.seats != 70 || l.waiting != 10 {
		t.Errorf("%d seats are taken, %d wait", l.seats, l.waiting)
	}
	// b wants its own back.
	w.hold("b", 60)
	w.pass(adjustEvery)
	w.Adjust(w.now)
	w.limits(50, 50)
	if l := w.Dispatcher.levels["b"]; l.seats != 50 {
		t.Errorf("b has taken %d seats", l.seats)
	}
	// a has more than it may until enough of its requests have ended.
	for _, one := range all[:20] {
		w.done(one)
	}
	if l := w.Dispatcher.levels["a"]; l.seats != 50 || l.waiting != 10 {
		t.Errorf("%d seats are taken, %d wait", l.seats, l.waiting)
	}
}

func TestBorrowingHasLimits(t *testing.T) {
	w := twoLevels(t, "borrowingLimitPercent: 20", "lendablePercent: 100")
	w.hold("a", 200)
	w.pass(adjustEvery)
	w.Adjust(w.now)
	w.limits(60, 40)
	w = twoLevels(t, "borrowingLimitPercent: 0, lendablePercent: 50", "lendablePercent: 50")
	w.hold("a", 200)
	w.pass(adjustEvery)
	w.Adjust(w.now)
	w.limits(50, 50)
}

func TestDemandIsRememberedForAWhile(t *testing.T) {
	w := twoLevels(t, "lendablePercent: 100", "lendablePercent: 100")
	all := w.hold("a", 90)
	w.pass(adjustEvery)
	w.Adjust(w.now)
	if w.limit("a") < 90 {
		t.Fatalf("a has %d seats", w.limit("a"))
	}
	for _, one := range all {
		w.done(one)
	}
	w.hold("b", 50)
	w.pass(adjustEvery)
	w.Adjust(w.now)
	w.pass(adjustEvery)
	w.Adjust(w.now)
	soon := w.limit("a") // the rest is in proportion to what both have wanted lately
	w.pass(time.Hour)
	w.Adjust(w.now)
	if late := w.limit("a"); soon < 40 || late > 1 {
		t.Errorf("a has %d seats 20 s after its last request, and %d an hour after it", soon, late)
	}
}

func TestExemptRequestsUseSeatsToo(t *testing.T) {
	w := twoLevels(t, "lendablePercent: 60", "lendablePercent: 20")
	exempt := func(n int) (all []*Ticket) {
		r := request("admin")
		r.Groups = []string{"system:masters"}
		for range n {
			ticket, _ := w.Arrive(w.Classify(r), r, One, w.now)
			all = append(all, ticket)
		}
		return all
	}
	adjust := func() {
		w.pass(adjustEvery)
		w.Adjust(w.now)
	}
	w.hold("a", 100)
	w.hold("b", 100)
	adjust()
	w.limits(50, 50)
	exempt(20) // half of what a and b may lend
	adjust()
	w.limits(35, 45)
	exempt(500)
	adjust()
	w.limits(20, 40) // what they never lend they keep
	if w.limit("exempt") != 520 {
		t.Errorf("the exempt level has %d seats", w.limit("exempt"))
	}
}

// With nobody there, nothing has to happen; what was missed is made up for when
// somebody comes.
func TestAdjustmentsAreMadeWhenSomebodyComes(t *testing.T) {
	w := twoLevels(t, "lendablePercent: 80", "lendablePercent: 40")
	if left := w.UntilAdjustment(w.now); left != adjustEvery {
		t.Errorf("%v until the next adjustment", left)
	}
	held := w.hold("a", 80)
	w.pass(adjustEvery)
	b := w.seated("b") // it finds that it is time
	w.limits(70, 30)
	if left := w.UntilAdjustment(w.now); left != adjustEvery {
		t.Errorf("%v until the next adjustment", left)
	}
	w.done(b)
	for _, one := range held {
		w.done(one)
	}
	w.pass(24 * time.Hour)
	if left := w.UntilAdjustment(w.now); left >= 0 {
		t.Errorf("%v until the next adjustment", left)
	}
	w.seated("b")
	w.pass(adjustEvery)
	w.Adjust(w.now)
	w.limits(25, 75)
}
