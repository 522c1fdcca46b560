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

// span is a set of values, a bit each; open says that it was written as * or ?,
// without a step.
type span struct {
	values uint64
	open   bool
}

// parse reads a list of items. Items that are left out do no harm.
func (f field) parse(list string) (all span, err error) {
	for _, item := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' }) {
		s, err := f.item(item)
		if err != nil {
			return span{}, err
		}
		all.values |= s.values
		all.open = all.open || s.open
	}
	return all, nil
}

// item reads *, ?, a value or a range, each with or without a step. What is
// wrong with the form is said before what is wrong with the values.
func (f field) item(item string) (s span, err error) {
	parts := strings.Split(item, "/")
	from, to, single, err := f.bounds(parts[0], item)
	if err != nil {
		return s, err
	}
	step := 1
	switch {
	case len(parts) > 2:
		return s, fmt.Errorf("too many slashes: %s", item)
	case len(parts) == 2:
		if step, err = number(parts[1]); err != nil {
			return s, err
		}
		if single { // it goes on to the end
			to = f.max
		}
	}
	if err = f.check(from, to, step, item); err != nil {
		return s, err
	}
	for v := from; v <= to; v += min(step, f.max+1) {
		s.values |= 1 << v
	}
	s.open = step == 1 && isOpen(parts[0])
	return s, nil
}

// isOpen: a range from * is no range.
func isOpen(text string) bool {
	low, _, _ := strings.Cut(text, "-")
	return low == "*" || low == "?"
}

func (f field) bounds(text, item string) (from, to int, single bool, err error) {
	ends := strings.Split(text, "-")
	single = len(ends) == 1
	if isOpen(text) {
		return f.min, f.max, single, nil
	}
	if from, err = f.value(ends[0]); err != nil || single {
		return from, from, single, err
	}
	if len(ends) > 2 {
		return 0, 0, false, fmt.Errorf("too many hyphens: %s", item)
	}
	to, err = f.value(ends[1])
	return from, to, false, err
}

func (f field) check(from, to, step int, item string) error {
	switch {
	case from < f.min:
		return fmt.Errorf("beginning of range (%d) below minimum (%d): %s", from, f.min, item)
	case to > f.max:
		return fmt.Errorf("end of range (%d) above maximum (%d): %s", to, f.max, item)
	case from > to:
		return fmt.Errorf("beginning of range (%d) beyond end of range (%d): %s", from, to, item)
	case step == 0:
		return fmt.Errorf("step of range should be a positive number: %s", item)
	}
	return nil
}

func (f field) value(s string) (int, error) {
	if i := slices.Index(f.names, strings.ToLower(s)); i >= 0 {
		return f.min + i, nil
	}
	return number(s)
}

func number(s string) (int, error) {
	n, err := strconv.Atoi(s)
	switch {
	case err != nil:
		return 0, fmt.Errorf("failed to parse int from %s: %w", s, err)
	case n < 0:
		return 0, fmt.Errorf("negative number (%d) not allowed: %s", n, s)
	}
	return n, nil
}
