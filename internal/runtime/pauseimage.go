package runtime

import (
	"archive/tar"
	"bytes"
	"io"
	"runtime"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// pauseArchive is the pause program as an image archive.
func pauseArchive(program []byte) ([]byte, error) {
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		files, err := oneFile("pause", program)
		return io.NopCloser(bytes.NewReader(files)), err
	})
	if err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, err
	}
	image, err = mutate.ConfigFile(image, withPauseConfig(image))
	if err != nil {
		return nil, err
	}
	tag, err := name.NewTag(PauseImage)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = tarball.Write(tag, image, &b)
	return b.Bytes(), err
}

func withPauseConfig(image v1.Image) *v1.ConfigFile {
	config := &v1.ConfigFile{}
	if have, err := image.ConfigFile(); err == nil {
		config = have.DeepCopy()
	}
	config.OS = "linux"
	config.Architecture = runtime.GOARCH
	config.Config.Entrypoint = []string{"/pause"}
	config.Config.User = "65535:65535"
	return config
}

// oneFile is a tar of one executable.
func oneFile(name string, content []byte) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	header := &tar.Header{Name: name, Mode: 0o755, Size: int64(len(content)), Typeflag: tar.TypeReg}
	if err := w.WriteHeader(header); err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	err := w.Close()
	return b.Bytes(), err
}
