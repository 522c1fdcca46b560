package fairness

import (
	"testing"
	"time"
)

// queuing is a level of queues, which has all seats of a server that knows no
// other but catch-all without shares.
func queuing(t testing.TB, more string) []any {
	t.Helper()
	return []any{
		levelOf(t, "catch-all", "{nominalConcurrencyShares: 0, "+reject+"}"),
		levelOf(t, "l", "{nominalConcurrencyShares: 10, limitResponse: {type: Queue, queuing: {"+more+"}}}"),
		byUser(t, "s", "l", "*"),
	}
}

func TestRequestsWaitForSeats(t *testing.T) {
	w := newWorld(t, 2, queuing(t, "queues: 1, handSize: 1, queueLengthLimit: 2")...)
	a, b := w.seated("a"), w.seated("b")
	c, d := w.must("c", 1, Waiting), w.must("d", 1, Waiting)
	w.must("e", 1, Refused) // the queue is full
	w.done(a)
	if !isSeated(c) || isSeated(d) {
		t.Fatal("a seat that came free did not go to the first who waits")
	}
	w.must("e", 1, Waiting)
	w.done(b)
	w.done(c)
	if !isSeated(d) {
		t.Error("the next is not served")
	}
	w.done(d)
}

func TestThoseWhoLeaveMakeRoom(t *testing.T) {
	w := newWorld(t, 1, queuing(t, "queues: 1, handSize: 1, queueLengthLimit: 3")...)
	a := w.seated("a")
	b, c, d := w.must("b", 1, Waiting), w.must("c", 1, Waiting), w.must("d", 1, Waiting)
	if !w.leave(c) {
		t.Fatal("it may not leave")
	}
	w.done(a)
	if w.leave(b) {
		t.Fatal("it has left a seat that nobody takes back")
	}
	w.done(b)
	if !isSeated(d) {
		t.Error("the one behind the one who left is not served")
	}
	w.done(d)
	if got := w.Dispatcher.levels["l"].totals; got != (totals{dispatched: 3, refused: 1, cancelled: 1}) {
		t.Errorf("%+v", got)
	}
}

func TestRejectLevelsHaveNoQueues(t *testing.T) {
	w := newWorld(t, 3)
	a, b := w.seated("a"), w.must("b", 2, Seated)
	w.must("c", 1, Refused)
	w.done(a)
	w.must("c", 2, Refused)
	c := w.seated("c")
	w.done(b)
	w.done(c)
	// What is wider than the level is served alone.
	d := w.must("d", 9, Seated)
	w.must("e", 1, Refused)
	w.done(d)
}

func TestExemptRequestsNeverWait(t *testing.T) {
	w := newWorld(t, 1)
	for range 5 {
		r := request("admin")
		r.Groups = []string{"system:masters"}
		if _, v := w.Arrive(w.Classify(r), r, Width{Seats: 3}, w.now); v != Seated {
			t.Fatal(v)
		}
	}
	if a := w.seated("a"); a == nil {
		t.Error("exempt requests take the seats of others")
	}
}

func TestWideRequests(t *testing.T) {
	w := newWorld(t, 4, queuing(t, "queues: 8, handSize: 1, queueLengthLimit: 10")...)
	a, b := w.must("a", 2, Seated), w.must("b", 1, Seated)
	wide := w.must("wide", 3, Waiting)
	w.pass(time.Second)
	late := w.must("late", 1, Waiting) // there is a seat, but it is not this one's turn
	w.done(b)
	if isSeated(wide) || isSeated(late) {
		t.Fatal("another has overtaken the wide one")
	}
	w.done(a)
	if !isSeated(wide) || !isSeated(late) {
		t.Fatal("both have room now")
	}
	w.done(wide)
	w.done(late)
	// When the one that holds up others leaves, they go on at once.
	a = w.must("a", 3, Seated)
	wide = w.must("wide", 4, Waiting)
	w.pass(time.Second)
	late = w.must("late", 1, Waiting)
	w.leave(wide)
	if !isSeated(late) {
		t.Error("nothing holds it up any more")
	}
	w.done(a)
	w.done(late)
	// What is wider than the level waits until it has the level to itself.
	a = w.seated("a")
	wide = w.must("wide", 40, Waiting)
	w.done(a)
	if !isSeated(wide) {
		t.Error("it waits for seats that there are not")
	}
	w.done(wide)
}

