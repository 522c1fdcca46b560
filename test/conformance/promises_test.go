package conformance

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// promise is a subtest that shows one entry of the conformance suite, by its
// name in testdata/promises.tsv.
func promise(t *testing.T, name string, show func(t *testing.T)) {
	t.Helper()
	t.Run(name, show)
}

// Every entry is shown by a test, or left out for a reason: never both.
func TestEveryPromiseIsShownOrLeftOut(t *testing.T) {
	text, err := os.ReadFile("testdata/promises.tsv")
	need(t, err)
	shown := promisesInTests(t)
	for line := range strings.Lines(string(text)) {
		name, reason, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(name, "#") {
			continue
		}
		switch file := shown[name]; {
		case file == "" && reason == "":
			t.Errorf("no test shows %q", name)
		case file != "" && reason != "":
			t.Errorf("%s shows %q, which is left out: it %s", file, name, reason)
		}
		delete(shown, name)
	}
	for name, file := range shown {
		t.Errorf("%s shows %q, which promises.tsv does not have", file, name)
	}
}

// promisesInTests are the names in calls of promise, with the files they are in.
func promisesInTests(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	need(t, err)
	shown := map[string]string{}
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		need(t, err)
		ast.Inspect(tree, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 3 {
				return true
			}
			if called, ok := call.Fun.(*ast.Ident); !ok || called.Name != "promise" {
				return true
			}
			literal, ok := call.Args[1].(*ast.BasicLit)
			if !ok {
				return true
			}
			name, err := strconv.Unquote(literal.Value)
			need(t, err)
			if other := shown[name]; other != "" {
				t.Errorf("%q is shown in %s and in %s", name, other, file)
			}
			shown[name] = file
			return true
		})
	}
	return shown
}
