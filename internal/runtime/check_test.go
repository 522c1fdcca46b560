package runtime

import (
	"errors"
	"testing"
	"testing/fstest"
)

func TestCheckWithoutRunc(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if err := Check(); !errors.Is(err, errNoRunc) {
		t.Errorf("without runc: %v", err)
	}
}

// A binary that was linked without "make helpers" holds an empty directory, or
// one without all of them.
func TestABinaryWithoutHelpersSaysSo(t *testing.T) {
	for _, sums := range []string{"", "abc  " + shimName + "\n", "abc  " + shimName + "\nabc  " + cniName + "\n"} {
		if _, err := readSums(fstest.MapFS{"SHA256SUMS": {Data: []byte(sums)}}); !errors.Is(err, errNoHelpers) {
			t.Errorf("with the sums %q: %v", sums, err)
		}
	}
	if _, err := readSums(fstest.MapFS{}); !errors.Is(err, errNoHelpers) {
		t.Errorf("without sums: %v", err)
	}
}
