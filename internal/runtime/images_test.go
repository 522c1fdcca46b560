package runtime

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/klauspost/compress/zstd"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func TestArchivesAreLoadedOnce(t *testing.T) {
	needReal(t)
	n := newNode(t)
	dir := n.cfg.path("images")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	writeArchive(t, filepath.Join(dir, "plain.tar"), dockerArchive(t, "example.com/plain:1"), nil)
	writeArchive(t, filepath.Join(dir, "zipped.tar.gz"), dockerArchive(t, "zipped:2"),
		func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
	writeArchive(t, filepath.Join(dir, "standard.tar.zst"), ociArchive(t, "standard:3"),
		func(w io.Writer) io.WriteCloser { z, _ := zstd.NewWriter(w); return z })
	writeArchive(t, filepath.Join(dir, "damaged.tar"), []byte("no archive"), nil)
	writeArchive(t, filepath.Join(dir, "notes.txt"), []byte("no archive either"), nil)

	loaded := map[string]string{
		"plain.tar": "example.com/plain:1", "zipped.tar.gz": "docker.io/library/zipped:2", "standard.tar.zst": "docker.io/library/standard:3",
	}

	n.start()
	for file := range loaded {
		n.awaitLoaded(dir, file)
	}
	before := n.updated(loaded)
	n.end()

	// The last in the directory: when it is there, all have been looked at.
	writeArchive(t, filepath.Join(dir, "zz.tar"), dockerArchive(t, "late:1"), nil)
	n.start()
	n.awaitLoaded(dir, "zz.tar")
	if after := n.updated(loaded); !maps.Equal(before, after) {
		t.Errorf("images were loaded again: updated at %v, before at %v", after, before)
	}
	for _, image := range loaded {
		if !n.hasImage(image) {
			t.Errorf("the CRI does not know %s", image)
		}
	}
}

// awaitLoaded waits until the archive counts as loaded.
func (n *node) awaitLoaded(dir, file string) {
	n.t.Helper()
	s := n.store()
	defer s.close()
	entries, err := os.ReadDir(dir)
	if err != nil {
		n.t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != file {
			continue
		}
		source, err := sourceOf(e)
		if err != nil {
			n.t.Fatal(err)
		}
		awaitTrue(n.t, "images of "+file, func() bool { return s.loaded(n.ctx, source) })
		return
	}
	n.t.Fatalf("there is no %s in %s", file, dir)
}

// updated is when containerd last heard of each image.
func (n *node) updated(images map[string]string) map[string]time.Time {
	n.t.Helper()
	s := n.store()
	defer s.close()
	times := map[string]time.Time{}
	for _, name := range images {
		image, err := s.client.ImageService().Get(n.ctx, name)
		if err != nil {
			n.t.Fatal(err)
		}
		times[name] = image.UpdatedAt
	}
	return times
}

func (n *node) store() *imageStore {
	n.t.Helper()
	s, err := dialImages(n.cfg)
	if err != nil {
		n.t.Fatal(err)
	}
	return s
}

func TestLoadImages(t *testing.T) {
	n := startNode(t)
	names, err := LoadImages(n.ctx, n.cfg, bytes.NewReader(dockerArchive(t, "hand:1")))
	if err != nil || len(names) != 1 || names[0] != "docker.io/library/hand:1" {
		t.Fatalf("LoadImages = %v, %v; want docker.io/library/hand:1", names, err)
	}
	if !n.hasImage("hand:1") {
		t.Error("the CRI does not know the image when LoadImages has returned")
	}
}

func (n *node) hasImage(image string) bool {
	answer, err := n.images.ImageStatus(n.ctx, &cri.ImageStatusRequest{Image: &cri.ImageSpec{Image: image}})
	return err == nil && answer.Image != nil
}

// smallImage is the pause program once more.
func smallImage(t *testing.T) v1.Image {
	t.Helper()
	program, err := readHelper(helpers(), pauseName)
	if err != nil {
		t.Fatal(err)
	}
	archive, err := pauseArchive(program)
	if err != nil {
		t.Fatal(err)
	}
	image, err := tarball.Image(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive)), nil }, nil)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func dockerArchive(t *testing.T, ref string) []byte {
	t.Helper()
	tag, err := name.NewTag(ref)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := tarball.Write(tag, smallImage(t), &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// ociArchive is a layout in a tar, named as skopeo and podman do.
func ociArchive(t *testing.T, ref string) []byte {
	t.Helper()
	dir := t.TempDir()
	path, err := layout.Write(dir, empty.Index)
	if err == nil {
		err = path.AppendImage(smallImage(t), layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": ref}))
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err == nil {
		err = w.AddFS(os.DirFS(dir))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func writeArchive(t *testing.T, path string, data []byte, compress func(io.Writer) io.WriteCloser) {
	t.Helper()
	if compress != nil {
		var b bytes.Buffer
		w := compress(&b)
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		data = b.Bytes()
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
