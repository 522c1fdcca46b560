package fairness

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// DumpLevels writes a table of the levels, for people who look for what holds
// requests up.
func (d *Dispatcher) DumpLevels(to io.Writer) error {
	t := newDump(to, "PriorityLevelName", "ActiveQueues", "IsIdle", "IsQuiescing", "WaitingRequests", "ExecutingRequests",
		"DispatchedRequests", "RejectedRequests", "TimedoutRequests", "CancelledRequests")
	d.eachLevel(func(l *level) {
		t.row(l.name, len(l.backlog), l.waiting == 0 && l.serving == 0, l.gone, l.waiting, l.serving,
			l.totals.dispatched, l.totals.refused, 0, l.totals.cancelled)
	})
	return t.Flush()
}

// DumpQueues writes a table of all queues.
func (d *Dispatcher) DumpQueues(to io.Writer) error {
	t := newDump(to, "PriorityLevelName", "Index", "PendingRequests", "ExecutingRequests", "SeatsInUse", "NextDispatchR",
		"InitialSeatsSum", "MaxSeatsSum", "TotalWorkSum")
	d.eachLevel(func(l *level) {
		unused := &queue{}
		for i := range l.queues {
			q := unused
			if l.deck != nil && l.deck[i] != nil {
				q = l.deck[i]
			}
			initial := 0
			for one := q.first; one != nil; one = one.next {
				initial += one.width.Seats
			}
			t.row(l.name, i, q.length, q.serving, q.seats, seatSeconds(q.next), initial, q.waitingSeats, seatSeconds(q.waitingWork))
		}
	})
	return t.Flush()
}

func seatSeconds(n float64) string { return fmt.Sprintf("%.8fss", n) }

// DumpRequests writes a table of all requests that wait or are served, with
// what each asks for if details is set.
func (d *Dispatcher) DumpRequests(to io.Writer, details bool) error {
	header := []string{"PriorityLevelName", "FlowSchemaName", "QueueIndex", "RequestIndexInQueue", "FlowDistingsher",
		"ArriveTime", "InitialSeats", "FinalSeats", "AdditionalLatency", "StartTime"}
	if details {
		header = append(header, "UserName", "Verb", "APIPath", "Namespace", "Name", "APIVersion", "Resource", "SubResource")
	}
	t := newDump(to, header...)
	d.eachLevel(func(l *level) {
		for _, q := range slices.SortedFunc(slices.Values(l.backlog), func(a, b *queue) int { return cmp.Compare(a.index, b.index) }) {
			for i, one := 0, q.first; one != nil; i, one = i+1, one.next {
				t.row(one.row(q.index, i, details)...)
			}
		}
		for one := l.servingFirst; one != nil; one = one.next {
			queue := -1
			if one.queue != nil {
				queue = one.queue.index
			}
			t.row(one.row(queue, -1, details)...)
		}
	})
	return t.Flush()
}

func (t *Ticket) row(queue, place int, details bool) []any {
	row := []any{
		t.level.name, t.schema.name, queue, place, t.schema.distinguisher(&t.request),
		t.arrived.UTC().Format(time.RFC3339Nano), t.width.Seats, t.width.FinalSeats, t.width.Linger, t.began.UTC().Format(time.RFC3339Nano),
	}
	if !details {
		return row
	}
	r := &t.request
	version := strings.TrimPrefix(r.APIGroup+"/"+r.APIVersion, "/")
	return append(row, r.User, r.Verb, r.Path, r.Namespace, r.Name, version, r.Resource, r.Subresource)
}

// eachLevel calls f with each level, which it holds still, by name.
func (d *Dispatcher) eachLevel(f func(*level)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var names []string
	for name := range d.levels {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		l := d.levels[name]
		l.mu.Lock()
		f(l)
		l.mu.Unlock()
	}
}

// dump writes a table as upstream does: commas, and columns that are aligned.
type dump struct{ *tabwriter.Writer }

func newDump(to io.Writer, header ...string) dump {
	t := dump{tabwriter.NewWriter(to, 8, 0, 1, ' ', 0)}
	t.line(header)
	return t
}

func (t dump) row(cells ...any) {
	texts := make([]string, len(cells))
	for i, c := range cells {
		texts[i] = fmt.Sprint(c)
	}
	t.line(texts)
}

// line ignores errors: those of the writer below show when it is flushed.
func (t dump) line(texts []string) { _, _ = io.WriteString(t, strings.Join(texts, ",\t")+"\n") }
