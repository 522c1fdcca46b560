package fairness

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Collector shows what the Dispatcher counts, under the names that dashboards
// know. It makes the figures when somebody asks, by the clock now.
func (d *Dispatcher) Collector(now func() time.Time) prometheus.Collector { return collector{d, now} }

type collector struct {
	d   *Dispatcher
	now func() time.Time
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("apiserver_flowcontrol_"+name, help, labels, nil)
}

func perLevel(name, help string) *prometheus.Desc { return desc(name, help, "priority_level") }

func perFlow(name, help string, more ...string) *prometheus.Desc {
	return desc(name, help, append([]string{"priority_level", "flow_schema"}, more...)...)
}

// Of each FlowSchema at its level.
var (
	dispatchedTotal = perFlow("dispatched_requests_total", "Requests that were served.")
	rejectedTotal   = perFlow("rejected_requests_total", "Requests that were turned away.", "reason")
	unfittingTotal  = perFlow("request_dispatch_no_accommodation_total", "Times that the next request was too wide for the seats that were free.")
	inQueue         = perFlow("current_inqueue_requests", "Requests that wait.")
	inQueueSeats    = perFlow("current_inqueue_seats", "Seats that waiting requests will take.")
	executing       = perFlow("current_executing_requests", "Requests being served; watches until they have begun.")
	executingSeats  = perFlow("current_executing_seats", "Seats taken by requests being served, and after them.")
	queueLength     = perFlow("request_queue_length_after_enqueue", "Requests in a queue, as each sees it that comes.")
	waitSeconds     = perFlow("request_wait_duration_seconds", "Time that requests waited.", "execute")
	executeSeconds  = perFlow("request_execution_seconds", "Time to serve a request, or to begin a watch.", "type")
	workSeats       = perFlow("work_estimated_seats", "Seats that requests take.")
	watchCount      = perFlow("watch_count_samples", "Watches that see what a request writes.")
)

// Of each level.
var (
	nominalLimit   = perLevel("nominal_limit_seats", "Seats configured.")
	lowerLimit     = perLevel("lower_limit_seats", "Seats that are never lent.")
	upperLimit     = perLevel("upper_limit_seats", "Seats there may be with what is borrowed.")
	currentLimit   = perLevel("current_limit_seats", "Seats for now.")
	demandHigh     = perLevel("demand_seats_high_watermark", "The most seats wanted in the last period of adjustment.")
	demandAverage  = perLevel("demand_seats_average", "Seats wanted in the last period of adjustment, on average.")
	demandStdev    = perLevel("demand_seats_stdev", "Standard deviation of the seats wanted in the last period of adjustment.")
	demandSmoothed = perLevel("demand_seats_smoothed", "Seats wanted lately.")
	targetSeats    = perLevel("target_seats", "Seats that the level should have, if there were enough.")
	currentR       = perLevel("current_r", "Virtual time at the last change.")
	dispatchR      = perLevel("dispatch_r", "Virtual time when a request last left a queue.")
	latestS        = perLevel("latest_s", "Virtual time at which that request was due.")
	demandSeats    = perLevel("demand_seats", "Seats wanted by those that there are, in each nanosecond.")
	utilization    = desc("priority_level_request_utilization", "Requests by how many there may be, in each nanosecond.", "phase", "priority_level")
	seatsUsed      = desc("priority_level_seat_utilization", "Seats taken by those that there are, in each nanosecond.", "phase", "priority_level")
)

var fairFraction = desc("seat_fair_frac", "The part of its target that each level gets.")

// Describe implements prometheus.Collector.
func (collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		dispatchedTotal, rejectedTotal, unfittingTotal, inQueue, inQueueSeats, executing, executingSeats, queueLength,
		waitSeconds, executeSeconds, workSeats, watchCount,
		nominalLimit, lowerLimit, upperLimit, currentLimit, demandHigh, demandAverage, demandStdev, demandSmoothed,
		targetSeats, currentR, dispatchR, latestS, demandSeats, utilization, seatsUsed, fairFraction,
	} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(to chan<- prometheus.Metric) {
	now := c.now()
	c.d.Adjust(now)
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	to <- prometheus.MustNewConstMetric(fairFraction, prometheus.GaugeValue, c.d.fraction)
	for _, l := range c.d.levels {
		l.collect(series{to, []string{l.name}}, now)
	}
}

// series sends metrics that have some labels in common.
type series struct {
	to     chan<- prometheus.Metric
	labels []string
}

func (s series) with(more ...string) []string {
	return append(s.labels[:len(s.labels):len(s.labels)], more...)
}

func (s series) gauge(d *prometheus.Desc, value float64) {
	s.to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, s.labels...)
}

func (s series) counter(d *prometheus.Desc, value uint64, more ...string) {
	s.to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(value), s.with(more...)...)
}

// histogram sends what has been counted; nothing at all is not shown.
func (s series) histogram(d *prometheus.Desc, h *histogram, more ...string) {
	if all, upTo := h.buckets(); all > 0 {
		s.to <- prometheus.MustNewConstHistogram(d, all, h.sum, upTo, s.with(more...)...)
	}
}

// collect sends the level's metrics. The caller holds the dispatcher's lock.
func (l *level) collect(s series, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.advance(now)
	for d, value := range map[*prometheus.Desc]float64{
		nominalLimit: float64(l.nominal), lowerLimit: float64(l.least), upperLimit: float64(l.most), currentLimit: float64(l.limit),
		demandHigh: l.demand.high, demandAverage: l.demand.average, demandStdev: l.demand.deviation,
		demandSmoothed: l.demand.smoothed, targetSeats: l.target,
		currentR: l.virtual, dispatchR: l.usage.dispatchedAt, latestS: l.usage.dueAt,
	} {
		s.gauge(d, value)
	}
	s.histogram(demandSeats, &l.usage.wanted)
	phase := func(name string) series { return series{s.to, []string{name, l.name}} }
	phase("executing").histogram(utilization, &l.usage.serving)
	phase("waiting").histogram(utilization, &l.usage.waiting)
	phase("executing").histogram(seatsUsed, &l.usage.seats)
	for _, f := range l.flows {
		f.collect(series{s.to, s.with(f.schema)})
	}
}

// collect sends nothing of a FlowSchema that has not matched yet.
func (f *flow) collect(s series) {
	if all, _ := f.widths.buckets(); all == 0 {
		return
	}
	s.counter(dispatchedTotal, f.dispatched)
	for why, n := range f.refused {
		if n > 0 {
			s.counter(rejectedTotal, n, reasonNames[why])
		}
	}
	if f.unfitting > 0 {
		s.counter(unfittingTotal, f.unfitting)
	}
	for d, value := range map[*prometheus.Desc]int{
		inQueue: f.waiting, inQueueSeats: f.waitingSeats, executing: f.serving, executingSeats: f.servingSeats,
	} {
		s.gauge(d, float64(value))
	}
	s.histogram(queueLength, &f.queueLengths)
	s.histogram(waitSeconds, &f.waited, "true")
	s.histogram(waitSeconds, &f.turnedAway, "false")
	s.histogram(executeSeconds, &f.served, "regular")
	s.histogram(executeSeconds, &f.watchesBegun, "watch")
	s.histogram(workSeats, &f.widths)
	s.histogram(watchCount, &f.watches)
}
