package footprint

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestOnlyWhatNobodyWroteToIsDropped(t *testing.T) {
	var smaps strings.Builder
	for _, m := range []struct {
		line      string
		anonymous string
	}{
		{"00400000-02000000 r-xp 00000000 fe:00 11 /usr/bin/my skiff", "0 kB"},
		{"02000000-03000000 r--p 01c00000 fe:00 11                         /usr/bin/my skiff", "0 kB"},
		{"03000000-03010000 r--p 02c00000 fe:00 11                         /usr/bin/my skiff", "64 kB"}, // relocated, then sealed
		{"03010000-03100000 rw-p 02c10000 fe:00 11                         /usr/bin/my skiff", "0 kB"},
		{"03100000-05000000 rw-p 00000000 00:00 0", "12 kB"},
		{"05000000-06000000 ---p 00000000 fe:00 11                         /usr/bin/my skiff", "0 kB"},
		{"7f0000000000-7f0000010000 r--s 00000000 fe:00 99                 /var/lib/skiff/etcd/member/snap/db", "0 kB"},
		{"7fff00000000-7fff00001000 r-xp 00000000 00:00 0                  [vdso]", "0 kB"},
	} {
		fmt.Fprintf(&smaps, "%s\nSize:  64 kB\nAnonymous: %10s\nVmFlags: rd ex mr\n", m.line, m.anonymous)
	}
	want := []span{{0x400000, 0x2000000}, {0x2000000, 0x3000000}}
	if got := clean(smaps.String(), "/usr/bin/my skiff"); !slices.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
	if got := clean(smaps.String(), "/usr/bin/my"); got != nil {
		t.Errorf("another program's pages: %x", got)
	}
}

// marked is written to at run time: it must survive.
var marked = []byte("as linked")

func TestReleaseMakesTheProgramSmallerAndLosesNothing(t *testing.T) {
	copy(marked, "rewritten")
	touchProgram(t)
	before := programKB(t)
	Release()
	after := programKB(t)
	if after >= before {
		t.Errorf("the program takes %d KB after, %d KB before", after, before)
	}
	if string(marked) != "rewritten" {
		t.Errorf("a variable fell back to %q", marked)
	}
}

// touchProgram reads every page of the program through its mappings, so that
// all of it is in memory.
func touchProgram(t *testing.T) {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	mem, err := os.Open("/proc/self/mem")
	if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	for _, s := range clean(string(maps), exe) {
		for at := int64(s.start); at < int64(s.end); at += 4096 {
			if _, err := mem.ReadAt(make([]byte, 1), at); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// programKB is how much of the program is mapped into memory.
func programKB(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "RssFile:" {
			kb, err := strconv.Atoi(f[1])
			if err != nil {
				t.Fatal(err)
			}
			return kb
		}
	}
	t.Fatal("no RssFile in /proc/self/status")
	return 0
}
