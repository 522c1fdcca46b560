package runtime

import (
	"bufio"
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// Names of the helper programs in DataDir/bin.
const (
	shimName  = "containerd-shim-runc-v2"
	cniName   = "skiff-cni"
	pauseName = "pause"
)

// The directory is embedded without what begins with a dot.
//
//go:embed helpers
var embedded embed.FS

// errNoHelpers means that the binary was linked before "make helpers".
var errNoHelpers = errors.New("this skiff was built without helpers and cannot run containers: run make")

// helpers are the programs embedded in this binary, each packed by gzip.
func helpers() fs.FS {
	dir, err := fs.Sub(embedded, "helpers")
	if err != nil {
		panic(err) // the directory is part of the source
	}
	return dir
}

// readSums reads SHA256SUMS: program name to sum.
func readSums(programs fs.FS) (map[string]string, error) {
	data, err := fs.ReadFile(programs, "SHA256SUMS")
	if err != nil {
		return nil, errNoHelpers
	}
	sums := map[string]string{}
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
		if sum, name, ok := strings.Cut(lines.Text(), "  "); ok {
			sums[name] = sum
		}
	}
	for _, name := range []string{shimName, cniName, pauseName} {
		if sums[name] == "" {
			return nil, errNoHelpers
		}
	}
	return sums, nil
}

// installHelpers writes the programs that the kernel must find as files into
// binDir. A program whose sum stands beside it is left alone, without reading
// either copy; others are replaced by renaming, which a running one survives.
func installHelpers(programs fs.FS, binDir string) error {
	sums, err := readSums(programs)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(binDir, 0o755); err != nil {
		return err
	}
	for _, name := range []string{shimName, cniName} {
		if err := installHelper(programs, binDir, name, sums[name]); err != nil {
			return fmt.Errorf("writing the helper program %s: %w", name, err)
		}
	}
	return nil
}

func installHelper(programs fs.FS, binDir, name, sum string) error {
	target := filepath.Join(binDir, name)
	stamp := target + ".sha256"
	if have, err := os.ReadFile(stamp); err == nil && string(have) == stampOf(sum, target) {
		return nil
	}
	program, err := readHelper(programs, name)
	if err != nil {
		return err
	}
	if err := replaceFile(target, program, 0o755); err != nil {
		return err
	}
	return replaceFile(stamp, []byte(stampOf(sum, target)), 0o644)
}

// stampOf is what stands beside a program that was written whole: its sum, and
// its size, by which one that a power cut left short is found out.
func stampOf(sum, target string) string {
	info, err := os.Stat(target)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s %d\n", sum, info.Size())
}

// readHelper unpacks an embedded program.
func readHelper(programs fs.FS, name string) ([]byte, error) {
	packed, err := programs.Open(name + ".gz")
	if err != nil {
		return nil, errNoHelpers
	}
	defer packed.Close()
	r, err := gzip.NewReader(packed)
	if err != nil {
		return nil, fmt.Errorf("the embedded program %s: %w", name, err)
	}
	return io.ReadAll(r)
}

// replaceFile writes path so that a reader sees the old content or the new.
func replaceFile(path string, data []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(mode)
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
