// Package cel is what kinds share that hold expressions in CEL: the environment
// that these are compiled in when they are written, and how what is wrong with
// one is reported. It evaluates none.
//
// Environments are big. They are made when the first expression comes, once in
// a process; until then there is none.
package cel

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/util/version"
	apiservercel "k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

// Version is the oldest version of Kubernetes that must understand a new
// expression: one before this, so that a cluster can go back to it.
func Version() *version.Version { return environment.DefaultCompatibilityVersion() }

// Base is the environment with all libraries of Kubernetes and no variables.
func Base() *environment.EnvSet { return environment.MustBaseEnvSet(Version()) }

// Mode is how an expression is judged: one that was stored before may use all
// that this version knows, a new one what Version knows.
func Mode(stored bool) environment.Type {
	if stored {
		return environment.StoredExpressions
	}
	return environment.NewExpressions
}

// Error reports why an expression at p was not compiled.
func Error(p *field.Path, expression string, err *apiservercel.Error) *field.Error {
	switch err.Type {
	case apiservercel.ErrorTypeRequired:
		return field.Required(p, err.Detail)
	case apiservercel.ErrorTypeInvalid:
		return field.Invalid(p, expression, err.Detail)
	case apiservercel.ErrorTypeInternal:
		return field.InternalError(p, err)
	}
	return field.InternalError(p, fmt.Errorf("unsupported error type: %w", err))
}
