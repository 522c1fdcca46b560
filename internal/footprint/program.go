package footprint

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// span is a mapping of this process's address space.
type span struct{ start, end uintptr }

// dropProgram unmaps the clean pages of the running program: its code and its
// constants. The mappings stay, so that the next use of a page maps it again.
func dropProgram() error {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return err
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return err
	}
	var errs []error
	for _, s := range readOnly(string(maps), exe) {
		_, _, e := unix.Syscall(unix.SYS_MADVISE, s.start, s.end-s.start, unix.MADV_DONTNEED)
		if e != 0 {
			errs = append(errs, fmt.Errorf("madvise: %w", e))
		}
	}
	return errors.Join(errs...)
}

// readOnly are the mappings of the file exe that nobody can have written to:
// /proc/PID/maps has a line "start-end perms offset device inode path" each.
// A writable one may hold what is nowhere else, and is never among them.
func readOnly(maps, exe string) []span {
	var spans []span
	for line := range strings.Lines(maps) {
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 6)
		if len(f) < 6 || strings.TrimLeft(f[5], " ") != exe || len(f[1]) != 4 || f[1][0] != 'r' || f[1][1] == 'w' {
			continue
		}
		from, to, _ := strings.Cut(f[0], "-")
		start, err1 := strconv.ParseUint(from, 16, 64)
		end, err2 := strconv.ParseUint(to, 16, 64)
		if err1 == nil && err2 == nil && start < end {
			spans = append(spans, span{uintptr(start), uintptr(end)})
		}
	}
	return spans
}
