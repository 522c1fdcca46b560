package images

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// Save writes every image as an archive into dir, which may be the directory
// of images that a node loads when it starts: NAME.tar, with the names that
// the image has in the registries.
func Save(ctx context.Context, cacheDir, dir string) error {
	s, err := openStore(ctx, cacheDir)
	if err != nil {
		return fmt.Errorf("test images: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, r := range recipes {
		image, err := s.image(r.repository)
		if err != nil {
			return err
		}
		refs := map[name.Tag]v1.Image{}
		for _, tag := range r.tags {
			ref, err := name.NewTag(fullName(r.repository) + ":" + tag)
			if err != nil {
				return err
			}
			refs[ref] = image
		}
		path := filepath.Join(dir, filepath.Base(r.repository)+".tar")
		if err := tarball.MultiWriteToFile(path, refs); err != nil {
			return fmt.Errorf("writing %s: %w", path, err)
		}
	}
	return nil
}

// SaveAs writes one image as an archive, under a name that no registry has.
func SaveAs(ctx context.Context, cacheDir, repository, as, path string) error {
	s, err := openStore(ctx, cacheDir)
	if err != nil {
		return fmt.Errorf("test images: %w", err)
	}
	image, err := s.image(repository)
	if err != nil {
		return err
	}
	tag, err := name.NewTag(as)
	if err != nil {
		return err
	}
	return tarball.WriteToFile(path, tag, image)
}

// fullName is a repository's name with its registry.
func fullName(repository string) string {
	if strings.HasPrefix(repository, "library/") {
		return "docker.io/" + repository
	}
	return "skiff.local/" + repository
}
