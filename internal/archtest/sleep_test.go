package archtest

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"testing"
)

// TestNothingSleeps: a sleep is a guess about how long something takes: too
// short on a busy machine, too long on any other. Components wait for events,
// and tests for conditions (package test/await) or own the clock: in a bubble
// of testing/synctest a sleep is no more than setting it.
func TestNothingSleeps(t *testing.T) {
	eachFile(t, func(path string, text []byte) {
		if !bytes.Contains(text, []byte("time.")) {
			return
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, text, 0)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return
		}
		for _, at := range sleeps(file) {
			t.Errorf("%s: sleeps; wait on a condition with test/await, or use testing/synctest", files.Position(at))
		}
	})
}

// sleeps finds what waits for nothing but time, outside bubbles: calls of
// time.Sleep and time.Tick, and "<-time.After(d)" where no select weighs it
// against anything else.
func sleeps(file *ast.File) []token.Pos {
	var found []token.Pos
	var stack []ast.Node
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		if isSleep(n, stack) && !inBubble(stack) {
			found = append(found, n.Pos())
		}
		stack = append(stack, n)
		return true
	})
	return found
}

func isSleep(n ast.Node, around []ast.Node) bool {
	switch n := n.(type) {
	case *ast.CallExpr:
		return isCall(n, "time", "Sleep") || isCall(n, "time", "Tick")
	case *ast.UnaryExpr:
		if n.Op != token.ARROW || !isCall(n.X, "time", "After") {
			return false
		}
		return len(around) < 2 || !isCase(around[len(around)-2])
	}
	return false
}

func isCase(n ast.Node) bool {
	_, ok := n.(*ast.CommClause)
	return ok
}

func isCall(n ast.Node, pkg, name string) bool {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return false
	}
	fun, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || fun.Sel.Name != name {
		return false
	}
	from, ok := fun.X.(*ast.Ident)
	return ok && from.Name == pkg
}

// inBubble says whether a function around is what synctest.Test runs, or calls
// synctest.Wait, which panics outside a bubble.
func inBubble(around []ast.Node) bool {
	for _, n := range around {
		switch n := n.(type) {
		case *ast.CallExpr:
			if isCall(n, "synctest", "Test") {
				return true
			}
		case *ast.FuncDecl:
			if waitsForBubble(n.Body) {
				return true
			}
		}
	}
	return false
}

func waitsForBubble(body *ast.BlockStmt) bool {
	for _, statement := range body.List {
		if e, ok := statement.(*ast.ExprStmt); ok && isCall(e.X, "synctest", "Wait") {
			return true
		}
	}
	return false
}

func TestSleepsAreFound(t *testing.T) {
	const source = `package p
func a() { time.Sleep(1) }
func b() { for !done() { time.Sleep(1) } }
func c() { for range x { func() { time.Sleep(1) }() } }
func d() { <-time.After(1) }
func e() { for range time.Tick(1) { f() } }
func f() { f := func() { synctest.Wait() }; f(); time.Sleep(1) }
func allowed() { select { case <-time.After(1): case <-done: } }
func helper() { time.Sleep(1); synctest.Wait() }
func test(t *testing.T) { synctest.Test(t, func(t *testing.T) { time.Sleep(1); <-time.After(1) }) }`
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "p_test.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	got := sleeps(file)
	for _, at := range got {
		if line := files.Position(at).Line; line > 7 {
			t.Errorf("line %d is called a sleep", line)
		}
	}
	if len(got) != 6 {
		t.Errorf("found %d sleeps, want one on each of lines 2 to 7", len(got))
	}
}
