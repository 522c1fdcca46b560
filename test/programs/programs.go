// Package programs builds the programs that tests start. They are built as
// skiff is, whatever the test itself is built with: under the race detector
// containerd ends itself over the order of its own locks.
//
// What is built lies in the user's cache and is built again when its sources
// change; nothing else is touched.
package programs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// Containerd is a program for runtime.Config.Exec.
func Containerd(t testing.TB) string {
	t.Helper()
	path, err := containerd()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var containerd = sync.OnceValues(func() (string, error) {
	return build("skiff/test/programs/containerd")
})

// build makes the program of a package of this module. Tests of several
// packages run at once: one builds, and the others find it done.
func build(pkg string) (string, error) {
	dir, err := cache()
	if err != nil {
		return "", err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	path := filepath.Join(dir, filepath.Base(pkg))
	// The Makefile's tags: what is compiled for skiff is not compiled again.
	cmd := exec.Command("go", "build", "-trimpath", "-tags", "nri_no_wasm,grpcnotrace", "-ldflags", "-s -w", "-o", path, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", pkg, err, strings.TrimSpace(string(out)))
	}
	return path, nil
}

// cache is a directory for this checkout alone.
func cache() (string, error) {
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("finding the module: %w", err)
	}
	base, err := os.UserCacheDir()
	if err != nil {
		base = os.TempDir()
	}
	module := filepath.Dir(strings.TrimSpace(string(mod)))
	dir := filepath.Join(base, "skiff-test-programs", strings.ReplaceAll(strings.Trim(module, "/"), "/", "-"))
	return dir, os.MkdirAll(dir, 0o700)
}
