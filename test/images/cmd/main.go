// Command cmd makes the images that the tests use available by hand:
//
//	go run ./test/images/cmd              serves them, until interrupted
//	go run ./test/images/cmd -save DIR    writes them as archives
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"skiff/test/images"
)

func main() {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	cacheDir := flag.String("cache", filepath.Join(cache, "skiff-test-images"), "directory for packages and images")
	save := flag.String("save", "", "write archives into this directory, and end")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *cacheDir, *save); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, cacheDir, save string) error {
	if save != "" {
		return images.Save(ctx, cacheDir, save)
	}
	r, err := images.Start(ctx, cacheDir)
	if err != nil {
		return err
	}
	defer r.Close()
	fmt.Printf("registry at %s\nuse it with --registry-hosts-dir %s\n", r.Addr, r.HostsDir)
	<-ctx.Done()
	return nil
}
