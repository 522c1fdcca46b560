// Package cron reads the schedules of CronJobs and says when they are due. It
// is pure: what time it is, and where, comes with the question.
package cron

import (
	"fmt"
	"strings"
	"time"
)

// Schedule says when something is due.
type Schedule interface {
	// Next is the first time after t, in t's location; zero when there is
	// none within five years.
	Next(t time.Time) time.Time
	// Last is the latest time after since and not after now; zero when there
	// is none.
	Last(since, now time.Time) time.Time
}

var words = map[string]string{
	"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
	"@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}

// Parse reads five fields, a word like @daily, or "@every 1h30m". "TZ=zone " or
// "CRON_TZ=zone " before them says where the schedule is meant.
func Parse(schedule string) (Schedule, error) {
	if zone, rest, ok := cutZone(schedule); ok {
		l, err := time.LoadLocation(zone)
		if err != nil {
			return nil, fmt.Errorf("provided bad location %s: %w", zone, err)
		}
		s, err := parse(rest)
		return zoned{s, l}, err
	}
	return parse(schedule)
}

func cutZone(schedule string) (zone, rest string, ok bool) {
	if strings.HasPrefix(schedule, "TZ=") || strings.HasPrefix(schedule, "CRON_TZ=") {
		_, schedule, _ = strings.Cut(schedule, "=")
		zone, rest, _ = strings.Cut(schedule, " ")
		return zone, strings.TrimSpace(rest), true
	}
	return "", "", false
}

func parse(schedule string) (Schedule, error) {
	if !strings.HasPrefix(schedule, "@") {
		return parseFields(schedule)
	}
	if fields, ok := words[schedule]; ok {
		return parseFields(fields)
	}
	every, ok := strings.CutPrefix(schedule, "@every ")
	if !ok {
		return nil, fmt.Errorf("unrecognized descriptor: %s", schedule)
	}
	d, err := time.ParseDuration(every)
	if err != nil {
		return nil, fmt.Errorf("failed to parse duration %s: %w", schedule, err)
	}
	return interval(max(d.Truncate(time.Second), time.Second)), nil
}

func parseFields(schedule string) (Schedule, error) {
	parts := strings.Fields(schedule)
	if len(parts) != len(fields) {
		return nil, fmt.Errorf("expected exactly %d fields, found %d: %s", len(fields), len(parts), parts)
	}
	var t table
	for i, f := range fields {
		var err error
		if t[i], err = f.parse(parts[i]); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// zoned is a schedule that is meant somewhere else than where it is asked for.
type zoned struct {
	schedule Schedule
	zone     *time.Location
}

func (z zoned) Next(t time.Time) time.Time {
	return back(z.schedule.Next(t.In(z.zone)), t.Location())
}

func (z zoned) Last(since, now time.Time) time.Time {
	return back(z.schedule.Last(since.In(z.zone), now.In(z.zone)), now.Location())
}

func back(t time.Time, l *time.Location) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(l)
}

// interval is a schedule without a calendar.
type interval time.Duration

func (d interval) Next(t time.Time) time.Time {
	return t.Add(time.Duration(d)).Truncate(time.Second)
}

func (d interval) Last(since, now time.Time) time.Time {
	n := now.Sub(since) / time.Duration(d)
	if n <= 0 {
		return time.Time{}
	}
	return since.Add(n * time.Duration(d))
}

// table is the values that each of the fields may have.
type table [5]span

const (
	minute = iota
	hour
	day
	month
	weekday
)

func (t table) has(field, value int) bool { return t[field].values&(1<<value) != 0 }

// dayFits: a day must fit both of its fields, but when neither is open it need
// fit only one, as cron has always had it.
func (t table) dayFits(at time.Time) bool {
	inMonth, inWeek := t.has(day, at.Day()), t.has(weekday, int(at.Weekday()))
	if t[day].open || t[weekday].open {
		return inMonth && inWeek
	}
	return inMonth || inWeek
}

// Next steps over months, days, hours and minutes that do not fit. An hour
// that a change of the clock leaves out is not made up for.
func (t table) Next(at time.Time) time.Time {
	end := at.AddDate(5, 0, 1)
	at = at.Truncate(time.Minute).Add(time.Minute)
	for at.Before(end) {
		next := at
		switch {
		case !t.has(month, int(at.Month())):
			next = time.Date(at.Year(), at.Month()+1, 1, 0, 0, 0, 0, at.Location())
		case !t.dayFits(at):
			next = time.Date(at.Year(), at.Month(), at.Day()+1, 0, 0, 0, 0, at.Location())
		case !t.has(hour, at.Hour()):
			next = at.Add(time.Duration(60-at.Minute()) * time.Minute)
		case !t.has(minute, at.Minute()):
			next = at.Add(time.Minute)
		default:
			return at
		}
		if !next.After(at) { // midnight itself is in a gap of the clock
			next = at.Add(time.Hour)
		}
		at = next
	}
	return time.Time{}
}

// Last looks back further and further: what was down for long need not count
// every minute of it.
func (t table) Last(since, now time.Time) (last time.Time) {
	for _, back := range []time.Duration{time.Hour, 24 * time.Hour, 40 * 24 * time.Hour, 1 << 62} {
		from := now.Add(-back)
		whole := !from.After(since)
		if whole {
			from = since
		}
		for at := t.Next(from.In(now.Location())); !at.IsZero() && !at.After(now); at = t.Next(at) {
			last = at
		}
		if whole || !last.IsZero() {
			break
		}
	}
	return last
}
