package batch

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cronField is one of the five fields of a schedule and the values it may have.
type cronField struct {
	name     string
	min, max int
	names    []string // of min, min+1, ...
}

var cronFields = []cronField{
	{name: "minute", max: 59},
	{name: "hour", max: 23},
	{name: "day of month", min: 1, max: 31},
	{name: "month", min: 1, max: 12, names: []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
	{name: "day of week", max: 6, names: []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
}

var cronWords = []string{"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}

// checkSchedule says what is wrong with a schedule in cron's form.
func checkSchedule(schedule string) error {
	if every, ok := strings.CutPrefix(schedule, "@every "); ok {
		if _, err := time.ParseDuration(every); err != nil {
			return fmt.Errorf("failed to parse duration %s: %w", schedule, err)
		}
		return nil
	}
	if strings.HasPrefix(schedule, "@") {
		if !slices.Contains(cronWords, schedule) {
			return fmt.Errorf("unrecognized descriptor: %s", schedule)
		}
		return nil
	}
	parts := strings.Fields(schedule)
	if len(parts) != len(cronFields) {
		return fmt.Errorf("expected exactly %d fields, found %d: %s", len(cronFields), len(parts), parts)
	}
	for i, f := range cronFields {
		for part := range strings.SplitSeq(parts[i], ",") {
			if err := f.check(part); err != nil {
				return err
			}
		}
	}
	return nil
}

// check judges one item of a list: *, ?, a value, a range, each with or
// without a step.
func (f cronField) check(item string) error {
	span, step, stepped := strings.Cut(item, "/")
	if stepped {
		n, err := strconv.Atoi(step)
		if err != nil {
			return fmt.Errorf("failed to parse int from %s: %w", step, err)
		}
		if n <= 0 {
			return fmt.Errorf("step of range should be a positive number: %s", item)
		}
	}
	if span == "*" || span == "?" {
		return nil
	}
	low, high, ranged := strings.Cut(span, "-")
	from, err := f.value(low)
	if err != nil || !ranged {
		return err
	}
	to, err := f.value(high)
	if err == nil && from > to {
		err = fmt.Errorf("beginning of range (%d) beyond end of range (%d): %s", from, to, item)
	}
	return err
}

func (f cronField) value(s string) (int, error) {
	if i := slices.Index(f.names, strings.ToLower(s)); i >= 0 {
		return f.min + i, nil
	}
	n, err := strconv.Atoi(s)
	switch {
	case err != nil:
		return 0, fmt.Errorf("failed to parse int from %s: %w", s, err)
	case n < f.min:
		return 0, fmt.Errorf("beginning of range (%d) below minimum (%d): %s", n, f.min, s)
	case n > f.max:
		return 0, fmt.Errorf("end of range (%d) above maximum (%d): %s", n, f.max, s)
	}
	return n, nil
}
