package fairness

import (
	"testing"
	"testing/synctest"
	"time"
)

// Many clients at once, by the bubble's clock, while the configuration
// changes: nothing is lost, and nothing is left over.
func TestManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{TB: t, Dispatcher: New(20, 1, time.Now()), now: time.Now()}
		configure := func(queues, shares string) {
			w.now = time.Now()
			w.configure(levelOf(t, "l", "{nominalConcurrencyShares: "+shares+", lendablePercent: 50, limitResponse: {type: Queue, queuing: {queues: "+queues+", handSize: 2, queueLengthLimit: 5}}}"),
				byUser(t, "s", "l", "a", "b", "c", "d"))
		}
		stop := time.Now().Add(time.Minute)
		// client asks again and again, as the server's filter does for it.
		client := func(user string, takes time.Duration) {
			for i := 0; time.Now().Before(stop); i++ {
				one, v := ask(w.Dispatcher, request(user), WriteWidth(i%40, 3), time.Duration(i%50)*time.Millisecond)
				time.Sleep(takes)
				if v == Refused {
					continue
				}
				if linger := w.Done(one, time.Now()); linger > 0 {
					time.AfterFunc(linger, func() { w.Release(one, time.Now()) })
				}
			}
		}
		configure("8", "10")
		for i, user := range []string{"a", "a", "a", "b", "c", "d", "a", "b"} {
			for range 5 {
				go client(user, time.Duration(i+1)*7*time.Millisecond)
			}
		}
		for i := range 50 {
			time.Sleep(time.Second)
			configure([]string{"8", "2", "32"}[i%3], []string{"10", "1"}[i%2])
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		w.check()
		l := w.Dispatcher.levels["l"]
		if !l.unused() || l.active != 0 || l.totals.dispatched < 5_000 || l.totals.cancelled == 0 {
			t.Errorf("%d seats, %d waiting, %d active, %+v", l.seats, l.waiting, l.active, l.totals)
		}
	})
}

// ask waits for a seat for as long as patience lasts.
func ask(d *Dispatcher, r *Request, w Width, patience time.Duration) (*Ticket, Verdict) {
	t, v := d.Arrive(d.Classify(r), r, w, time.Now())
	if v != Waiting {
		return t, v
	}
	select {
	case <-t.Seated():
	case <-time.After(patience):
		if d.Leave(t, time.Now()) {
			return nil, Refused
		}
	}
	return t, Seated
}
