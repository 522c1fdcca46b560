package cel

import (
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/util/version"
	apiservercel "k8s.io/apiserver/pkg/cel"
)

func TestError(t *testing.T) {
	for kind, want := range map[apiservercel.ErrorType]string{
		apiservercel.ErrorTypeRequired: "p: Required value: why", apiservercel.ErrorTypeInvalid: `p: Invalid value: "x": why`,
		apiservercel.ErrorTypeInternal: "p: Internal error: why", "odd": "p: Internal error: unsupported error type: why",
	} {
		if got := Error(field.NewPath("p"), "x", &apiservercel.Error{Type: kind, Detail: "why"}).Error(); got != want {
			t.Errorf("%s: got %q, want %q", kind, got, want)
		}
	}
}

// What this version brings may be stored, and not be used anew: the one before
// would not understand it.
func TestMode(t *testing.T) {
	if got := Version(); !got.EqualTo(version.MajorMinor(1, 36)) {
		t.Errorf("new expressions must be understood by %s", got)
	}
	for stored, known := range map[bool]bool{true: true, false: false} {
		env, err := Base().Env(Mode(stored))
		if err != nil {
			t.Fatal(err)
		}
		if _, issues := env.Compile("[1].includes(1)"); (issues.Err() == nil) != known {
			t.Errorf("stored before: %v; %v", stored, issues.Err())
		}
	}
}
