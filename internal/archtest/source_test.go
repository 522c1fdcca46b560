package archtest

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
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

// TestTestsDoNotSleep: a sleep is a guess about how long something takes: too
// short on a busy machine, too long on any other. Tests wait on a condition (a
// pause inside a loop that looks for it is fine) or own the clock with
// testing/synctest.
func TestTestsDoNotSleep(t *testing.T) {
	eachFile(t, func(path string, text []byte) {
		if !strings.HasSuffix(path, "_test.go") || !bytes.Contains(text, []byte("time.Sleep(")) || bytes.Contains(text, []byte(`"testing/synctest"`)) {
			return
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, text, 0)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return
		}
		for _, at := range sleepsOutsideLoops(file) {
			t.Errorf("%s: a test sleeps; wait on a condition, or use testing/synctest", files.Position(at))
		}
	})
}

// sleepsOutsideLoops finds calls of time.Sleep that no loop of the same function
// stands around.
func sleepsOutsideLoops(file *ast.File) []token.Pos {
	var found []token.Pos
	var stack []ast.Node
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		if call, ok := n.(*ast.CallExpr); ok && isSleep(call) && !inLoop(stack) {
			found = append(found, call.Pos())
		}
		stack = append(stack, n)
		return true
	})
	return found
}

func isSleep(call *ast.CallExpr) bool {
	fun, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || fun.Sel.Name != "Sleep" {
		return false
	}
	from, ok := fun.X.(*ast.Ident)
	return ok && from.Name == "time"
}

// inLoop looks outwards up to the enclosing function.
func inLoop(stack []ast.Node) bool {
	for i := len(stack) - 1; i >= 0; i-- {
		switch stack[i].(type) {
		case *ast.ForStmt, *ast.RangeStmt:
			return true
		case *ast.FuncLit, *ast.FuncDecl:
			return false
		}
	}
	return false
}

func TestSleepsAreFound(t *testing.T) {
	const source = `package p
func a() { time.Sleep(1) }
func b() { for !done() { time.Sleep(1) } }
func c() { for range x { func() { time.Sleep(1) }() } }`
	file, err := parser.ParseFile(token.NewFileSet(), "p_test.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := sleepsOutsideLoops(file); len(got) != 2 {
		t.Errorf("found %d sleeps outside loops, want 2", len(got))
	}
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
