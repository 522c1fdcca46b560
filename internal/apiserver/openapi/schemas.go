package openapi

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strings"
	"sync"
	"weak"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

//go:embed schemas.json.gz
var packed []byte

const (
	schemaRef = "#/components/schemas/"
	metaV1    = "io.k8s.apimachinery.pkg.apis.meta.v1."

	gvkExtension = "x-kubernetes-group-version-kind"
	// v2Extension holds what version 2 says instead: a type that version 3
	// knows as "either of" is a plain string there.
	v2Extension = "x-kubernetes-v2-schema"
)

// schemas are the schemas of all types by name, each as JSON of version 3.
type schemas map[string]json.RawMessage

// unpacked is what was unpacked last, until the garbage collector next looks:
// who asks for one document often asks for all.
var unpacked struct {
	sync.Mutex
	last weak.Pointer[schemas]
}

// unpack is for the time of building a document: the texts take a megabyte.
// They are shared, and not to be written to.
func unpack() (schemas, error) {
	unpacked.Lock()
	defer unpacked.Unlock()
	if last := unpacked.last.Value(); last != nil {
		return *last, nil
	}
	s, err := unpackAnew()
	if err != nil {
		return nil, err
	}
	unpacked.last = weak.Make(&s)
	return s, nil
}

func unpackAnew() (schemas, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("the built-in schemas: %w", err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("the built-in schemas: %w", err)
	}
	var s schemas
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("the built-in schemas: %w", err)
	}
	if err := json.Unmarshal(ofExtension, &s); err != nil {
		return nil, fmt.Errorf("the schemas of extension kinds: %w", err)
	}
	return s, nil
}

// closure is the schemas that the named ones need, themselves included.
func (s schemas) closure(names map[string]bool) schemas {
	all := schemas{}
	var visit func(string)
	visit = func(name string) {
		text, known := s[name]
		if _, seen := all[name]; seen || !known {
			return
		}
		all[name] = text
		for _, ref := range refsIn(text) {
			visit(ref)
		}
	}
	for name := range names {
		visit(name)
	}
	return all
}

// refsIn lists the schemas that a JSON text refers to.
func refsIn(text []byte) []string {
	var refs []string
	mark := []byte(`"` + schemaRef)
	for {
		i := bytes.Index(text, mark)
		if i < 0 {
			return refs
		}
		text = text[i+len(mark):]
		end := bytes.IndexByte(text, '"')
		refs = append(refs, string(text[:end]))
	}
}

// tree is the schema in the form of its version.
func (s schemas) tree(name string, v version, groups []schema.GroupVersion) (map[string]any, error) {
	var t map[string]any
	if err := json.Unmarshal(s[name], &t); err != nil {
		return nil, fmt.Errorf("the schema of %s: %w", name, err)
	}
	if v == v2 {
		if own, ok := t[v2Extension].(map[string]any); ok {
			t = own
		}
		t = downgrade(t).(map[string]any)
	}
	delete(t, v2Extension)
	if kind := strings.TrimPrefix(name, metaV1); kind == "DeleteOptions" || kind == "WatchEvent" || kind == "Status" {
		t[gvkExtension] = everyGroup(kind, groups)
	}
	return t, nil
}

// everyGroup lists a kind that each of the groups has.
func everyGroup(kind string, groups []schema.GroupVersion) []any {
	var list []any
	for _, gv := range groups {
		list = append(list, gvkOf(gv.WithKind(kind)))
	}
	return list
}

func gvkOf(k schema.GroupVersionKind) map[string]any {
	return map[string]any{"group": k.Group, "version": k.Version, "kind": k.Kind}
}

// downgrade turns a schema of version 3 into one of version 2: it has no
// defaults, other paths, and what says something beside a reference says it
// beside it.
func downgrade(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return downgradeObject(v)
	case []any:
		for i := range v {
			v[i] = downgrade(v[i])
		}
	}
	return v
}

func downgradeObject(o map[string]any) map[string]any {
	if ref, ok := o["$ref"].(string); ok {
		o["$ref"] = "#/definitions/" + strings.TrimPrefix(ref, schemaRef)
	}
	if all, ok := o["allOf"].([]any); ok && len(all) == 1 {
		delete(o, "allOf")
		for k, v := range downgrade(all[0]).(map[string]any) {
			o[k] = v
		}
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if v, ok := o[key]; ok {
			o[key] = downgrade(v)
		}
	}
	if properties, ok := o["properties"].(map[string]any); ok {
		for name, v := range properties {
			properties[name] = downgrade(v)
		}
	}
	delete(o, "default")
	return o
}

// queryParameters are the properties of an options type as query parameters.
func (s schemas) queryParameters(name string) ([]parameter, error) {
	var t struct {
		Required   []string
		Properties map[string]struct {
			Description, Type string
			Items             struct{ Type string }
		}
	}
	if err := json.Unmarshal(s[name], &t); err != nil {
		return nil, fmt.Errorf("the schema of %s: %w", name, err)
	}
	var list []parameter
	for field, p := range t.Properties {
		if field == "kind" || field == "apiVersion" || p.Type == "object" || p.Type == "" {
			continue
		}
		if p.Type == "array" {
			p.Type = p.Items.Type
		}
		list = append(list, parameter{name: field, in: "query", description: p.Description, kind: p.Type})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].name < list[j].name })
	return list, nil
}
