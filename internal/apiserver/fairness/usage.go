package fairness

// usage is for how long how much of a level was in use, as ratios.
type usage struct {
	seats, serving, waiting, wanted histogram
	// dispatchedAt is the virtual time of the last request taken from a queue,
	// and dueAt when it would have begun were its queue served by itself.
	dispatchedAt, dueAt float64
}

var (
	seatBounds    = []float64{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1}
	requestBounds = []float64{0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 1}
	demandBounds  = []float64{0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.7, 2, 2.8, 4, 6}
)

func newUsage() usage {
	return usage{
		seats: newHistogram(seatBounds), serving: newHistogram(requestBounds),
		waiting: newHistogram(requestBounds), wanted: newHistogram(demandBounds),
	}
}

func (u *usage) pass(nanoseconds uint64, l *level) {
	u.seats.add(float64(l.seats)/l.full, nanoseconds)
	u.serving.add(float64(l.serving)/l.full, nanoseconds)
	u.waiting.add(float64(l.waiting)/l.places(), nanoseconds)
	u.wanted.add(float64(l.seats+l.waitingSeats)/l.full, nanoseconds)
}

// places is how many may wait.
func (l *level) places() float64 { return float64(max(1, l.queues) * max(1, l.longest)) }

func (u *usage) dispatched(virtual, due float64) { u.dispatchedAt, u.dueAt = virtual, due }
