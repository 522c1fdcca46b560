package negotiate

import (
	"mime"
	"slices"
	"strconv"
	"strings"
)

// accepted is one media range of an Accept header.
type accepted struct {
	kind, sub string // "application", "json"; either may be "*"
	q         float64
	params    map[string]string
}

// covers says whether the range includes the media type.
func (a accepted) covers(mediaType string) bool {
	kind, sub, _ := strings.Cut(mediaType, "/")
	return (a.kind == "*" || a.kind == kind) && (a.sub == "*" || a.sub == sub)
}

// parseAccept lists the ranges of the headers, the most wanted first; equal
// wishes stay in the client's order, narrower before wider. What cannot be
// parsed is left out, as browsers send all sorts of things.
func parseAccept(headers []string) []accepted {
	var out []accepted
	for _, h := range headers {
		for part := range strings.SplitSeq(h, ",") {
			if a, ok := parseRange(strings.TrimSpace(part)); ok {
				out = append(out, a)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b accepted) int {
		switch {
		case a.q != b.q:
			return compare(b.q, a.q)
		default:
			return compare(a.stars(), b.stars())
		}
	})
	return out
}

func parseRange(s string) (accepted, bool) {
	if s == "" {
		return accepted{}, false
	}
	t, params, err := mime.ParseMediaType(s)
	if err != nil {
		return accepted{}, false
	}
	kind, sub, ok := strings.Cut(t, "/")
	if !ok && kind == "*" {
		sub = "*"
	}
	a := accepted{kind: kind, sub: sub, q: 1, params: params}
	if q, err := strconv.ParseFloat(params["q"], 64); err == nil {
		a.q = q
	}
	return a, a.q > 0
}

func (a accepted) stars() float64 {
	n := 0.0
	if a.kind == "*" {
		n++
	}
	if a.sub == "*" {
		n++
	}
	return n
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
