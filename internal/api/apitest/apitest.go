// Package apitest is what the tests of kinds share: objects written as YAML,
// and their defaults, errors and rows compared with what is expected. It is
// for tests only.
package apitest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"

	"skiff/internal/api"
)

// Parse reads an object as the client wrote it. Unknown fields fail the test.
func Parse(t *testing.T, r *api.Resource, text string) api.Object {
	t.Helper()
	o := r.New()
	if err := yaml.UnmarshalStrict([]byte(text), o); err != nil {
		t.Fatalf("%s: %v\n%s", r.Kind, err, text)
	}
	return o
}

// Defaulted is Parse with the kind's defaults.
func Defaulted(t *testing.T, r *api.Resource, text string) api.Object {
	t.Helper()
	o := Parse(t, r, text)
	if r.Default != nil {
		r.Default(o)
	}
	return o
}

// Created is the object as it is stored on create.
func Created(t *testing.T, r *api.Resource, text string) api.Object {
	t.Helper()
	o := Defaulted(t, r, text)
	r.PrepareCreate(o)
	return o
}

// Same compares an object with what is expected of it, both as JSON.
func Same(t *testing.T, o any, want string) {
	t.Helper()
	raw, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tree(t, []byte(want)), tree(t, raw)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func tree(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var m map[string]any
	if err := yaml.Unmarshal(text, &m); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return m
}

// Errors compares errors with what is expected of them: the beginning of each,
// in order.
func Errors(t *testing.T, errs field.ErrorList, want ...string) {
	t.Helper()
	ok := len(errs) == len(want)
	for i := 0; ok && i < len(want); i++ {
		ok = strings.HasPrefix(errs[i].Error(), want[i])
	}
	if !ok {
		t.Errorf("got\n\t%s\nwant\n\t%s", join(errs), strings.Join(want, "\n\t"))
	}
}

func join(errs field.ErrorList) string {
	var lines []string
	for _, e := range errs {
		lines = append(lines, e.Error())
	}
	return strings.Join(lines, "\n\t")
}

// Refused applies the kind's defaults and rules to a new object.
func Refused(t *testing.T, r *api.Resource, text string, want ...string) {
	t.Helper()
	Errors(t, r.Validate(Created(t, r, text)), want...)
}

// Stored is Created with what the server adds to an object when it stores it.
func Stored(t *testing.T, r *api.Resource, text string) api.Object {
	t.Helper()
	o := Defaulted(t, r, text)
	if o.GetUID() == "" {
		o.SetUID("u")
	}
	r.PrepareCreate(o)
	o.SetResourceVersion("1")
	return o
}

// Updated applies the rules of an update from old to text.
func Updated(t *testing.T, r *api.Resource, old, text string, want ...string) {
	t.Helper()
	o, was := Stored(t, r, text), Stored(t, r, old)
	r.PrepareUpdate(o, was)
	Errors(t, append(r.Validate(o), r.ValidateUpdate(o, was)...), want...)
}

// PartUpdated applies the rules of a write of a part (status, approval) that
// makes text out of old.
func PartUpdated(t *testing.T, r *api.Resource, part, old, text string, want ...string) api.Object {
	t.Helper()
	o, was := Parse(t, r, old), Parse(t, r, old)
	for _, x := range []api.Object{o, was} {
		x.SetResourceVersion("1")
		x.SetUID("u")
	}
	p := r.Part(part)
	p.Copy(o, Parse(t, r, text))
	Errors(t, p.Validate(o, was), want...)
	return o
}

// Warned compares what the kind remarks about a new object with want.
func Warned(t *testing.T, r *api.Resource, text string, want ...string) {
	t.Helper()
	texts(t, r.Warnings(Created(t, r, text)), want)
}

// UpdateWarned compares what the kind remarks about an update from old to text
// with want.
func UpdateWarned(t *testing.T, r *api.Resource, old, text string, want ...string) {
	t.Helper()
	o, was := Stored(t, r, text), Stored(t, r, old)
	r.PrepareUpdate(o, was)
	if r.Spec != nil && !equality.Semantic.DeepEqual(r.Spec(o), r.Spec(was)) {
		o.SetGeneration(was.GetGeneration() + 1)
	}
	texts(t, r.UpdateWarnings(o, was), want)
}

func texts(t *testing.T, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// Row compares the printed cells of an object, joined by " | ", with want.
func Row(t *testing.T, r *api.Resource, text, want string) {
	t.Helper()
	var cells []string
	for _, c := range r.Row(Parse(t, r, text)) {
		cells = append(cells, fmt.Sprint(c))
	}
	if got := strings.Join(cells, " | "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Described fails for columns that do not say what they hold, and for a kind
// whose columns are not want: each by name and type, those of -o wide with a
// star.
func Described(t *testing.T, r *api.Resource, want string) {
	t.Helper()
	var got []string
	for _, c := range r.Columns {
		if c.Description == "" {
			t.Errorf("%s: nothing said of column %s", r.Kind, c.Name)
		}
		text := c.Name + " " + c.Type
		if c.Priority > 0 {
			text += "*"
		}
		got = append(got, text)
	}
	if all := strings.Join(got, ", "); all != want {
		t.Errorf("%s\ngot  %s\nwant %s", r.Kind, all, want)
	}
}
