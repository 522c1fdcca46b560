package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestUnits has systemd read the units of dist/.
func TestUnits(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze, of the package systemd, is not installed")
	}
	units, err := filepath.Glob("../../dist/*.service")
	if err != nil || len(units) != 2 {
		t.Fatalf("units %q: %v", units, err)
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "skiff")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	args := []string{"verify"}
	for _, unit := range units {
		text, err := os.ReadFile(unit)
		if err != nil {
			t.Fatal(err)
		}
		// Only the program's place is another: systemd looks whether it is there.
		installed := strings.ReplaceAll(string(text), "/usr/local/bin/skiff", program)
		if installed == string(text) {
			t.Errorf("%s does not start /usr/local/bin/skiff", unit)
		}
		path := filepath.Join(dir, filepath.Base(unit))
		if err := os.WriteFile(path, []byte(installed), 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	if out, err := run("systemd-analyze", args...); err != nil || strings.Contains(out, dir) {
		t.Errorf("systemd-analyze: %v\n%s", err, out)
	}
}
