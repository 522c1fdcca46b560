package archtest

import (
	"bytes"
	"go/format"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPackagesSayWhatTheyAreFor: a reader who opens a package for the first
// time finds out from its comment, and not from its code, whether to read on.
func TestPackagesSayWhatTheyAreFor(t *testing.T) {
	for _, p := range listed(t) {
		if len(p.GoFiles) == 0 {
			continue
		}
		want := "Package " + p.Name + " "
		if p.Name == "main" {
			want = "Command "
		}
		if !strings.HasPrefix(p.Doc, want) && !(p.Name == "main" && strings.HasPrefix(p.Doc, "Package main ")) {
			t.Errorf("%s: no package comment that begins with %q; it says what the package is for, what it owns and what it never touches", p.path(), want)
		}
	}
}

// TestPackageCommentsAreTheirOwn: a comment copied from a neighbour says
// nothing.
func TestPackageCommentsAreTheirOwn(t *testing.T) {
	first := map[string]string{}
	for _, p := range listed(t) {
		_, text, ok := strings.Cut(p.Doc, p.Name+" ")
		if !ok {
			continue
		}
		if other, dup := first[text]; dup {
			t.Errorf("%s and %s have the same package comment", p.path(), other)
		}
		first[text] = p.path()
	}
}

func TestSourceIsFormatted(t *testing.T) {
	eachFile(t, func(path string, text []byte) {
		if formatted, err := format.Source(text); err != nil {
			t.Errorf("%s: %v", path, err)
		} else if !bytes.Equal(formatted, text) {
			t.Errorf("%s: not formatted; run gofmt -w on it", path)
		}
	})
}

var leftOver = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)

// TestNothingIsLeftForLater: what is missing belongs in the documentation of
// limits, where users see it, and not in a comment.
func TestNothingIsLeftForLater(t *testing.T) {
	eachFile(t, func(path string, text []byte) {
		if m := leftOver.Find(text); m != nil {
			t.Errorf("%s: says %s; do it, or describe the limit where users look for it", path, m)
		}
	})
}

// TestKubernetesIsNoDependency looks at the module as well, where a dependency
// could come in by way of another.
func TestKubernetesIsNoDependency(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 0 && fields[0] == "k8s.io/kubernetes" {
			t.Error("go.mod requires k8s.io/kubernetes: it is what we are writing")
		}
	}
}

// eachFile visits the module's source files, generated ones apart.
func eachFile(t *testing.T, visit func(path string, text []byte)) {
	t.Helper()
	for _, p := range listed(t) {
		for _, path := range p.files() {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !isGenerated(text) {
				visit(path, text)
			}
		}
	}
}

var generated = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

func isGenerated(text []byte) bool { return generated.Match(text) }

// TestOneKindPerFile: a reader finds a kind by its file's name, and adding a
// kind is adding a file. The review APIs are one shape in several kinds: they
// are created, answered and never stored.
func TestOneKindPerFile(t *testing.T) {
	reviews := []string{"internal/api/authentication", "internal/api/authorization"}
	kinds := 0
	for _, p := range listed(t) {
		if !isWithin(p.path(), "internal/api") || isWithinAny(p.path(), reviews) {
			continue
		}
		for _, name := range p.GoFiles {
			text, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			n := bytes.Count(text, []byte("api.Kind["))
			if kinds += n; n > 1 {
				t.Errorf("%s/%s declares %d kinds: give each a file of its own", p.path(), name, n)
			}
		}
	}
	if kinds < 20 {
		t.Errorf("only %d kinds found: this test no longer sees how they are declared", kinds)
	}
}
