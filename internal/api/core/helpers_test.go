package core

import (
	"slices"
	"testing"
)

// warned compares warnings, in order, with what is expected of them.
func warned(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n\t%q\nwant\n\t%q", got, want)
	}
}
