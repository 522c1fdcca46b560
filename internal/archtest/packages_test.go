package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// pkg is what the rules look at of a package.
type pkg struct {
	ImportPath   string
	Name         string
	Dir          string
	Doc          string
	Imports      []string
	GoFiles      []string
	TestGoFiles  []string
	XTestGoFiles []string
}

const module = "skiff"

// packages lists the whole module with one go list.
var packages = sync.OnceValues(func() ([]pkg, error) {
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Name,Dir,Doc,Imports,GoFiles,TestGoFiles,XTestGoFiles", "./...")
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	var all []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
})

func listed(t *testing.T) []pkg {
	t.Helper()
	all, err := packages()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	if len(all) < 10 {
		t.Fatalf("go list found %d packages only", len(all))
	}
	return all
}

// path is the package's place below the module's root: "internal/proxy".
func (p pkg) path() string { return strings.TrimPrefix(p.ImportPath, module+"/") }

func (p pkg) files() []string {
	var files []string
	for _, list := range [][]string{p.GoFiles, p.TestGoFiles, p.XTestGoFiles} {
		for _, f := range list {
			files = append(files, filepath.Join(p.Dir, f))
		}
	}
	return files
}

// isWithin reports whether a package is the tree's root or below it.
func isWithin(path, tree string) bool { return path == tree || strings.HasPrefix(path, tree+"/") }

func isWithinAny(path string, trees []string) bool {
	for _, tree := range trees {
		if isWithin(path, tree) {
			return true
		}
	}
	return false
}
