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
// constants. The mappings stay, so that the next use of a page maps it again;
// from then on it alone and its neighbours, and not the 2 MB around it: the
// kernel maps those at once where its cache has them in one piece, as it has
// of a file that was written a short while ago.
func dropProgram() error {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return err
	}
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return err
	}
	var errs []error
	for _, s := range clean(string(maps), exe) {
		_ = s.advise(unix.MADV_NOHUGEPAGE) // a kernel without huge pages refuses
		if err := s.advise(unix.MADV_DONTNEED); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (s span) advise(advice uintptr) error {
	if _, _, e := unix.Syscall(unix.SYS_MADVISE, s.start, s.end-s.start, advice); e != 0 {
		return fmt.Errorf("madvise: %w", e)
	}
	return nil
}

// clean are the read-only mappings of the file exe that hold nothing but the
// file's pages, in the form of proc(5)'s smaps: a line "start-end perms offset
// device inode path" each, and below it lines "Name: N kB". That a mapping
// cannot be written to now is not enough: a dynamic linker writes addresses
// into pages and seals them after (RELRO), a debugger breakpoints into code.
// Such pages are counted as Anonymous, and their mappings left alone.
func clean(smaps, exe string) []span {
	var spans []span
	var here span
	var candidate bool
	for line := range strings.Lines(smaps) {
		if name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ":"); ok && !strings.Contains(name, " ") {
			if candidate && name == "Anonymous" && strings.TrimSpace(value) == "0 kB" {
				spans = append(spans, here)
			}
			continue
		}
		here, candidate = readOnly(line, exe)
	}
	return spans
}

// readOnly reads the first line of a mapping, and says whether it is a
// read-only one of exe.
func readOnly(line, exe string) (span, bool) {
	f := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 6)
	if len(f) < 6 || strings.TrimLeft(f[5], " ") != exe || len(f[1]) != 4 || f[1][0] != 'r' || f[1][1] == 'w' {
		return span{}, false
	}
	from, to, _ := strings.Cut(f[0], "-")
	start, err1 := strconv.ParseUint(from, 16, 64)
	end, err2 := strconv.ParseUint(to, 16, 64)
	return span{uintptr(start), uintptr(end)}, err1 == nil && err2 == nil && start < end
}
