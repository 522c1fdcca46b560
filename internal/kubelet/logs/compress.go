package logs

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

const (
	compressed = ".gz"
	unfinished = ".tmp"
)

// compress makes FILE.gz of FILE. At every moment one of them is there whole;
// what is compressed already stays.
func compress(file string) error {
	if strings.HasSuffix(file, compressed) {
		return nil
	}
	temporary := file + unfinished
	if err := writeCompressed(file, temporary); err != nil {
		return errors.Join(fmt.Errorf("compress %s: %w", file, err), os.Remove(temporary))
	}
	if err := os.Rename(temporary, file+compressed); err != nil {
		return err
	}
	return os.Remove(file)
}

func writeCompressed(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	w := gzip.NewWriter(out)
	_, err = io.Copy(w, in)
	return errors.Join(err, w.Close(), out.Close())
}
