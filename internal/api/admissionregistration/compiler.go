package admissionregistration

import (
	"errors"
	"sync"

	celgo "github.com/google/cel-go/cel"
	"k8s.io/apimachinery/pkg/util/validation/field"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	apiservercel "k8s.io/apiserver/pkg/cel"

	"skiff/internal/api/cel"
)

// expression is one of a policy or webhook, and the types that it may have.
type expression struct {
	name  string // of a variable
	text  string
	types []*celgo.Type
}

func condition(text string) expression { return expression{"", text, []*celgo.Type{celgo.BoolType}} }

func message(text string) expression { return expression{"", text, []*celgo.Type{celgo.StringType}} }

func auditValue(text string) expression {
	return expression{"", text, []*celgo.Type{celgo.StringType, celgo.NullType}}
}

func variable(name, text string) expression {
	return expression{name, text, []*celgo.Type{celgo.AnyType, celgo.DynType}}
}

func applyConfiguration(text string) expression {
	return expression{"", text, []*celgo.Type{celgo.ObjectType("Object")}}
}

func jsonPatch(text string) expression {
	return expression{"", text, []*celgo.Type{celgo.ListType(celgo.ObjectType("JSONPatch"))}}
}

// These make it what the compiler takes.
func (e expression) GetName() string            { return e.name }
func (e expression) GetExpression() string      { return e.text }
func (e expression) ReturnTypes() []*celgo.Type { return e.types }

// What an expression may speak of beside the object and the request.
const (
	withAuthorizer = 1 << iota
	withPatches    // the types that a mutation makes
)

// compiler compiles the expressions of one object.
type compiler struct {
	params bool            // the object has parameters, and expressions may use them
	stored map[string]bool // what the object had before
	// composed knows the variables; none makes one until an expression comes.
	composed func() plugincel.Compiler
}

// stateless knows no variables, and is everybody's.
var stateless = sync.OnceValue(func() plugincel.Compiler { return plugincel.NewCompiler(cel.Base()) })

func newCompiler(params, variables bool, stored []string) *compiler {
	c := &compiler{params: params, stored: map[string]bool{}, composed: stateless}
	for _, text := range stored {
		c.stored[text] = true
	}
	if variables {
		c.composed = sync.OnceValue(composing)
	}
	return c
}

func composing() plugincel.Compiler {
	c, err := plugincel.NewCompositedCompiler(cel.Base())
	if err != nil {
		return stateless() // a variable then says why
	}
	return c
}

func (c *compiler) declared(with int) plugincel.OptionalVariableDeclarations {
	return plugincel.OptionalVariableDeclarations{HasParams: c.params, HasAuthorizer: with&withAuthorizer != 0, HasPatchTypes: with&withPatches != 0}
}

// check compiles an expression that may use the variables.
func (c *compiler) check(p *field.Path, e expression, with int) field.ErrorList {
	return c.compile(c.composed(), p, e, with)
}

// checkAlone compiles one that may not.
func (c *compiler) checkAlone(p *field.Path, e expression, with int) field.ErrorList {
	return c.compile(stateless(), p, e, with)
}

func (c *compiler) compile(by plugincel.Compiler, p *field.Path, e expression, with int) field.ErrorList {
	return failed(p, e, by.CompileCELExpression(e, c.declared(with), cel.Mode(c.stored[e.text])).Error)
}

// declare compiles a variable for those that come after it.
func (c *compiler) declare(p *field.Path, v expression) field.ErrorList {
	by, ok := c.composed().(*plugincel.CompositedCompiler)
	if !ok {
		return field.ErrorList{field.InternalError(p, errors.New("variable composition is not allowed"))}
	}
	return failed(p, v, by.CompileAndStoreVariable(v, c.declared(withAuthorizer), cel.Mode(c.stored[v.text])).Error)
}

func failed(p *field.Path, e expression, err *apiservercel.Error) field.ErrorList {
	if err == nil {
		return nil
	}
	return field.ErrorList{cel.Error(p, e.text, err)}
}