func TestSeatsLinger(t *testing.T) {
	w := newWorld(t, 4, queuing(t, "queues: 1, handSize: 1, queueLengthLimit: 10")...)
	write, v := w.askFor("a", WriteWidth(80, 0)) // 8 seats for 5 ms
	if v != Seated {
		t.Fatal(v)
	}
	b := w.must("b", 1, Waiting)
	linger := w.Done(write, w.now)
	if linger != 10*time.Millisecond { // there are but 4 seats
		t.Errorf("its seats are taken for %v more", linger)
	}
	w.check()
	if isSeated(b) {
		t.Fatal("the seats are not free yet")
	}
	w.pass(linger)
	w.Release(write, w.now)
	w.check()
	if !isSeated(b) {
		t.Error("the seats were not given back")
	}
	w.done(b)
}

// A flow that floods the level delays the others by no more than its share.
func TestAFloodDelaysNobodyElse(t *testing.T) {
	w := newWorld(t, 10, queuing(t, "queues: 64, handSize: 4, queueLengthLimit: 50")...)
	flood := &load{user: "flood", many: 100, takes: 93 * time.Millisecond}
	quiet := &load{user: "quiet", many: 2, takes: 100 * time.Millisecond}
	w.run(20*time.Second, flood, quiet)
	if most := 2 * 200; quiet.served < most*9/10 || quiet.failed > 0 {
		t.Errorf("a quiet user was served %d times and refused %d times, want about %d and 0", quiet.served, quiet.failed, most)
	}
	if all := flood.served + quiet.served; all < 2100 {
		t.Errorf("%d requests were served, of about 2140 possible ones", all)
	}
}

// Two who want more than there is get the same, in seats times time: neither
// many requests, nor long ones, nor wide ones gain anything.
func TestGreedyFlowsGetTheSame(t *testing.T) {
	for name, other := range map[string]load{
		"many": {many: 90, takes: 20 * time.Millisecond},
		"long": {many: 30, takes: 200 * time.Millisecond},
		"wide": {many: 30, takes: 20 * time.Millisecond, width: 4},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 8, queuing(t, "queues: 2, handSize: 1, queueLengthLimit: 100")...)
			one := &load{many: 30, takes: 20 * time.Millisecond}
			one.user, other.user = apart(w)
			w.run(60*time.Second, one, &other)
			use := func(l *load) float64 { return float64(l.served*max(1, l.width)) * l.takes.Seconds() }
			a, b := use(one), use(&other)
			if ratio := a / b; ratio < 0.8 || ratio > 1.25 {
				t.Errorf("they had %.0f and %.0f seat-seconds", a, b)
			}
			if a+b < 60*8*0.85 {
				t.Errorf("seats were empty: %.0f and %.0f seat-seconds of %d", a, b, 60*8)
			}
		})
	}
}

// apart finds two users whose flows have different queues.
func apart(w *world) (a, b string) {
	hand := func(user string) int {
		hand, sorted := make([]int, 1), make([]int, 1)
		deal(hashFlow(hashSchema(w.seed, "s"), user), 2, hand, sorted)
		return hand[0]
	}
	a, b = "u", "v"
	for hand(a) == hand(b) {
		b += "v"
	}
	return a, b
}

// A queue that could not use its share has no claim on what it missed.
func TestNoShareIsSavedUp(t *testing.T) {
	w := newWorld(t, 4, queuing(t, "queues: 2, handSize: 1, queueLengthLimit: 100")...)
	slow, fast := &load{many: 1, takes: 50 * time.Millisecond}, &load{many: 20, takes: 50 * time.Millisecond}
	slow.user, fast.user = apart(w)
	w.run(60*time.Second, slow, fast) // for a minute slow uses one seat of its two
	slow.many = 20
	w.run(2*time.Second, slow, fast)
	if ratio := float64(slow.served) / float64(fast.served); ratio > 1.3 {
		t.Errorf("it was served %d times, and the other %d times", slow.served, fast.served)
	}
}

// Nothing of a flood is left when it is over.
func TestAnIdleLevelStartsAnew(t *testing.T) {
	w := newWorld(t, 4, queuing(t, "queues: 16, handSize: 2, queueLengthLimit: 100")...)
	w.run(10*time.Second, &load{user: "a", many: 50, takes: 10 * time.Millisecond}, &load{user: "b", many: 3, takes: time.Millisecond})
	l := w.Dispatcher.levels["l"]
	if l.virtual != 0 || l.active != 0 || len(l.backlog) != 0 || !l.unused() {
		t.Errorf("virtual time %v, %d queues active, %d in the backlog", l.virtual, l.active, len(l.backlog))
	}
}

func TestRequestsNeedNoMemory(t *testing.T) {
	w := newWorld(t, 4, queuing(t, "queues: 16, handSize: 2, queueLengthLimit: 100")...)
	r := request("a")
	if n := testing.AllocsPerRun(1000, func() {
		ticket, _ := w.Arrive(w.Classify(r), r, One, w.now)
		w.Done(ticket, w.now)
	}); n != 0 {
		t.Errorf("a request that need not wait allocates %v times", n)
	}
}
