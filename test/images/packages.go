package images

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// wanted are the packages that the images are made of. Libraries follow by
// themselves when their names say that they are.
var wanted = []string{"nginx-light", "apache2-bin", "busybox", "media-types", "zlib1g"}

// unpackPackages fetches the packages with all libraries that they need, and
// returns a directory with their files. Nothing is installed on this machine,
// and nothing is taken from what is.
func unpackPackages(ctx context.Context, cacheDir string) (string, error) {
	root := filepath.Join(cacheDir, "root-"+strings.Join(wanted, "-"))
	if _, err := os.Stat(root); err == nil {
		return root, nil
	}
	packages, err := closure(ctx)
	if err != nil {
		// A fresh machine has no lists of packages yet.
		if _, err := run(ctx, "", "apt-get", "-qq", "update"); err != nil {
			return "", err
		}
		if packages, err = closure(ctx); err != nil {
			return "", err
		}
	}
	debs, err := os.MkdirTemp(cacheDir, "debs")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(debs)
	download := append([]string{"-qq", "-o", "APT::Sandbox::User=root", "download"}, packages...)
	if _, err := run(ctx, debs, "apt-get", download...); err != nil {
		return "", err
	}
	files, err := filepath.Glob(filepath.Join(debs, "*.deb"))
	if err != nil {
		return "", err
	}
	unfinished := root + ".unfinished"
	for _, deb := range files {
		if _, err := run(ctx, "", "dpkg-deb", "-x", deb, unfinished); err != nil {
			return "", err
		}
	}
	return root, os.Rename(unfinished, root)
}

// closure is the wanted packages and the libraries below them. Asked about a
// machine where nothing is installed, apt names everything.
func closure(ctx context.Context) ([]string, error) {
	args := append([]string{"-s", "-qq", "-o", "Dir::State::status=/dev/null", "install", "--no-install-recommends"}, wanted...)
	out, err := run(ctx, "", "apt-get", args...)
	if err != nil {
		return nil, err
	}
	var packages []string
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != "Inst" {
			continue
		}
		if name := fields[1]; strings.HasPrefix(name, "lib") || strings.HasPrefix(name, "nginx") || slices.Contains(wanted, name) {
			packages = append(packages, name)
		}
	}
	return packages, nil
}

// run runs a program and returns what it prints.
func run(ctx context.Context, dir, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", program, strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return string(out), nil
}
