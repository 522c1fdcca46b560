package logs

import (
	"bytes"
	"io"
	"os"
)

const block = 8 << 10

// tailOffset returns where the last n lines of a file begin.
func tailOffset(f io.ReadSeeker, n int64) (int64, error) {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil || n <= 0 {
		return size, err
	}
	buf := make([]byte, block)
	for end, found := size, int64(0); end > 0; {
		begin := max(end-block, 0)
		if _, err := f.Seek(begin, io.SeekStart); err != nil {
			return 0, err
		}
		chunk := buf[:end-begin]
		if _, err := io.ReadFull(f, chunk); err != nil {
			return 0, err
		}
		for i := len(chunk) - 1; i >= 0; i-- {
			if chunk[i] != '\n' || begin+int64(i) == size-1 {
				continue
			}
			if found++; found == n {
				return begin + int64(i) + 1, nil
			}
		}
		end = begin
	}
	return 0, nil
}

// Tail returns the text of a log's last lines, at most so many bytes of it.
func Tail(path string, lines, most int64) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	offset, err := tailOffset(f, lines)
	if err != nil {
		return ""
	}
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return ""
	}
	raw, _ := io.ReadAll(f)
	var out bytes.Buffer
	for _, l := range bytes.SplitAfter(raw, []byte("\n")) {
		if parsed, err := parse(l); err == nil {
			out.Write(parsed.text)
			if parsed.full {
				out.WriteByte('\n')
			}
		}
	}
	b := out.Bytes()
	return string(b[max(int64(len(b))-most, 0):])
}
