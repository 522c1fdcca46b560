package fairness

import (
	"math"
	"time"
)

// Width is how much of the server a request takes.
type Width struct {
	// Seats are taken while the request is served.
	Seats int
	// FinalSeats are taken for Linger after it, by what a write sets off.
	FinalSeats int
	Linger     time.Duration

	counted bool // watches is of a write
	watches int
}

// One is the width of most requests.
var One = Width{Seats: 1}

// What widths are reckoned by.
const (
	bytesPerSeat   = 100_000
	mostBytes      = 1_000_000 // lists are streamed, and hold no more at once
	watchesPerSeat = 10
	timePerWatches = 5 * time.Millisecond // of one seat, for watchesPerSeat watches
	mostFinalSeats = 10
	// likelyTime is how long a request is taken to last until it has ended.
	likelyTime = 3 * time.Millisecond
)

// ListWidth is the width of reading objects of so many bytes altogether. most
// is the widest that the level allows; 0: it says nothing.
func ListWidth(bytes int64, most int) Width {
	seats := ceilDiv(int(min(bytes, mostBytes)), bytesPerSeat)
	if most > 0 {
		seats = min(seats, most)
	}
	return Width{Seats: max(1, seats)}
}

// WriteWidth is the width of a write that so many watches see. Sending its
// event to them is work that outlives it, spread so that it is no wider than
// most allows.
func WriteWidth(watches, most int) Width {
	w := Width{Seats: 1, counted: true, watches: watches}
	if watches < watchesPerSeat {
		return w
	}
	if most <= 0 || most > mostFinalSeats {
		most = mostFinalSeats
	}
	w.FinalSeats, w.Linger = ceilDiv(watches, watchesPerSeat), timePerWatches
	w.narrow(most)
	return w
}

// narrow makes the end of a request last longer on fewer seats.
func (w *Width) narrow(most int) {
	if w.FinalSeats <= most {
		return
	}
	w.Linger = w.Linger * time.Duration(w.FinalSeats) / time.Duration(most)
	w.FinalSeats = most
}

// seats are held from the beginning to the end.
func (w *Width) seats() int { return max(w.Seats, w.FinalSeats) }

// work is what the request is reckoned to take before it has ended, in
// seconds of one seat.
func (w *Width) work() float64 {
	return float64(w.Seats)*seconds(likelyTime) + float64(w.FinalSeats)*seconds(w.Linger)
}

// seconds is Duration.Seconds without its division, for what every request does.
func seconds(d time.Duration) float64 { return float64(d) * 1e-9 }

// mostSeats is how wide a request may be at a level with so many seats and
// such hands of queues.
func mostSeats(nominal, hand int) int {
	return max(1, min(int(math.Ceil(float64(nominal)*0.15)), nominal/hand))
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }
