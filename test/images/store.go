package images

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

// store keeps made images as an OCI layout.
type store struct{ path layout.Path }

// labelRepository marks an image in the layout's index with its name.
const labelRepository = "org.opencontainers.image.ref.name"

// source is what the images follow from, next to Debian's packages.
//
//go:embed *.go echo/*.go
var source embed.FS

// openStore makes the images of cacheDir complete. Tests of several packages
// may do so at the same time: one works, the others wait.
func openStore(ctx context.Context, cacheDir string) (*store, error) {
	if err := os.MkdirAll(cacheDir, 0o755); err != nil {
		return nil, err
	}
	unlock, err := lock(filepath.Join(cacheDir, "lock"))
	if err != nil {
		return nil, err
	}
	defer unlock()
	dir := filepath.Join(cacheDir, "images-"+version())
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		if err := makeAll(ctx, cacheDir, dir); err != nil {
			return nil, err
		}
	}
	path, err := layout.FromPath(dir)
	if err != nil {
		return nil, fmt.Errorf("%w (remove %s to make it anew)", err, dir)
	}
	return &store{path}, nil
}

// makeAll makes every image into dir, which is there when all are.
func makeAll(ctx context.Context, cacheDir, dir string) error {
	old, _ := filepath.Glob(filepath.Join(cacheDir, "images-*"))
	for _, o := range old {
		if err := os.RemoveAll(o); err != nil {
			return err
		}
	}
	root, err := unpackPackages(ctx, cacheDir)
	if err != nil {
		return err
	}
	unfinished := dir + ".unfinished"
	path, err := layout.Write(unfinished, empty.Index)
	if err != nil {
		return err
	}
	for _, r := range recipes {
		image, err := r.build(ctx, root)
		if err == nil {
			err = path.AppendImage(image, layout.WithAnnotations(map[string]string{labelRepository: r.repository}))
		}
		if err != nil {
			return fmt.Errorf("making %s: %w", r.repository, err)
		}
	}
	return os.Rename(unfinished, dir)
}

// image is the image of that name.
func (s *store) image(repository string) (v1.Image, error) {
	index, err := s.path.ImageIndex()
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	for _, m := range manifest.Manifests {
		if m.Annotations[labelRepository] == repository {
			return s.path.Image(m.Digest)
		}
	}
	return nil, fmt.Errorf("%s is not among the images of %s: remove that directory", repository, s.path)
}

func (s *store) blobs() string { return filepath.Join(string(s.path), "blobs") }

// version is a hash of the source and the architecture.
func version() string {
	hash := sha256.New()
	fmt.Fprintln(hash, runtime.GOARCH)
	_ = fs.WalkDir(source, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			data, _ := source.ReadFile(path)
			fmt.Fprintf(hash, "%s %d\n%s", path, len(data), data)
		}
		return err
	})
	return hex.EncodeToString(hash.Sum(nil)[:6])
}

// lock takes a lock that ends with the process at the latest.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}
