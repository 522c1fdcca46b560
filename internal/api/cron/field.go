package cron

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// field is one of the five fields of a schedule and the values it may have.
type field struct {
	min, max int
	names    []string // of min, min+1, ...
}

var fields = [5]field{
	minute:  {max: 59},
	hour:    {max: 23},
	day:     {min: 1, max: 31},
	month:   {min: 1, max: 12, names: []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
	weekday: {max: 6, names: []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
}

// span is a set of values, a bit each; any says that it was written as * or ?.
type span struct {
	values uint64
	any    bool
}

// parse reads one item of a list: *, ?, a value, a range, each with or without
// a step.
func (f field) parse(item string) (s span, err error) {
	text, by, stepped := strings.Cut(item, "/")
	step := 1
	if stepped {
		if step, err = strconv.Atoi(by); err != nil {
			return s, fmt.Errorf("failed to parse int from %s: %w", by, err)
		}
		if step <= 0 {
			return s, fmt.Errorf("step of range should be a positive number: %s", item)
		}
	}
	from, to := f.min, f.max
	if s.any = text == "*" || text == "?"; !s.any {
		if from, to, err = f.bounds(text, item, stepped); err != nil {
			return s, err
		}
	}
	for v := from; v <= to; v += step {
		s.values |= 1 << v
	}
	return s, nil
}

// bounds reads a value or a range. A value with a step goes on to the end.
func (f field) bounds(text, item string, stepped bool) (from, to int, err error) {
	low, high, ranged := strings.Cut(text, "-")
	if from, err = f.value(low); err != nil {
		return 0, 0, err
	}
	switch to = from; {
	case ranged:
		to, err = f.value(high)
	case stepped:
		to = f.max
	}
	if err == nil && from > to {
		err = fmt.Errorf("beginning of range (%d) beyond end of range (%d): %s", from, to, item)
	}
	return from, to, err
}

func (f field) value(s string) (int, error) {
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
