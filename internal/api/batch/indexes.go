package batch

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// countIndexes counts the indexes in a list like "0,2-4,7", which must be in
// order and below completions.
func countIndexes(list string, completions int32) (int32, error) {
	if list == "" {
		return 0, nil
	}
	count, last := int32(0), int32(-1)
	for part := range strings.SplitSeq(list, ",") {
		first, end, err := interval(part, completions)
		if err != nil {
			return 0, err
		}
		if last >= first {
			return 0, fmt.Errorf("non-increasing order, previous: %d, current: %d", last, first)
		}
		count, last = count+end-first+1, end
	}
	return count, nil
}

func interval(part string, completions int32) (first, last int32, err error) {
	ends := strings.Split(part, "-")
	if len(ends) > 2 {
		return 0, 0, fmt.Errorf("the fragment %q violates the requirement that an index interval can have at most two parts separated by '-'", part)
	}
	if first, err = index(ends[0], completions); err != nil || len(ends) == 1 {
		return first, first, err
	}
	if last, err = index(ends[1], completions); err == nil && first >= last {
		err = fmt.Errorf("non-increasing order, previous: %d, current: %d", first, last)
	}
	return first, last, err
}

func index(s string, completions int32) (int32, error) {
	n, err := strconv.Atoi(s)
	switch {
	case err != nil:
		return 0, fmt.Errorf("cannot convert string to integer for index: %q", s)
	case n < 0:
		return 0, errors.New("an index is not negative")
	case n >= int(completions):
		return 0, fmt.Errorf("too large index: %q", s)
	}
	return int32(n), nil
}

// common finds the first index that is in both lists. Parts that cannot be read
// are passed over.
func common(a, b string, completions int32) (int32, bool) {
	as, bs := intervals(a, completions), intervals(b, completions)
	for len(as) > 0 && len(bs) > 0 {
		if first := max(as[0][0], bs[0][0]); first <= min(as[0][1], bs[0][1]) {
			return first, true
		}
		if as[0][0] <= bs[0][0] {
			as = as[1:]
		} else {
			bs = bs[1:]
		}
	}
	return 0, false
}

func intervals(list string, completions int32) (out [][2]int32) {
	for part := range strings.SplitSeq(list, ",") {
		if first, last, err := interval(part, completions); err == nil {
			out = append(out, [2]int32{first, last})
		}
	}
	return out
}
