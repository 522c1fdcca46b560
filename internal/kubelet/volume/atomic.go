package volume

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The names that the layout of a written volume reserves: every file is a link
// through dataLink, which is moved from one complete directory to the next.
const (
	dataLink    = "..data"
	dataLinkNew = "..data_tmp"
)

// file is one file of a volume.
type file struct {
	data []byte
	mode os.FileMode
	uid  *int64 // owner, if not root
	gid  *int64
}

// writeAtomically makes dir hold exactly the files, by path. A reader sees all
// of the old content or all of the new. It does nothing, and returns false, if
// the content is there already.
func writeAtomically(dir string, files map[string]file) (bool, error) {
	for name := range files {
		if err := checkName(name); err != nil {
			return false, err
		}
	}
	old, _ := os.Readlink(filepath.Join(dir, dataLink))
	if old != "" && upToDate(filepath.Join(dir, old), files) {
		return false, linkNames(dir, files)
	}
	fresh, err := os.MkdirTemp(dir, time.Now().UTC().Format("..2006_01_02_15_04_05."))
	if err != nil {
		return false, err
	}
	if err := writeAll(fresh, files); err != nil {
		return false, errors.Join(err, os.RemoveAll(fresh))
	}
	if err := moveLink(dir, filepath.Base(fresh)); err != nil {
		return false, errors.Join(err, os.RemoveAll(fresh))
	}
	if err := linkNames(dir, files); err != nil {
		return false, err
	}
	if err := unlinkOthers(dir, files); err != nil {
		return false, err
	}
	if old == "" {
		return true, nil
	}
	return true, os.RemoveAll(filepath.Join(dir, old))
}

// checkName refuses paths that lead out of the volume or into its layout.
func checkName(name string) error {
	switch {
	case name == "", filepath.IsAbs(name), !filepath.IsLocal(name), strings.HasPrefix(name, ".."):
		return fmt.Errorf("invalid path %q in a volume: it must be relative, below the volume and not begin with '..'", name)
	}
	return nil
}

func upToDate(dir string, files map[string]file) bool {
	found := 0
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		want, ok := files[rel]
		info, err := e.Info()
		if !ok || err != nil || info.Mode().Perm() != want.mode.Perm() {
			return fs.ErrInvalid
		}
		have, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(have, want.data) {
			return fs.ErrInvalid
		}
		found++
		return nil
	})
	return err == nil && found == len(files)
}

func writeAll(dir string, files map[string]file) error {
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	for name, f := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, f.data, f.mode); err != nil {
			return err
		}
		if err := own(path, f); err != nil {
			return err
		}
	}
	return nil
}

// own sets owner and mode; the mode comes last, because the umask and a change
// of owner take bits away.
func own(path string, f file) error {
	if f.uid != nil || f.gid != nil {
		if err := os.Lchown(path, id(f.uid), id(f.gid)); err != nil {
			return err
		}
	}
	return os.Chmod(path, f.mode)
}

func id(v *int64) int {
	if v == nil {
		return -1
	}
	return int(*v)
}

func moveLink(dir, target string) error {
	link := filepath.Join(dir, dataLinkNew)
	if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(target, link); err != nil {
		return err
	}
	return os.Rename(link, filepath.Join(dir, dataLink))
}

func topNames(files map[string]file) map[string]bool {
	top := map[string]bool{}
	for name := range files {
		first, _, _ := strings.Cut(name, "/")
		top[first] = true
	}
	return top
}

func linkNames(dir string, files map[string]file) error {
	for name := range topNames(files) {
		err := os.Symlink(filepath.Join(dataLink, name), filepath.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

func unlinkOthers(dir string, files map[string]file) error {
	keep := topNames(files)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "..") || keep[e.Name()] {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
