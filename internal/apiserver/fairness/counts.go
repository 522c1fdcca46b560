package fairness

// flow counts what becomes of the requests of one FlowSchema at one level.
// The level's lock guards it.
type flow struct {
	schema string

	dispatched uint64
	refused    [reasons]uint64
	unfitting  uint64 // times that the next request was too wide to be seated

	waiting, waitingSeats int
	serving, servingSeats int

	widths, watches, queueLengths histogram
	waited, turnedAway            histogram // how long, and what then
	served, watchesBegun          histogram
}

// reason is why a request was refused.
type reason int

const (
	noSeats reason = iota
	queueFull
	waitedTooLong
	reasons
)

// reasonNames are those of the metrics.
var reasonNames = [reasons]string{noSeats: "concurrency-limit", queueFull: "queue-full", waitedTooLong: "time-out"}

var (
	secondsBounds = []float64{0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30}
	lengthBounds  = []float64{0, 10, 25, 50, 100, 250, 500, 1000}
	widthBounds   = []float64{1, 2, 4, 8, 16, 32, 64, 100}
	watchBounds   = []float64{0, 1, 10, 100, 1000, 10000}
)

func newFlow(schema string) *flow {
	return &flow{
		schema: schema,
		widths: newHistogram(widthBounds), watches: newHistogram(watchBounds), queueLengths: newHistogram(lengthBounds),
		waited: newHistogram(secondsBounds), turnedAway: newHistogram(secondsBounds),
		served: newHistogram(secondsBounds), watchesBegun: newHistogram(secondsBounds),
	}
}

// histogram counts values by the bounds that they do not exceed. What it
// counts are the values put into it, or, of a ratio, the nanoseconds for
// which it had them.
type histogram struct {
	bounds []float64
	counts []uint64 // the last is of those beyond all bounds
	sum    float64
}

func newHistogram(bounds []float64) histogram {
	return histogram{bounds: bounds, counts: make([]uint64, len(bounds)+1)}
}

func (h *histogram) observe(value float64) { h.add(value, 1) }

func (h *histogram) add(value float64, n uint64) {
	i := 0
	for i < len(h.bounds) && value > h.bounds[i] {
		i++
	}
	h.counts[i] += n
	h.sum += value * float64(n)
}

// buckets are the counts as Prometheus has them: each with those below it.
func (h *histogram) buckets() (all uint64, upTo map[float64]uint64) {
	upTo = make(map[float64]uint64, len(h.bounds))
	for i, bound := range h.bounds {
		all += h.counts[i]
		upTo[bound] = all
	}
	return all + h.counts[len(h.bounds)], upTo
}

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
