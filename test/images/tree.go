package images

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// tree is the files of a layer, by path without a leading slash.
type tree map[string]entry

// entry is a file, a directory or a symbolic link.
type entry struct {
	mode    int64
	uid     int
	content []byte
	link    string
	dir     bool
}

func (t tree) file(path string, mode int64, content string) {
	t[path] = entry{mode: mode, content: []byte(content)}
}

func (t tree) dir(path string, mode int64, uid int) {
	t[path] = entry{mode: mode, dir: true, uid: uid}
}

func (t tree) link(path, target string) { t[path] = entry{mode: 0o777, link: target} }

// copy takes a file of the packages, following links, to another path.
func (t tree) copy(root, from, to string) error {
	data, err := os.ReadFile(filepath.Join(root, from))
	if err != nil {
		return err
	}
	info, err := os.Stat(filepath.Join(root, from))
	if err != nil {
		return err
	}
	t[to] = entry{mode: int64(info.Mode().Perm()), content: data}
	return nil
}

// program takes an executable or a shared object of the packages, with the
// loader and all libraries that it needs.
func (t tree) program(root, from, to string) error {
	if err := t.copy(root, from, to); err != nil {
		return err
	}
	return t.libraries(root, t[to].content, to)
}

// libraries takes what an ELF file needs and is not here yet.
func (t tree) libraries(root string, program []byte, name string) error {
	f, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	needed, err := f.ImportedLibraries()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, segment := range f.Progs {
		if segment.Type == elf.PT_INTERP {
			loader, err := io.ReadAll(segment.Open())
			if err != nil {
				return err
			}
			loaderPath := strings.Trim(string(loader), "/\x00")
			needed = append(needed, path.Base(loaderPath))
			if strings.HasPrefix(loaderPath, "lib64/") {
				t.link("usr/"+loaderPath, "../lib/"+triplet()+"/"+path.Base(loaderPath))
			}
		}
	}
	if slices.Contains(needed, "libc.so.6") {
		needed = append(needed, "libgcc_s.so.1") // which libc opens by itself when a thread ends
	}
	for _, library := range needed {
		to := "usr/lib/" + triplet() + "/" + library
		if _, have := t[to]; have {
			continue
		}
		from, err := findLibrary(root, library)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := t.program(root, from, to); err != nil {
			return err
		}
	}
	return nil
}

func findLibrary(root, name string) (string, error) {
	for _, dir := range []string{"usr/lib/" + triplet(), "lib/" + triplet(), "lib64"} {
		if _, err := os.Stat(filepath.Join(root, dir, name)); err == nil {
			return filepath.Join(dir, name), nil
		}
	}
	return "", fmt.Errorf("no package has the library %s", name)
}

// triplet is Debian's name for the architecture, in paths.
func triplet() string {
	if runtime.GOARCH == "arm64" {
		return "aarch64-linux-gnu"
	}
	return "x86_64-linux-gnu"
}

// layer packs the tree. The same tree makes the same bytes.
func (t tree) layer() (v1.Layer, error) {
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for _, path := range t.paths() {
			if err := writeEntry(w, path, t[path]); err != nil {
				return nil, err
			}
		}
		if err := w.Close(); err != nil {
			return nil, err
		}
		return io.NopCloser(&b), nil
	})
}

// paths lists all entries, and the directories that lead to them, in order.
func (t tree) paths() []string {
	for name := range t {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if _, have := t[dir]; !have {
				t.dir(dir, 0o755, 0)
			}
		}
	}
	var all []string
	for name := range t {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

func writeEntry(w *tar.Writer, name string, e entry) error {
	header := &tar.Header{Name: name, Mode: e.mode, Uid: e.uid, Gid: e.uid, ModTime: time.Unix(0, 0), Size: int64(len(e.content))}
	switch {
	case e.dir:
		header.Typeflag, header.Name = tar.TypeDir, name+"/"
	case e.link != "":
		header.Typeflag, header.Linkname = tar.TypeSymlink, e.link
	default:
		header.Typeflag = tar.TypeReg
	}
	if err := w.WriteHeader(header); err != nil {
		return err
	}
	_, err := w.Write(e.content)
	return err
}

// pack makes an image of layers, the lowest first.
func pack(config v1.Config, trees ...tree) (v1.Image, error) {
	image := empty.Image
	for _, t := range trees {
		layer, err := t.layer()
		if err != nil {
			return nil, err
		}
		if image, err = mutate.AppendLayers(image, layer); err != nil {
			return nil, err
		}
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Config = "linux", runtime.GOARCH, config
	return mutate.ConfigFile(image, file)
}
