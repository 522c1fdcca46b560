package wire

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"skiff/internal/runtime"
)

// LoadImages loads image archives into the node's container runtime.
func LoadImages(ctx context.Context, dataDir string, files []string, out io.Writer) error {
	if err := mustRun(dataDir); err != nil {
		return err
	}
	for _, file := range files {
		names, err := loadImage(ctx, dataDir, file)
		if err != nil {
			return fmt.Errorf("cannot load %s: %w", file, err)
		}
		fmt.Fprintln(out, strings.Join(names, "\n"))
	}
	return nil
}

func loadImage(ctx context.Context, dataDir, file string) ([]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return runtime.LoadImages(ctx, runtime.Config{DataDir: dataDir}, f)
}

// ListImages prints the images that the node's container runtime holds.
func ListImages(ctx context.Context, dataDir string, out io.Writer) error {
	if err := mustRun(dataDir); err != nil {
		return err
	}
	conn, err := grpc.NewClient(runtime.Endpoint(runtime.Config{DataDir: dataDir}), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	answer, err := cri.NewImageServiceClient(conn).ListImages(ctx, &cri.ListImagesRequest{})
	if err != nil {
		return fmt.Errorf("the container runtime does not answer: %w", err)
	}
	w := tabwriter.NewWriter(out, 0, 8, 3, ' ', 0)
	fmt.Fprintln(w, "IMAGE\tID\tSIZE")
	for _, i := range answer.Images {
		for _, tag := range i.RepoTags {
			fmt.Fprintf(w, "%s\t%.19s\t%.1f MB\n", tag, i.Id, float64(i.Size)/1e6)
		}
	}
	return w.Flush()
}
