package openapi

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"k8s.io/kube-openapi/pkg/validation/spec"
)

// ofExtension are the schemas of kinds whose Go types are not in k8s.io/api. The
// generator does not know them; they are as Kubernetes publishes them.
//
//go:embed extension.json
var ofExtension []byte

// IsExtension says whether the kinds of a group are among the schemas of
// extension kinds.
func IsExtension(group string) bool {
	return group == "apiextensions.k8s.io" || group == "apiregistration.k8s.io"
}

// ExtensionSchemas are the schemas of extension kinds, and those that they are
// made of, by name.
func ExtensionSchemas() (map[string]*spec.Schema, error) {
	own := map[string]json.RawMessage{}
	if err := json.Unmarshal(ofExtension, &own); err != nil {
		return nil, fmt.Errorf("the schemas of extension kinds: %w", err)
	}
	all, err := unpack()
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for name := range own {
		names[name] = true
	}
	out := map[string]*spec.Schema{}
	for name, text := range all.closure(names) {
		s := &spec.Schema{}
		if err := json.Unmarshal(text, s); err != nil {
			return nil, fmt.Errorf("the schema of %s: %w", name, err)
		}
		out[name] = s
	}
	return out, nil
}
