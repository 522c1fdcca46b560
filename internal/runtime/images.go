package runtime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/pkg/archive/compression"
	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// Labels of images that came from an archive, so that the next start need not
// read it again: which archive, and of how many images.
const (
	labelSource = "skiff.io/source"
	labelCount  = "skiff.io/source-images"
)

const snapshotter = "overlayfs"

// imageStore loads images into a running containerd.
type imageStore struct {
	client *containerd.Client
	conn   *grpc.ClientConn
}

func dialImages(cfg Config) (*imageStore, error) {
	client, err := containerd.New(cfg.socket(), containerd.WithDefaultNamespace(Namespace))
	if err != nil {
		return nil, fmt.Errorf("connecting to containerd at %s: %w", cfg.socket(), err)
	}
	conn, err := grpc.NewClient("unix://"+cfg.socket(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		client.Close()
		return nil, err
	}
	return &imageStore{client: client, conn: conn}, nil
}

func (s *imageStore) close() {
	s.conn.Close()
	s.client.Close()
}

// LoadImages loads an archive (docker's or OCI's, also compressed by gzip or
// zstd) into the running containerd of cfg and returns the images' names.
func LoadImages(ctx context.Context, cfg Config, archive io.Reader) ([]string, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s, err := dialImages(cfg)
	if err != nil {
		return nil, err
	}
	defer s.close()
	return s.load(ctx, archive, "")
}

// ensurePause makes PauseImage of the embedded program, unless it is there.
func (s *imageStore) ensurePause(ctx context.Context) error {
	sums, err := readSums(helpers())
	if err != nil {
		return err
	}
	source := "pause " + sums[pauseName]
	if s.loaded(ctx, source) {
		return nil
	}
	program, err := readHelper(helpers(), pauseName)
	if err != nil {
		return err
	}
	archive, err := pauseArchive(program)
	if err != nil {
		return err
	}
	_, err = s.load(ctx, bytes.NewReader(archive), source)
	return err
}

// loadDirectory loads every archive of dir. One that cannot be loaded is
// logged, and does not keep the others from it.
func (s *imageStore) loadDirectory(ctx context.Context, dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		slog.Error("reading the image archives", "directory", dir, "error", err)
		return
	}
	for _, e := range entries {
		if ctx.Err() != nil {
			return
		}
		if !isArchive(e.Name()) {
			continue
		}
		if err := s.loadFile(ctx, dir, e); err != nil && ctx.Err() == nil {
			slog.Error("loading an image archive", "archive", filepath.Join(dir, e.Name()), "error", err)
		}
	}
}

// isArchive says whether a file of this name is meant to be loaded.
func isArchive(name string) bool {
	for _, ext := range []string{".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst"} {
		if strings.HasSuffix(name, ext) && !strings.HasPrefix(name, ".") {
			return true
		}
	}
	return false
}

func (s *imageStore) loadFile(ctx context.Context, dir string, entry fs.DirEntry) error {
	source, err := sourceOf(entry)
	if err != nil || s.loaded(ctx, source) {
		return err
	}
	path := filepath.Join(dir, entry.Name())
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	names, err := s.load(ctx, f, source)
	if err == nil {
		slog.Info("loaded an image archive", "archive", path, "images", names)
	}
	return err
}

// sourceOf names a version of an archive: another file of the same name is
// another source.
func sourceOf(entry fs.DirEntry) (string, error) {
	info, err := entry.Info()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s %d %d", info.Name(), info.Size(), info.ModTime().UnixNano()), nil
}

// loaded says whether all images of the source are there.
func (s *imageStore) loaded(ctx context.Context, source string) bool {
	found, err := s.client.ImageService().List(ctx, fmt.Sprintf("labels.%q==%q", labelSource, source))
	if err != nil || len(found) == 0 {
		return false
	}
	return strconv.Itoa(len(found)) == found[0].Labels[labelCount]
}

// load imports and unpacks an archive, and returns when the CRI knows the
// images. A source marks them, for loaded.
func (s *imageStore) load(ctx context.Context, archive io.Reader, source string) ([]string, error) {
	plain, err := compression.DecompressStream(archive)
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	images, err := s.client.Import(ctx, plain, containerd.WithImageRefTranslator(fullReference))
	if err != nil {
		return nil, err
	}
	if len(images) == 0 {
		return nil, errors.New("the archive names no image: its index needs an annotation org.opencontainers.image.ref.name or RepoTags")
	}
	var names []string
	for _, image := range images {
		if err := containerd.NewImage(s.client, image).Unpack(ctx, snapshotter); err != nil {
			return nil, fmt.Errorf("unpacking %s: %w", image.Name, err)
		}
		if err := s.awaitCRI(ctx, image.Name); err != nil {
			return nil, err
		}
		names = append(names, image.Name)
	}
	if source == "" {
		return names, nil
	}
	// Marked last: an import that was cut short is done again.
	return names, s.mark(ctx, names, source)
}

// fullReference is the name under which the CRI looks for an image that its
// archive calls by a short one. What is no name is left out.
func fullReference(name string) string {
	ref, err := reference.ParseDockerRef(name)
	if err != nil {
		return ""
	}
	return ref.String()
}

// mark labels the images as those of the source.
func (s *imageStore) mark(ctx context.Context, names []string, source string) error {
	service := s.client.ImageService()
	for _, name := range names {
		image, err := service.Get(ctx, name)
		if err != nil {
			return err
		}
		if image.Labels == nil {
			image.Labels = map[string]string{}
		}
		image.Labels[labelSource] = source
		image.Labels[labelCount] = strconv.Itoa(len(names))
		if _, err := service.Update(ctx, image, "labels."+labelSource, "labels."+labelCount); err != nil {
			return err
		}
	}
	return nil
}

// awaitCRI waits until the CRI sees an image. It follows containerd's image
// events by itself, a few milliseconds later, and tells nobody when it has.
func (s *imageStore) awaitCRI(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	service := cri.NewImageServiceClient(s.conn)
	for {
		answer, err := service.ImageStatus(ctx, &cri.ImageStatusRequest{Image: &cri.ImageSpec{Image: name}})
		if err != nil && !errdefs.IsNotFound(err) {
			return fmt.Errorf("looking for %s: %w", name, err)
		}
		if answer.GetImage() != nil {
			return nil
		}
		if !sleep(ctx, 2*time.Millisecond) {
			return fmt.Errorf("looking for %s: %w", name, ctx.Err())
		}
	}
}
